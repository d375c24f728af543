"""What a run stores: agreement in every scope, pairs, latents, raters, institutions, sensitivity."""

import pytest

from annotation.actions.claiming import claim
from annotation.actions.follow_up import follow_up
from annotation.actions.results import compute_results, compute_sensitivity
from annotation.actions.rounds import open_round
from annotation.models import (
    Agreement,
    Consensus,
    InstitutionHabit,
    LatentAgreement,
    PairAgreement,
    RaterReliability,
    ResultRun,
    ResultStep,
    Sensitivity,
    User,
)
from annotation.queries.results import scopes
from annotation.science.alpha import alpha
from annotation.science.table import RatingTable
from annotation.science.types import Answer, Estimate
from tests import calibration_world
from tests import world as worlds
from tests.world import NOW, World, add_rater, pseudonym, rate_next

FIRST, SECOND = "chest pain", "troponin"


@pytest.fixture
def rated(db: None) -> World:
    """Four raters of two hospitals and twelve latents: North agrees, South's second rater often differs."""
    world = worlds.build(sample=12, latents=24, raters=4, open_the_round=False)
    eve, fay = add_rater(world, "eve", world.north), add_rater(world, "fay", world.south)
    open_round(study=world.study, by=world.rosa, now=NOW)
    for turn, user in enumerate((world.ada, eve, world.ben, fay)):
        while rated_by(world, user, turn):
            pass
    return world


def rated_by(world: World, user: User, turn: int) -> bool:
    slot = claim(study=world.study, by=user, now=NOW)
    if slot is None:
        return False
    position = slot.latent.position
    differs = turn == 3 and position % 2 == 0
    concept = SECOND if differs or position % 3 == 0 else FIRST
    rate_next(world.study, user, concept=concept, coherence=1 + (position + differs) % 5)
    return True


def computed(world: World) -> ResultRun:
    run = compute_results(study_id=world.study.pk, now=NOW)
    assert run is not None
    return run


def concept_answers(world: World) -> list[Answer]:
    names = {member.user_id: member.pseudonym for member in world.study.memberships.filter(role="annotator")}
    rows = world.study.ratings.order_by("pk").values_list("latent", "rater", "concept__name", "institution__code")
    return [
        Answer(latent=str(latent), rater=names[rater], value=name, institution=code)
        for latent, rater, name, code in rows
    ]


def test_every_scope_that_holds_a_rating_has_its_figures(rated: World) -> None:
    run = computed(rated)
    assert scopes(run) == [
        "all",
        "version:1",
        "round:1",
        "between-institutions",
        "institution:north",
        "institution:south",
        "specialty:Cardiology",
    ]


def test_alpha_of_an_institution_is_that_of_its_own_raters(rated: World) -> None:
    run = computed(rated)
    for code in ("north", "south"):
        own = [answer for answer in concept_answers(rated) if answer.institution == code]
        expected = alpha(RatingTable.from_answers(own), "nominal", seed=rated.study.seed)
        row = Agreement.objects.get(run=run, item="concept", scope=f"institution:{code}", coefficient="alpha")
        assert isinstance(expected, Estimate)
        assert (row.value, row.low, row.high) == (expected.value, expected.low, expected.high)
        assert row.raters == 2


def test_between_institutions_only_pairs_from_different_ones_count(rated: World) -> None:
    run = computed(rated)
    rows = Agreement.objects.filter(run=run, scope="between-institutions")
    assert set(rows.values_list("coefficient", flat=True)) == {"alpha"}
    between = rows.get(item="concept")
    within = Agreement.objects.get(run=run, item="concept", scope="institution:north", coefficient="alpha")
    assert between.value is not None
    assert within.value == 1.0
    assert between.value < 1.0


def test_every_two_raters_have_a_row_with_their_latents(rated: World) -> None:
    rows = PairAgreement.objects.filter(run=computed(rated), item="concept")
    assert rows.count() == 6
    assert set(rows.values_list("latents", flat=True)) == {12}
    same = rows.get(first=min(of(rated, "ada", "eve")), second=max(of(rated, "ada", "eve")))
    assert (same.raw, same.kappa) == (1.0, 1.0)


