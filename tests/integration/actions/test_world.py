from tests.world import World, rate_next


def test_two_raters_rate_the_whole_sample_and_nothing_is_left(world: World) -> None:
    while rate_next(world.study, world.ada):
        pass
    while rate_next(world.study, world.ben):
        pass
    assert world.study.ratings.count() == 12
