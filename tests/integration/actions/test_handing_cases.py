"""Deferred, handed over, given back, and decided by two: who sees what, and what counts."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from annotation.actions.case_steps import defer_case, give_back_case, hand_over_case
from annotation.actions.deciding import decide_case
from annotation.actions.people import add_member
from annotation.enums import CaseKind, CaseState, Role
from annotation.models import Case, CaseStep, Decision, User
from annotation.queries.case_queue import Standing, case_queue
from annotation.queries.case_sheet import case_sheet
from annotation.queries.current_decision import current_decision
from annotation.queries.second_adjudicators import second_adjudicators
from annotation.rules.answers import Incomplete
from annotation.rules.membership import roles_of
from annotation.rules.refusal import Refused
from tests import case_world
from tests.case_world import adjudicator, cases, decide, given, proof
from tests.world import NOW, World

MONDAY = NOW + timedelta(days=3)


@pytest.fixture
def case(world: World) -> Case:
    case_world.rated(world)
    return cases(world, 2)[0]


@pytest.fixture
def dana(world: World, case: Case) -> User:
    return adjudicator(world, "dana")


def standing(world: World, user: User, case: Case, now: Any = NOW) -> Standing | None:
    queue = case_queue(study=world.study, user=user, roles=roles_of(user, world.study), now=now)
    return next((entry.standing for entry in queue if entry.pk == case.pk), None)


def sheet(world: World, user: User, case: Case) -> Any:
    return case_sheet(study=world.study, pk=case.pk, user=user, roles=roles_of(user, world.study))


def without_choices(html: str) -> str:
    """The page without whom a case may be handed to, and what can be done with any case."""
    html = re.sub(r"<select.*?</select>", "", html, flags=re.DOTALL)
    return html.replace("hear a second opinion as well, press Decide", "")


def test_a_deferred_case_waits_for_its_day_and_then_by_itself_for_a_decision(
    world: World, case: Case, dana: User
) -> None:
    defer_case(case=case, until=MONDAY, reason="I ask a colleague in neurology.", by=world.cora, now=NOW)
    for user in (world.cora, dana):
        assert standing(world, user, case) == Standing.DEFERRED
        assert standing(world, user, case, MONDAY) == Standing.WAITS
    assert sheet(world, dana, case).history.steps[0].reason == "I ask a colleague in neurology."
    decide(case, dana)  # Whoever takes it up before may decide it.
    case.refresh_from_db()
    assert (case.state, case.deferred_until) == (CaseState.DECIDED, None)


@pytest.mark.parametrize(
    ("days", "reason", "sentence"),
    [(3, " ", "Say why it can wait"), (0, "So.", "from tomorrow on"), (200, "So.", "within half a year")],
)
def test_a_deferral_has_a_day_to_come_and_a_reason(
    world: World, case: Case, days: int, reason: str, sentence: str
) -> None:
    with pytest.raises(Incomplete, match=sentence):
        defer_case(case=case, until=NOW + timedelta(days=days), reason=reason, by=world.cora, now=NOW)
    with pytest.raises(Incomplete, match="from tomorrow on"):
        defer_case(case=case, until=None, reason="So.", by=world.cora, now=NOW)
    assert not CaseStep.objects.exists()


def test_a_case_that_is_handed_over_is_decided_by_her_alone_who_learns_neither_from_whom_nor_why(
    world: World, case: Case, dana: User, signed_in: Any
) -> None:
    hand_over_case(case=case, to=dana, reason="I think it is angina.", by=world.cora, now=NOW)
    assert (standing(world, world.cora, case), standing(world, dana, case)) == (Standing.ELSEWHERE, Standing.WAITS)
    html = signed_in(dana).get(reverse("case", args=["hearts", case.pk])).content.decode()
    assert "I think it is angina." not in html
    assert "Cora" not in without_choices(html)
    with pytest.raises(Refused, match="with another adjudicator"):
        decide(case, world.cora)
    assert sheet(world, world.rosa, case).history.steps[0].reason == "I think it is angina."
    assert current_decision(case) is None
    assert decide(case, dana) == current_decision(case)


def test_a_case_goes_back_to_all_by_her_or_by_the_researcher(world: World, case: Case, dana: User) -> None:
    for by in (dana, world.rosa):
        hand_over_case(case=case, to=dana, reason="Her field.", by=world.cora, now=NOW)
        with pytest.raises(Refused, match="can give it back"):
            give_back_case(case=case, reason="Mine.", by=world.cora, now=NOW)
        give_back_case(case=case, reason="On leave.", by=by, now=NOW)
        assert standing(world, world.cora, case) == Standing.WAITS
    with pytest.raises(Refused, match="nobody in particular"):
        give_back_case(case=case, reason="On leave.", by=dana, now=NOW)


def test_nobody_with_a_part_in_the_latent_is_handed_its_case(world: World, case: Case, dana: User) -> None:
    world.study.memberships.filter(user=world.ada).update(role="adjudicator", institution=None)
    assert second_adjudicators(case, by=world.cora, opinion=False) == [dana]
    for other in (world.ada, world.cora, world.rosa):
        with pytest.raises(Refused, match="Choose another adjudicator"):
            hand_over_case(case=case, to=other, reason="So.", by=world.cora, now=NOW)
    assert not CaseStep.objects.exists()


def test_a_second_opinion_is_a_case_of_its_own_and_sees_nothing_of_the_first(
    world: World, case: Case, dana: User, signed_in: Any
) -> None:
    first = decide(case, world.cora, second=dana)
    asked = Case.everything.get(kind=CaseKind.SECOND)
    assert asked.pk != case.pk
    assert standing(world, dana, asked) == Standing.WAITS
    assert standing(world, world.cora, asked) is None
    client = signed_in(dana)
    queue = client.get(reverse("cases", args=["hearts"])).content.decode()
    page = client.get(reverse("case", args=["hearts", asked.pk])).content.decode()
    for html in (queue, page):
        for secret in ("acute coronary syndrome", "do not tell the two apart", "Cora", "cardiologist", "econd opinion"):
            assert secret not in without_choices(html)
    with pytest.raises(Refused, match="closed to you for now"):
        sheet(world, dana, case)
    assert current_decision(case) == first


def test_both_opinions_are_kept_and_the_first_counts_until_a_signed_one_supersedes_it(
    world: World, case: Case, dana: User, signed_in: Any
) -> None:
    first = decide(case, world.cora, second=dana)
    asked = Case.everything.get(kind=CaseKind.SECOND)
    assert sheet(world, world.cora, case).history.second_asked
    other = decide(asked, dana, outcome="irreducible")
    assert current_decision(case) == first
    assert Decision.objects.count() == 2
    for user, whose in ((world.cora, "Another adjudicator"), (dana, "You"), (world.rosa, "A")):
        history = sheet(world, user, case).history
        assert [one.decision for one in history.second] == [other]
        assert history.second[0].whose.startswith(whose)
        assert history.differ
        assert not history.second_asked
    html = signed_in(world.cora).get(reverse("case", args=["hearts", case.pk])).content.decode()
    assert "It differs" in html
    assert "The decision above counts." in html
    assert sheet(world, dana, asked).history.first == case.pk


def test_two_opinions_that_come_to_the_same_say_so(world: World, case: Case, dana: User) -> None:
    decide(case, world.cora, second=dana)
    decide(Case.everything.get(kind=CaseKind.SECOND), dana)
    assert not sheet(world, world.cora, case).history.differ


def test_a_second_opinion_is_asked_with_a_reason_and_of_no_researcher(world: World, case: Case, dana: User) -> None:
    with pytest.raises(Incomplete, match="Say why you want a second opinion"):
        decide_case(case=case, given=given(), proof=proof(world.cora), by=world.cora, now=NOW, second=dana)
    add_member(study=world.study, user=dana, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    with pytest.raises(Refused, match="Choose another adjudicator"):
        decide(case, world.cora, second=dana)
    assert not Decision.objects.exists()


def test_pages_take_the_steps_and_lose_nothing_on_a_refusal(
    world: World, case: Case, dana: User, signed_in: Any
) -> None:
    cora = signed_in(world.cora)

    def send(name: str, **fields: Any) -> Any:
        return cora.post(reverse(name, args=["hearts", case.pk]), fields)

    refused = send("defer_case", until="yesterday", reason="Keep <me>.")
    assert refused.status_code == 422
    assert "Choose a day from tomorrow on." in refused.content.decode()
    assert "Keep &lt;me&gt;." in refused.content.decode()
    for to in ("", "x", str(world.ada.pk), str(2**70)):
        refused = send("hand_over_case", to=to, reason="Her field, I think.")
        assert refused.status_code == 422
        assert "Her field, I think." in refused.content.decode()
    day = (NOW + timedelta(days=5)).date().isoformat()
    assert send("defer_case", until=day, reason="Later.").status_code == 303
    assert send("hand_over_case", to=str(dana.pk), reason="Her field.").status_code == 303
    assert "With a second adjudicator" in cora.get(reverse("cases", args=["hearts"])).content.decode()
    assert (
        signed_in(dana).post(reverse("give_back_case", args=["hearts", case.pk]), {"reason": "On leave."}).status_code
        == 303
    )
    assert [step.kind for step in CaseStep.objects.order_by("pk")] == ["deferred", "handed-over", "given-back"]