def of(world: World, *names: str) -> list[str]:
    return list(
        world.study.memberships.filter(user__email__in=[f"{name}@hospital.example" for name in names]).values_list(
            "pseudonym", flat=True
        )
    )


def test_latents_average_to_alpha(rated: World) -> None:
    run = computed(rated)
    rows = LatentAgreement.objects.filter(run=run, item="concept")
    assert rows.count() == 12
    whole = Agreement.objects.get(run=run, item="concept", scope="all", coefficient="alpha")
    given = [row.beyond_chance for row in rows if row.beyond_chance is not None]
    assert sum(given) / len(given) == pytest.approx(whole.value)


def test_raters_and_institutions_say_what_their_weight_comes_from(rated: World) -> None:
    run = computed(rated)
    ada = RaterReliability.objects.get(run=run, item="concept", pseudonym=pseudonym(rated.study, rated.ada))
    assert (ada.ratings, ada.calibration, ada.repeats) == (12, 0, 0)
    assert 0 < ada.mean_weight < 1, "her colleague says the same, and that is not two whole votes"
    north = InstitutionHabit.objects.get(run=run, item="concept", institution="north")
    assert (north.within, north.within_pairs, north.cross_pairs) == (1.0, 12, 48)
    assert north.rho is not None
    assert north.rho > 0


def test_each_answer_is_broken_down_in_the_consensus(rated: World) -> None:
    row = Consensus.objects.filter(run=computed(rated), item="concept").earliest("pk")
    assert {one["rater"] for one in row.breakdown} == set(row.weights)
    for one in row.breakdown:
        assert one["omega"] == pytest.approx(row.weights[one["rater"]], abs=1e-4)


def test_calibration_has_a_scope_of_its_own_and_none_in_all(db: None) -> None:
    world = calibration_world.calibrated()
    calibration_world.answer_set(world, world.ada)
    calibration_world.answer_set(world, world.ben, {"concept": "insulin"})
    rate_next(world.study, world.ada)
    run = computed(world)
    own = Agreement.objects.get(run=run, item="concept", scope="calibration:1", coefficient="raw")
    assert own.value == 0.0
    assert own.raters == 2
    assert Agreement.objects.get(run=run, item="concept", scope="all", coefficient="raw").ratings == 1


def test_leaving_out_who_differs_raises_agreement_and_says_which_labels_it_costs(rated: World) -> None:
    run = computed(rated)
    follow_up(study_id=rated.study.pk, now=NOW)
    assert compute_sensitivity(study_id=rated.study.pk, now=NOW) == run
    rows = {(row.kind, row.left_out): row for row in Sensitivity.objects.filter(run=run, item="concept")}
    everybody = rows["nobody", ""]
    whole = Agreement.objects.get(run=run, item="concept", scope="all", coefficient="alpha")
    assert everybody.alpha == pytest.approx(whole.value)
    (fay,) = of(rated, "fay")
    without = rows["rater", fay]
    assert without.alpha == 1.0
    counts = (everybody.accepted, everybody.needs_raters, everybody.recruiting, everybody.persistent)
    assert sum(count or 0 for count in counts) == 12
    assert {kind for kind, _ in rows} == {"nobody", "rater", "institution"}, "the only round cannot be left out"
    scale = Sensitivity.objects.get(run=run, item="coherence", kind="rater", left_out=fay)
    assert scale.accepted is None, "a scale decides nothing"


def test_other_thresholds_lay_sensitivity_out_anew(rated: World) -> None:
    run = computed(rated)
    compute_sensitivity(study_id=rated.study.pk, now=NOW)
    before = Sensitivity.objects.get(run=run, item="concept", kind="nobody").accepted
    rated.study.accept_n_eff = 50.0
    rated.study.save()
    compute_sensitivity(study_id=rated.study.pk, now=NOW)
    after = Sensitivity.objects.get(run=run, item="concept", kind="nobody").accepted
    assert (before, after) == (8, 0)
    assert not ResultStep.objects.filter(run=run, done_at=None).exists()
