"""Cases that come back unannounced: whom they reach, what she sees of them, and what they tell the researcher."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from annotation.actions.case_repeats import bring_back_cases
from annotation.actions.case_steps import hand_over_case
from annotation.actions.deciding import supersede_decision
from annotation.enums import CaseKind, LatentState
from annotation.models import Case, Decision, Study, User
from annotation.queries.adjudicator_consistency import adjudicator_consistency
from annotation.queries.case_queue import Standing, case_queue
from annotation.queries.case_sheet import case_sheet
from annotation.queries.current_decision import current_decisions
from annotation.queries.look_alikes import look_alikes
from annotation.queries.sight import onlooker
from annotation.rules.membership import roles_of
from annotation.rules.refusal import NotYours, Refused
from annotation.science.types import Undefined
from tests import case_world
from tests.case_world import adjudicator, cases, decide, given, proof
from tests.world import NOW, World

DUE = NOW + timedelta(days=15)


@pytest.fixture
def decided(world: World) -> list[Case]:
    """Cora has decided three cases, and every case is to come back after two weeks."""
    case_world.rated(world)
    Study.objects.update(case_repeat_share=1.0)
    world.study.refresh_from_db()
    found = cases(world, 3)
    for case in found:
        decide(case, world.cora)
    return found


def repeats() -> list[Case]:
    return list(Case.everything.filter(kind=CaseKind.REPEAT).order_by("pk"))


def seen(world: World, case: Case, user: User | None = None) -> Any:
    who = user or world.cora
    return case_sheet(study=world.study, pk=case.pk, user=who, roles=roles_of(who, world.study))


def test_a_case_comes_back_once_and_not_before_its_time(world: World, decided: list[Case]) -> None:
    assert bring_back_cases(now=NOW + timedelta(hours=335)) == 0
    assert bring_back_cases(now=DUE) == 3
    assert bring_back_cases(now=DUE) == 0
    assert [case.asks for case in repeats()] == [world.cora] * 3
    assert {case.latent_id for case in repeats()} == {case.latent_id for case in decided}


def test_the_share_is_drawn_by_the_seed(world: World, decided: list[Case]) -> None:
    Study.objects.update(case_repeat_share=0.0)
    assert bring_back_cases(now=DUE) == 0
    Study.objects.update(case_repeat_share=0.5)
    number = bring_back_cases(now=DUE)
    assert bring_back_cases(now=DUE + timedelta(days=1)) == 0
    assert number == len(repeats()) <= 3


def test_what_was_thought_about_again_already_does_not_come_back(world: World, decided: list[Case]) -> None:
    first = Decision.objects.get(case=decided[0])
    supersede_decision(decision=first, given=given(reason="So."), proof=proof(world.cora), by=world.cora, now=NOW)
    other = case_world.persistent(world.study.sample.order_by("position")[4])
    decide(other, world.cora, second=adjudicator(world, "dana"))
    bring_back_cases(now=DUE)
    assert {case.latent_id for case in repeats()} == {case.latent_id for case in decided[1:]}


def test_it_looks_like_any_new_case_to_her(world: World, decided: list[Case], signed_in: Any) -> None:
    new = case_world.persistent(world.study.sample.order_by("position")[5], now=DUE)
    bring_back_cases(now=DUE)
    repeat = repeats()[0]
    cora = signed_in(world.cora)
    queue = cora.get(reverse("cases", args=["hearts"])).content.decode()
    page = cora.get(reverse("case", args=["hearts", repeat.pk])).content.decode()
    for html in (queue, page):
        assert "epeat" not in html.replace("that others would repeat", "")
        assert "acute coronary syndrome" not in html
        assert "The snippets do not tell the two apart." not in html
    rows = {
        entry.pk: (entry.standing, entry.visible, entry.decision)
        for entry in case_queue(study=world.study, user=world.cora, roles=roles_of(world.cora, world.study), now=DUE)
    }
    assert rows[repeat.pk] == rows[new.pk] == (Standing.WAITS, True, None)
    assert repeat.pk not in {case.pk for case in decided}


def test_its_letters_and_snippets_stand_in_another_order(world: World, decided: list[Case]) -> None:
    before = [[quoted.opinion.concept for quoted in seen(world, case).opinions] for case in decided]
    shown = [[one.shown.pk for one in seen(world, case).groups[0].snippets] for case in decided]
    bring_back_cases(now=DUE)
    after = [[quoted.opinion.concept for quoted in seen(world, case).opinions] for case in repeats()]
    again = [[one.shown.pk for one in seen(world, case).groups[0].snippets] for case in repeats()]
    assert [sorted(order) for order in before] == [sorted(order) for order in after]
    assert [sorted(order) for order in shown] == [sorted(order) for order in again]
    assert shown != again  # Eight snippets, three times: chance would need (8!)^3 tries.


def test_her_earlier_decision_is_closed_to_her_while_it_is_open_and_opens_again(
    world: World, decided: list[Case]
) -> None:
    bring_back_cases(now=DUE)
    with pytest.raises(Refused, match="closed to you for now"):
        seen(world, decided[0])
    first = Decision.objects.get(case=decided[0])
    with pytest.raises(Refused, match="closed to you for now"):
        supersede_decision(
            decision=first, given=given(reason="So."), proof=proof(world.cora, DUE), by=world.cora, now=DUE
        )
    assert seen(world, decided[0], world.rosa).history.current is not None
    decide(repeats()[0], world.cora, DUE)
    assert seen(world, decided[0]).history.current.decision == first


def test_no_look_alike_tells_what_she_decided_of_it(world: World, decided: list[Case]) -> None:
    other = cases(world, 4)[3]

    def alike() -> set[int]:
        viewer = onlooker(world.cora, roles_of(world.cora, world.study), world.study)
        found = look_alikes(other, viewer=viewer, user=world.cora, proposed=["acute coronary syndrome"])
        return {one.case for one in found}

    assert alike() == {case.pk for case in decided}
    bring_back_cases(now=DUE)
    assert alike() == set()
    decide(repeats()[0], world.cora, DUE)
    assert alike() == {decided[0].pk}


def test_nobody_else_knows_of_it(world: World, decided: list[Case]) -> None:
    dana = adjudicator(world, "dana")
    bring_back_cases(now=DUE)
    repeat = repeats()[0]
    for user in (dana, world.rosa):
        roles = roles_of(user, world.study)
        assert repeat.pk not in {e.pk for e in case_queue(study=world.study, user=user, roles=roles, now=DUE)}
        with pytest.raises(NotYours):
            seen(world, repeat, user)
    with pytest.raises(Refused, match="with another adjudicator"):
        decide(repeat, dana, DUE)


def test_a_repeat_changes_no_latents_state_and_no_current_decision(world: World, decided: list[Case]) -> None:
    bring_back_cases(now=DUE)
    before = set(current_decisions(world.study))
    decide(repeats()[0], world.cora, DUE, outcome="unusable")
    decided[0].latent.refresh_from_db()
    assert decided[0].latent.state == LatentState.DECIDED
    assert set(current_decisions(world.study)) == before
    assert Decision.objects.filter(case__kind=CaseKind.REPEAT).count() == 1


def test_the_researcher_reads_how_steady_she_is_and_she_does_not(
    world: World, decided: list[Case], signed_in: Any
) -> None:
    assert adjudicator_consistency(world.study, viewer=world.rosa) == ()
    bring_back_cases(now=DUE)
    assert adjudicator_consistency(world.study, viewer=world.rosa) == ()  # What waits is told of nobody.
    first, second, third = repeats()
    decide(first, world.cora, DUE)
    decide(second, world.cora, DUE, concept="Acute Coronary syndrome")
    decide(third, world.cora, DUE, outcome="unusable")
    (row,) = adjudicator_consistency(world.study, viewer=world.rosa)
    assert (row.consistency.n, row.consistency.same) == (3, 2)
    assert row.consistency.share == pytest.approx(2 / 3)
    assert not isinstance(row.consistency.interval, Undefined)
    assert (row.consistency.interval.low, row.consistency.interval.high) == pytest.approx((0.2077, 0.9385), abs=1e-4)
    assert adjudicator_consistency(world.study, viewer=world.cora) == ()
    address = reverse("cases", args=["hearts"])
    html = signed_in(world.rosa).get(address).content.decode()
    assert "How steady adjudicators are" in html
    assert "67 %" in html
    assert "How steady adjudicators are" not in signed_in(world.cora).get(address).content.decode()


def test_handing_a_repeat_on_looks_the_same_and_asks_nobody(world: World, decided: list[Case]) -> None:
    dana = adjudicator(world, "dana")
    bring_back_cases(now=DUE)
    repeat = repeats()[0]
    hand_over_case(case=repeat, to=dana, reason="Her field.", by=world.cora, now=DUE)
    roles = roles_of(world.cora, world.study)
    standings = {e.pk: e.standing for e in case_queue(study=world.study, user=world.cora, roles=roles, now=DUE)}
    assert standings[repeat.pk] == Standing.ELSEWHERE
    theirs = case_queue(study=world.study, user=dana, roles=roles_of(dana, world.study), now=DUE)
    assert {entry.standing for entry in theirs} == {Standing.DECIDED}
    decide(repeats()[1], world.cora, DUE, second=dana)
    assert not Case.everything.filter(kind=CaseKind.SECOND).exists()
