"""When a latent counts as settled: tried before it is saved, beside what is saved; hidden from whom it unblinds."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.follow_up import follow_up
from annotation.actions.people import add_member
from annotation.actions.results import compute_results
from annotation.actions.study_settings import change_study
from annotation.enums import AuditVerb, LatentState, Role
from annotation.models import AuditEvent, Consensus, Study, User
from annotation.queries.results import newest_run
from annotation.queries.threshold_preview import compare
from annotation.rules.answers import Incomplete
from annotation.rules.study_settings import THRESHOLDS, check_changes
from annotation.science.ambiguity import Thresholds
from annotation.views.threshold_words import CRITERIA, FIELDS
from tests.world import NOW, World, rate_next

SignIn = Callable[[User], Client]
AS_IT_IS = {"accept_q": 0.9, "accept_theta": 0.7, "accept_n_eff": 2.5, "accept_flip_rate": 0.2}
LENIENT = {"accept_q": 0.1, "accept_theta": 0.1, "accept_n_eff": 1, "accept_flip_rate": 1}


@pytest.fixture
def rated(world: World) -> World:
    """Both rate all six, and agree on all but one."""
    for rater in (world.ada, world.ben):
        first = rater == world.ben
        while rate_next(world.study, rater, concept="troponin" if first else "chest pain"):
            first = False
    compute_results(study_id=world.study.pk, now=NOW)
    return world


def text_of(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return unescape(" ".join(response.content.decode().split()))


def address(name: str = "thresholds") -> str:
    return reverse(name, args=["hearts"])


def test_the_page_shows_what_the_saved_thresholds_make_of_the_latents(rated: World, signed_in: SignIn) -> None:
    text = text_of(signed_in(rated.rosa).get(address()))
    # Two ratings are fewer than 2.5 independent ones: nothing is accepted, everything needs more.
    assert "0 would be accepted, 6 of 6 latents would need more raters, 0 would go to adjudication." in text
    assert "6: too few independent ratings (n_eff)" in text
    assert "Exactly as it is saved." in text


def test_other_thresholds_are_tried_and_nothing_is_saved(rated: World, signed_in: SignIn) -> None:
    client = signed_in(rated.rosa)
    text = text_of(client.post(address("thresholds_preview"), LENIENT))
    assert "With these thresholds 6 would be accepted, 0 of 6 latents would need more raters" in text
    assert "6 would be accepted that are not now." in text
    assert 'value="0.1"' in text  # what she typed stays in the form
    assert Study.objects.get().accept_q == 0.9
    assert not AuditEvent.objects.filter(verb=AuditVerb.STUDY_CHANGED).exists()


def test_as_she_types_the_part_alone_is_swapped(rated: World, signed_in: SignIn) -> None:
    response = signed_in(rated.rosa).post(address("thresholds_preview"), LENIENT, headers={"HX-Request": "true"})
    assert text_of(response).startswith('<div class="stack" id="threshold-preview"')


@pytest.mark.parametrize("given", [{}, LENIENT | {"accept_q": "much"}, LENIENT | {"accept_theta": ""}])
def test_what_does_not_hold_together_is_not_tried(rated: World, signed_in: SignIn, given: dict[str, Any]) -> None:
    response = signed_in(rated.rosa).post(address("thresholds_preview"), given, headers={"HX-Request": "true"})
    assert "Fill in every threshold to see what they would do." in text_of(response)


def test_saved_thresholds_are_in_the_audit_and_verdicts_follow_them(rated: World, signed_in: SignIn) -> None:
    response = signed_in(rated.rosa).post(address(), LENIENT)
    assert (response.status_code, response["Location"]) == (303, address())
    study = Study.objects.get()
    assert (study.accept_q, study.accept_n_eff) == (0.1, 1.0)
    event = AuditEvent.objects.get(verb=AuditVerb.STUDY_CHANGED)
    assert event.detail["changed"]["accept_q"] == [0.9, 0.1]
    follow_up(study_id=study.pk, now=NOW)
    assert set(study.sample.values_list("state", flat=True)) == {LatentState.ACCEPTED}


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("accept_q", 1.2, "Give a share above 0 and up to 1."),
        ("accept_theta", 0, "Give a share above 0 and up to 1."),
        ("accept_flip_rate", float("nan"), "Give a share above 0 and up to 1."),
        ("accept_n_eff", 0.5, "Give a number of ratings from 1 to 50."),
    ],
)
def test_a_threshold_that_cannot_be_is_refused(name: str, value: float, sentence: str) -> None:
    with pytest.raises(Incomplete) as caught:
        check_changes({name: value}, open_kinds=(), rated=True)
    assert caught.value.problems == {name: sentence}


def test_a_wrong_threshold_comes_back_with_its_sentence(rated: World, signed_in: SignIn) -> None:
    text = text_of(signed_in(rated.rosa).post(address(), AS_IT_IS | {"accept_q": 7}), 422)
    assert "Give a share above 0 and up to 1." in text
    assert Study.objects.get().accept_q == 0.9


def test_open_cases_and_decisions_are_said_to_stay(rated: World, signed_in: SignIn) -> None:
    one = rated.study.sample.order_by("position")[0]
    one.state = LatentState.PERSISTENT
    one.save(update_fields=["state"])
    text = text_of(signed_in(rated.rosa).get(address()))
    assert "1 of them is with an adjudicator or decided: whatever is saved here, these stay as they are." in text


def test_stricter_thresholds_count_what_would_be_accepted_no_more(rated: World) -> None:
    change_study(study=rated.study, settings=LENIENT, by=rated.rosa, now=NOW)
    rated.study.refresh_from_db()
    run = newest_run(rated.study)
    assert run is not None
    found = compare(rated.study, run, Thresholds(q=0.1, theta=0.1, n_eff=50, flip_rate=1))
    assert (found.now.accepted, found.then.accepted, found.accepted_no_more, found.accepted_newly) == (6, 0, 6, 0)
    assert [criterion for criterion, _ in found.missed] == ["n_eff"]
    assert found.then.total == Consensus.objects.filter(run=run, item="concept").count()


def test_before_anything_is_computed_the_page_says_what_to_wait_for(world: World, signed_in: SignIn) -> None:
    assert "Nothing has been computed yet." in text_of(signed_in(world.rosa).get(address()))


def test_who_may_yet_rate_sets_thresholds_without_seeing_what_they_do(rated: World, signed_in: SignIn) -> None:
    add_member(study=rated.study, user=rated.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    client = signed_in(rated.ada)
    for text in (text_of(client.get(address())), text_of(client.post(address("thresholds_preview"), LENIENT))):
        assert "stays hidden from you until then" in text
        assert "would be accepted" not in text


@pytest.mark.parametrize("who", ["ben", "cora", "nora"])
def test_thresholds_are_the_researchers(rated: World, signed_in: SignIn, who: str) -> None:
    client = signed_in(getattr(rated, who))
    assert client.get(address()).status_code == 403
    assert client.post(address("thresholds_preview"), LENIENT).status_code == 403
    assert client.post(address(), LENIENT).status_code == 403
    assert Study.objects.get().accept_q == 0.9


def test_every_threshold_and_criterion_has_its_words() -> None:
    assert set(FIELDS) == set(THRESHOLDS)
    named = {name.removeprefix("accept_") for name in THRESHOLDS}
    assert named <= {*Thresholds.__dataclass_fields__} & {*CRITERIA}
