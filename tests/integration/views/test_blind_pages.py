"""Every page and every endpoint, opened by everyone: what a colleague, the panel or a computation said shows nowhere
before it may.

The words are planted in the small world and searched in every answer to a GET. An address with a part that is not
listed here fails the walk, so that no new page goes past it.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from annotation import urls
from annotation.actions.calibrating import open_calibration
from annotation.actions.case_repeats import bring_back_cases
from annotation.actions.claiming import claim
from annotation.actions.exporting_latents import TOOLS
from annotation.actions.people import add_member
from annotation.actions.reading import claim_reading
from annotation.actions.references import GivenReference, set_reference
from annotation.actions.results import compute_results
from annotation.actions.rounds import close_round
from annotation.api import urls as api_urls
from annotation.api.v1 import urls as v1
from annotation.enums import LatentState, Role, RoundKind
from annotation.models import Case, SampledLatent, Slot, Snippet, Study, User
from annotation.queries.held_slots import name_of
from tests import calibration_world, case_world, reading_world
from tests import world as worlds
from tests.calibration_world import favoured
from tests.world import NOW, World, add_rater, rate_next

LABEL, WHY, PANEL, CLAUSE = "zebralabel", "quaggarationale", "pumapanel", "lynxclause"
PLANTED = (LABEL, WHY)
SignIn = Callable[[User], Client]


@pytest.fixture
def rated(db: None) -> World:
    """Ben has rated everything with the planted words, and results are computed."""
    world = worlds.build()
    while rate_next(world.study, world.ben, concept=LABEL, rationale=f"The {WHY} is plain."):
        pass
    compute_results(study_id=world.study.pk, now=NOW)
    return world


def page(name: str, *parts: object) -> str:
    return reverse(name, args=["hearts", *parts])


def candidates(world: World) -> dict[str, list[Any]]:
    """What the parts of an address may be: of everything of that kind in the small world the first two and the last."""
    sampled = SampledLatent.everything.filter(study=world.study)
    calibrating = sampled.exclude(calibration_set=None)
    held = Slot.objects.filter(rater__isnull=False).values("latent__latent")
    snippets = Snippet.objects.filter(latent__in=held, kind="top", rank=0)
    return {
        "number": [1, 2],
        "index": _some(sampled.order_by("latent__index").values_list("latent__index", flat=True)),
        "latent": list(calibrating.order_by("pk").values_list("pk", flat=True)) or [1],
        "membership": _some(world.study.memberships.order_by("pk").values_list("pk", flat=True)),
        "rating": _some(world.study.ratings.order_by("pk").values_list("pk", flat=True)),
        "snippet": _some(snippets.order_by("pk").values_list("pk", flat=True)),
        "pk": [world.study.rubric_id, *Case.everything.values_list("pk", flat=True), *_typed(world)],
        "item": ["concept"],
        "one": _typed(world),
        "other": _typed(world),
        "handle": ["0" * 32],
        "slot": _held(world) or ["0" * 32],
        "name": ["ratings.csv"],
        "tool": list(TOOLS),
    }


def _held(world: World) -> list[str]:
    held = Slot.objects.filter(round__study=world.study, rater__isnull=False).select_related("rater").order_by("pk")
    return [name_of(slot, slot.rater) for slot in held[:2] if slot.rater]


def _typed(world: World) -> list[int]:
    """The two newest concepts: what a rater typed last, if anybody did, among them."""
    return list(world.study.concepts.order_by("-pk").values_list("pk", flat=True)[:2])


def _some(keys: Iterable[int]) -> list[int]:
    known = list(keys) or [1]
    return [*known[:2], *known[2:][-1:]]


def addresses(world: World) -> Iterator[str]:
    parts = candidates(world)
    for pattern in urls.in_a_study:
        names = list(pattern.pattern.converters)
        assert set(names) <= set(parts), f"Say in `candidates` what the parts of “{pattern.name}” may be."
        for values in product(*(parts[name] for name in names)):
            yield page(str(pattern.name), *values)
    yield from (reverse("home"), reverse("account"))
    yield from (reverse(pattern.name) for pattern in api_urls.urlpatterns if isinstance(pattern, URLPattern))
    yield from _of_scripts(parts | {"study": ["hearts"], "version": [1], "case": parts["pk"]})
    for number, wanted in product((1, 2), (LABEL[:5], LABEL[:-1], PANEL[:4])):
        yield f"{page('suggest')}?q={wanted}&round={number}"
        yield f"{page('did_you_mean')}?q={wanted}&round={number}"


def _of_scripts(parts: dict[str, list[Any]]) -> Iterator[str]:
    """The public API, which her session opens as well."""
    for pattern in v1.urlpatterns:
        names = list(pattern.pattern.converters)
        assert set(names) <= set(parts), f"Say in `candidates` what the parts of “{pattern.name}” may be."
        known = parts | ({"name": parts["slot"]} if "slots/" in str(pattern.pattern) else {})
        if pattern.name != "api_nowhere":
            yield from (reverse(pattern.name, args=values) for values in product(*(known[name] for name in names)))


def found(client: Client, world: World, words: tuple[str, ...]) -> set[str]:
    """Addresses whose answer to her holds one of the words."""
    seen = set()
    for url in addresses(world):
        response = client.get(url)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        if any(word in body.decode("utf-8", "replace") for word in words):
            seen.add(url)
    return seen


def test_the_search_finds_what_there_is(rated: World, signed_in: SignIn) -> None:
    pages = found(signed_in(rated.rosa), rated, PLANTED)
    assert page("consensus") in pages
    assert any(url.startswith(page("latents")) for url in pages)
    own = found(signed_in(rated.ben), rated, PLANTED)
    assert page("last_ratings") in own


@pytest.mark.parametrize("name", ["ada", "nora", "cora", "sven"])
def test_before_her_own_rating_is_in_nobody_finds_a_colleagues(rated: World, signed_in: SignIn, name: str) -> None:
    assert found(signed_in(getattr(rated, name)), rated, PLANTED) == set()


def test_a_rater_finds_nothing_after_her_rating_nor_after_the_round(rated: World, signed_in: SignIn) -> None:
    while rate_next(rated.study, rated.ada):
        pass
    client = signed_in(rated.ada)
    assert found(client, rated, PLANTED) == set()
    close_round(round_=rated.study.rounds.get(), by=rated.rosa, now=NOW)
    assert found(client, rated, PLANTED) == set()


def test_a_researcher_who_rates_finds_nothing_until_her_part_is_over(rated: World, signed_in: SignIn) -> None:
    rita = add_rater(rated, "rita", rated.north)
    add_member(study=rated.study, user=rita, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    client = signed_in(rita)
    assert found(client, rated, PLANTED) == set()
    while rate_next(rated.study, rita):
        pass
    assert found(client, rated, PLANTED) == set()  # She may revise until the round closes.
    close_round(round_=rated.study.rounds.get(), by=rated.rosa, now=NOW)
    rated.study.sample.update(state=LatentState.ACCEPTED)
    assert page("consensus") in found(client, rated, PLANTED)


def test_an_adjudicator_finds_a_latents_rationales_when_it_is_hers_to_decide(rated: World, signed_in: SignIn) -> None:
    client = signed_in(rated.cora)
    close_round(round_=rated.study.rounds.get(), by=rated.rosa, now=NOW)
    assert found(client, rated, PLANTED) == set()
    latent = rated.study.sample.earliest("position")
    SampledLatent.objects.filter(pk=latent.pk).update(state=LatentState.PERSISTENT)
    case = Case.objects.create(study=rated.study, latent=latent, opened_at=NOW)
    of_scripts = reverse("api_case", args=["hearts", case.pk])
    assert found(client, rated, PLANTED) == {page("case", case.pk), of_scripts}


def test_what_an_adjudicator_decided_is_nowhere_while_she_or_a_second_is_asked_again(
    rated: World, signed_in: SignIn
) -> None:
    """A repeat of one case is before Cora, and a second opinion on the other before Dana."""
    close_round(round_=rated.study.rounds.get(), by=rated.rosa, now=NOW)
    Study.objects.update(case_repeat_share=1.0)
    dana = case_world.adjudicator(rated, "dana")
    again, second = case_world.cases(rated, 2)
    case_world.decide(again, rated.cora, concept="ibexconcept", rationale="The giraffereason.")
    case_world.decide(second, rated.cora, concept="okapiconcept", rationale="The tapirreason.", second=dana)
    cora, other = signed_in(rated.cora), signed_in(dana)
    own = ("ibexconcept", "giraffereason")
    assert found(cora, rated, own) >= {page("case", again.pk)}
    assert bring_back_cases(now=NOW + timedelta(days=15)) == 1
    assert Case.everything.count() == 4
    assert found(cora, rated, own) == set()
    assert found(other, rated, ("okapiconcept", "tapirreason")) == set()
    for client in (other, signed_in(rated.rosa)):  # Signed by name, and shown to others without it.
        assert found(client, rated, ("I, Cora,",)) == set()
    assert page("case", again.pk) in found(signed_in(rated.rosa), rated, own)


def test_what_she_said_the_first_time_is_nowhere_while_a_retest_is_before_her(db: None, signed_in: SignIn) -> None:
    world = worlds.build(retest_share=1.0)
    rate_next(world.study, world.ada, concept=LABEL, rationale=f"My own {WHY}.")
    client = signed_in(world.ada)
    assert page("last_ratings") in found(client, world, PLANTED)
    Slot.objects.filter(rater=world.ada, state="leased").update(
        state="open", rater=None, lease_token=None, lease_expires_at=None
    )
    Slot.objects.filter(round__kind=RoundKind.RETEST).update(not_before=NOW)
    held = claim(study=world.study, by=world.ada, now=NOW)
    assert held is not None
    assert held.round.kind == RoundKind.RETEST
    assert found(client, world, (WHY,)) == set()


def test_no_page_of_a_rater_speaks_of_retests_and_the_researchers_do(db: None, signed_in: SignIn) -> None:
    world = worlds.build(retest_share=1.0)
    for _ in range(3):
        rate_next(world.study, world.ada)
    words = ("retest", "Retest")
    manual = {
        reverse(name) for name in ("api_description", "api_reference")
    }  # What any study may do, the same for everybody.
    assert found(signed_in(world.ada), world, words) - manual == set()
    assert {page("study"), page("round_preview")} <= found(signed_in(world.rosa), world, words)


def test_the_panels_words_come_after_the_raters_own_answer(db: None, signed_in: SignIn) -> None:
    world = calibration_world.build()
    calibration_world.draw(world)
    given = favoured(
        category=GivenReference(shares={"finding": 1.0}, rationale=f"See {PANEL}.", clause=f"See {CLAUSE}.")
    )
    for latent in calibration_world.of_set(world.study, 1):
        set_reference(latent=latent, given=given, by=world.cora, now=NOW)
    words, panel = (PANEL, CLAUSE), add_member_cara(world)
    assert found(signed_in(panel), world, words) == set()  # She is to set hers without knowing Cora's.
    open_calibration(study=world.study, set_number=1, by=world.rosa, now=NOW)
    for name in ("ada", "nora", "sven"):
        assert found(signed_in(getattr(world, name)), world, words) == set()
    answered = rate_next(world.study, world.ada)
    assert answered is not None
    assert answered.round.kind == RoundKind.CALIBRATION
    feedback = page("calibration_feedback", 1, answered.latent_id)
    assert found(signed_in(world.ada), world, words) == {feedback}
    assert found(signed_in(world.ben), world, words) == set()


def add_member_cara(world: World) -> User:
    cara = worlds.person("cara")
    add_member(study=world.study, user=cara, role=Role.ADJUDICATOR, institution=None, by=None, now=NOW)
    return cara


def test_a_reader_reads_one_rationale_and_finds_no_other(rated: World, signed_in: SignIn) -> None:
    while rate_next(rated.study, rated.ada, concept="gnulabel", rationale="The gnurationale is plain."):
        pass
    eva = reading_world.asked(rated).eva
    client = signed_in(eva)
    slot = claim_reading(study=rated.study, by=eva, now=NOW)
    assert slot is not None
    hers, others = ((LABEL, WHY), ("gnulabel", "gnurationale"))
    if slot.rating.rater != rated.ben:
        hers, others = others, hers
    assert found(client, rated, hers) == {page("read")}
    assert found(client, rated, others) == set()


def test_a_researcher_who_is_reading_sees_no_result_meanwhile(rated: World, signed_in: SignIn) -> None:
    eva = reading_world.asked(rated).eva
    assert claim_reading(study=rated.study, by=eva, now=NOW) is not None
    add_member(study=rated.study, user=eva, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    client = signed_in(eva)
    assert page("consensus") not in found(client, rated, PLANTED)
