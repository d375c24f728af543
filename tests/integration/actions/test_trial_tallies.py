"""Counting in the database agrees with counting in Python, judgement by judgement."""

import pytest

from annotation.actions.withdrawing import withdraw
from annotation.enums import Arm, Scorer, SnippetKind, WithdrawalPolicy
from annotation.models import Membership, Rating, RationaleScore, Reading, Snippet
from annotation.queries.learnability_scores import READER
from annotation.queries.trial_tallies import ALL, trial_tallies
from annotation.science.tallies import Judgement, by_trial, of_arm, of_decile
from tests.reading_world import ReadWorld, asked, read_next
from tests.score_world import batch_of, score
from tests.world import NOW, World


@pytest.fixture
def read(world: World) -> ReadWorld:
    """Eva read four rationales; a program judged all twelve, a judge two."""
    built = asked(world)
    for always in (None, True, False, None):
        read_next(world.study, built.eva, always=always)
    ratings = list(Rating.objects.order_by("pk"))
    batch, judge = batch_of(*ratings), batch_of(*ratings, scorer=Scorer.JUDGE, version="judge-1")
    for place, rating in enumerate(ratings):
        score(rating, 0.4 + place / 20, batch=batch)
    for rating in ratings[:2]:
        score(rating, 0.9, batch=judge)
    return built


def judgements(judge: str, **only: object) -> list[Judgement]:
    """In Python, from the stored rows."""
    snippets = {one.pk: one for one in Snippet.objects.all()}
    if judge == READER:
        rows = [
            (given.pk, int(pk), said)
            for given in Reading.objects.filter(**only)
            for pk, said in given.judgements.items()
        ]
    else:
        stored = RationaleScore.objects.filter(scorer=judge, **only)
        rows = [(given.pk, row["snippet"], row["said"]) for given in stored for row in given.judgements]
    return [
        Judgement(trial, pk, snippets[pk].kind == SnippetKind.HELD_OUT, said, group=group(snippets[pk]))
        for trial, pk, said in rows
    ]


def group(snippet: Snippet) -> object:
    if snippet.kind == SnippetKind.HELD_OUT:
        return snippet.decile
    if snippet.kind == SnippetKind.HELD_OUT_RANDOM:
        return Arm.RANDOM
    return Arm.MENTION if snippet.mention else Arm.HARD


def test_every_part_of_every_judge_is_counted_alike_in_sql_and_in_python(read: ReadWorld) -> None:
    tallied = trial_tallies(read.world.study)
    assert tallied.judges == (READER, "embedding")
    read.world.study.scorers = ["embedding", "judge"]
    tallied = trial_tallies(read.world.study)
    assert tallied.judges == (READER, "embedding", "judge")
    for judge in tallied.judges:
        given = judgements(judge)
        assert tallied.of(judge) == by_trial(given), judge
        for arm in (Arm.RANDOM, Arm.HARD):
            assert total(tallied.of(judge, arm)) == total(by_trial(of_arm(given, arm))), (judge, arm)
        for decile in range(10):
            assert total(tallied.of(judge, decile)) == total(by_trial(of_decile(given, decile))), (judge, decile)


def total(tallies: object) -> list[int]:
    rows = [(one.hits, one.firing, one.spared, one.silent) for one in tallies for _ in range(one.times)]  # type: ignore[attr-defined]
    return [sum(column) for column in zip(*rows, strict=True)]


def test_one_rating_and_one_rater_are_counted_on_their_own(read: ReadWorld) -> None:
    rating = Rating.objects.filter(rater=read.world.ada).order_by("pk")[0]
    one = trial_tallies(read.world.study, rating=rating.pk)
    assert one.of("embedding") == by_trial(judgements("embedding", rating=rating))
    ada = trial_tallies(read.world.study, rater=read.world.ada.pk)
    assert ada.of("embedding") == by_trial(judgements("embedding", rating__rater=read.world.ada))
    assert sum(tally.times for tally in ada.of("embedding")) == 6


def test_what_left_with_somebody_is_not_counted(read: ReadWorld) -> None:
    study = read.world.study
    study.withdrawal = WithdrawalPolicy.WITHHOLD
    study.save()
    member = Membership.objects.get(study=study, user=read.world.ada)
    withdraw(membership=member, by=read.world.rosa, now=NOW)
    assert sum(tally.times for tally in trial_tallies(study).of("embedding")) == 6
    withdraw(membership=Membership.objects.get(study=study, user=read.eva), by=read.world.rosa, now=NOW)
    assert trial_tallies(study).of(READER, ALL) == ()
