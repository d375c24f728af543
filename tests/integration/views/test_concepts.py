"""The researcher's pages of concepts: what they show, what they ask, and who never sees them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.actions.concepts import take_back_fact
from annotation.actions.people import add_member
from annotation.enums import ConceptFactKind, Role
from annotation.models import ConceptFact, Rating, User
from annotation.queries.concept_agreement import merge_effect
from annotation.queries.concept_list import concept_rows
from annotation.queries.concept_names import concept_graph
from annotation.queries.concept_pairs import suggested_pairs
from annotation.science.types import Estimate
from annotation.views.drawing.figures import decimal
from tests import concept_world
from tests import world as worlds
from tests.concept_world import code, concept, merge, place
from tests.world import NOW, World, add_rater, rate_next

SignIn = Callable[[User], Client]


@pytest.fixture
def rated(db: None) -> World:
    return concept_world.rated()


def address(name: str, *parts: object) -> str:
    return reverse(name, args=["hearts", *parts])


def shown(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def pair(world: World, one: str, other: str) -> dict[str, int]:
    return {"one": concept(world, one).pk, "other": concept(world, other).pk}


def test_the_list_counts_ratings_raters_and_latents_after_merges(rated: World, signed_in: SignIn) -> None:
    merge(rated, "MI", "myocardial infarction")
    rows = {row.name: row for row in concept_rows(rated.study, concept_graph(rated.study))}
    infarction = rows["myocardial infarction"]
    assert (infarction.use.ratings, infarction.use.raters, infarction.use.latents) == (9, 2, 6)
    assert infarction.also == ("MI",)
    assert "MI" not in rows
    text = shown(signed_in(rated.rosa).get(address("concepts")))
    assert "also “MI”" in text
    assert "7 concepts" in text


def test_the_list_takes_as_many_statements_for_many_concepts_as_for_few(rated: World, signed_in: SignIn) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as asked:
            shown(signed_in(rated.rosa).get(address("concepts")))
        return len(asked)

    before = statements()
    for number in range(30):
        merge(rated, f"sign {number}", f"finding {number}")
        place(rated, f"finding {number}", "finding")
    assert statements() == before


def test_a_word_finds_a_concept_by_a_name_that_was_merged_into_it(rated: World, signed_in: SignIn) -> None:
    merge(rated, "MI", "myocardial infarction")
    client = signed_in(rated.rosa)
    text = shown(client.get(address("concepts"), {"q": "mi"}))
    assert address("concept", concept(rated, "myocardial infarction").pk) in text
    assert "No concept has" in shown(client.get(address("concepts"), {"q": "zebra"}))


def test_what_is_spelled_alike_or_is_one_code_is_suggested_and_what_is_placed_is_not(rated: World) -> None:
    def suggested() -> dict[tuple[str, str], str]:
        graph = concept_graph(rated.study)
        pairs = suggested_pairs(concept_rows(rated.study, graph), graph)
        return {(pair.concept.name, pair.into.name): pair.why for pair in pairs}

    why = suggested()
    assert why["chest pian", "chest pain"] == "spelled nearly alike"
    assert why["MI", "myocardial infarction"] == "both are names of HPO HP:0001658, Myocardial infarction"
    assert len(why) == 2
    place(rated, "MI", "myocardial infarction")
    merge(rated, "chest pian", "chest pain")
    assert suggested() == {}


def test_two_are_compared_with_counts_words_and_agreement_before_and_after(rated: World, signed_in: SignIn) -> None:
    client, chosen = signed_in(rated.rosa), pair(rated, "MI", "myocardial infarction")
    text = shown(client.get(address("merge_concepts"), chosen))
    assert "<h2>MI</h2>" in text
    assert "Latent " in text
    assert "Ada" not in text.replace("Adaptive", "")
    whole = shown(client.get(address("merge_concepts"), chosen | {"agreement": 1}))
    part = shown(client.get(address("merge_agreement", chosen["one"], chosen["other"])))
    effect = merge_effect(rated.study, concept_graph(rated.study), concept=chosen["one"], into=chosen["other"])
    assert effect is not None
    for found in (effect.before.nominal, effect.after.nominal):
        assert isinstance(found, Estimate)
        assert found.low is not None
        assert found.high is not None
        for told in (whole, part):
            assert f"<strong>{decimal(found.value)}</strong>" in told
            assert decimal(found.low) in told
    assert "3 latents were given both names" in part
    assert "No concept has a broader one or a code yet" in part


def test_what_counts_as_one_already_is_not_compared(rated: World, signed_in: SignIn) -> None:
    ids = pair(rated, "MI", "myocardial infarction")
    merge(rated, "MI", "myocardial infarction")
    for one, other in ((ids["one"], ids["one"]), tuple(ids.values())):
        response = signed_in(rated.rosa).get(address("merge_agreement", one, other))
        assert response.status_code == 403
        assert "count as one concept already" in response.content.decode()


def test_the_direction_that_is_proposed_keeps_what_raters_are_offered(rated: World, signed_in: SignIn) -> None:
    for chosen in (pair(rated, "chest pian", "chest pain"), pair(rated, "chest pain", "chest pian")):
        response = signed_in(rated.rosa).get(address("merge_concepts"), chosen)
        assert response.context["stays"].name == "chest pain"
        assert response.context["chosen"] == str(concept(rated, "chest pain").pk)


def test_a_merge_is_sent_and_the_ratings_stay(rated: World, signed_in: SignIn) -> None:
    chosen = pair(rated, "MI", "myocardial infarction")
    typed = list(Rating.objects.order_by("pk").values_list("concept", "concept_written"))
    sent = chosen | {"stays": chosen["one"], "reason": "The\x00 shorter one."}
    response = signed_in(rated.rosa).post(address("merge_concepts"), sent, follow=True)
    assert "“myocardial infarction” counts as “MI” from now on" in shown(response)
    fact = ConceptFact.objects.get()
    assert (fact.concept.name, fact.other and fact.other.name) == ("myocardial infarction", "MI")
    assert fact.reason == "The shorter one."
    assert list(Rating.objects.order_by("pk").values_list("concept", "concept_written")) == typed


@pytest.mark.parametrize(
    ("changes", "sentence"), [({"reason": " "}, "Say why"), ({"stays": ""}, "Say which name stays")]
)
def test_an_incomplete_merge_says_what_is_missing_and_keeps_what_was_entered(
    rated: World, signed_in: SignIn, changes: dict[str, str], sentence: str
) -> None:
    chosen = pair(rated, "MI", "myocardial infarction")
    sent = chosen | {"stays": chosen["other"], "reason": "An abbreviation."} | changes
    response = signed_in(rated.rosa).post(address("merge_concepts"), sent)
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert sent["reason"].strip() in response.content.decode()
    assert not ConceptFact.objects.exists()


def test_two_are_chosen_by_name_and_names_stay_out_of_the_address(rated: World, signed_in: SignIn) -> None:
    client = signed_in(rated.rosa)
    response = client.post(address("merge_concepts"), {"first": "mi", "second": "Chest  pain"})
    assert response.status_code == 303
    ids = pair(rated, "MI", "chest pain")
    assert response["Location"].endswith(f"?one={ids['one']}&other={ids['other']}")
    wrong = client.post(address("merge_concepts"), {"first": "mi", "second": "zebra"})
    assert wrong.status_code == 422
    assert "No concept of the study has this name" in wrong.content.decode()
    same = client.post(address("merge_concepts"), {"first": "mi", "second": "MI"})
    assert "counts as the same concept already" in same.content.decode()


@pytest.mark.parametrize("query", [{}, {"one": "x", "other": "²"}, {"one": "999999", "other": "1"}])
def test_without_two_concepts_the_page_asks_for_them(rated: World, signed_in: SignIn, query: dict[str, str]) -> None:
    assert "Compare two concepts" in shown(signed_in(rated.rosa).get(address("merge_concepts"), query))


def test_a_concept_is_placed_under_one_that_nobody_typed(rated: World, signed_in: SignIn) -> None:
    held, client = concept(rated, "unstable angina"), signed_in(rated.rosa)
    sent = {"do": "place", "under": "ischaemic  heart disease", "reason": "A kind of it."}
    text = shown(client.post(address("concept", held.pk), sent, follow=True))
    assert "“unstable angina” is narrower than “ischaemic heart disease”" in text
    above = concept(rated, "ischaemic heart disease")
    assert above.created_by == rated.rosa
    listing = shown(client.get(address("concepts")))
    assert listing.index("ischaemic heart disease</a>") < listing.rindex("unstable angina</a>")
    circle = client.post(address("concept", above.pk), {"do": "place", "under": "unstable angina", "reason": "No."})
    assert circle.status_code == 422
    assert "itself placed under" in circle.content.decode()


def test_a_concept_is_linked_to_a_code_that_a_search_finds(rated: World, signed_in: SignIn) -> None:
    held, client = concept(rated, "MI"), signed_in(rated.rosa)
    found = shown(client.get(address("concept", held.pk), {"do": "code", "q": "heart attack"}))
    assert "found by “Heart attack”" in found
    text = shown(client.post(address("concept", held.pk), {"do": "code", "choice": "hpo HP:0001658"}, follow=True))
    assert "HP:0001658, Myocardial infarction" in text
    assert "below Acute coronary syndrome" in text
    nothing = client.post(address("concept", held.pk), {"do": "code", "choice": ""})
    assert nothing.status_code == 422


def test_names_that_are_terms_are_proposed_and_linked_together(rated: World, signed_in: SignIn) -> None:
    client = signed_in(rated.rosa)
    proposed = client.get(address("concept_codes")).context["proposals"]
    values = {one.row.name + " " + one.choice.system: one.value for one in proposed}
    assert {"unstable angina icd-10-cm", "myocardial infarction hpo", "chest pain hpo"} <= set(values)
    two = [
        values["unstable angina icd-10-cm"],
        values["myocardial infarction hpo"],
        "9999999 hpo HP:0000001",
        "nonsense",
    ]
    assert "2 concepts have their codes" in shown(client.post(address("concept_codes"), {"chosen": two}, follow=True))
    assert ConceptFact.objects.filter(kind=ConceptFactKind.CODED).count() == 2
    assert "Nothing is chosen" in shown(client.post(address("concept_codes"), {}, follow=True))


def test_one_wrong_link_leaves_none(rated: World, signed_in: SignIn) -> None:
    pk = concept(rated, "unstable angina").pk
    wrong = {"chosen": [f"{pk} icd-10-cm I20.0", f"{pk} hpo HP:9"]}
    assert "is no code of HPO" in shown(signed_in(rated.rosa).post(address("concept_codes"), wrong, follow=True))
    assert not ConceptFact.objects.exists()


def test_a_fact_is_taken_back_with_a_reason_and_both_stay_in_the_history(rated: World, signed_in: SignIn) -> None:
    fact, client = merge(rated, "MI", "myocardial infarction"), signed_in(rated.rosa)
    assert "“MI” counts as “myocardial infarction”" in shown(client.get(address("take_back_fact", fact.pk)))
    assert client.post(address("take_back_fact", fact.pk), {"reason": ""}).status_code == 422
    text = shown(client.post(address("take_back_fact", fact.pk), {"reason": "It means mitral."}, follow=True))
    assert "Taken back: “MI” counts as “myocardial infarction”" in text
    assert "no longer stands" in text
    assert address("take_back_fact", fact.pk) not in text
    again = client.post(address("take_back_fact", fact.pk), {"reason": "Again."}, follow=True)
    assert "does not stand any more" in shown(again)


def test_a_merged_concepts_page_leads_to_the_one_that_it_counts_as(rated: World, signed_in: SignIn) -> None:
    merge(rated, "MI", "myocardial infarction")
    text = shown(signed_in(rated.rosa).get(address("concept", concept(rated, "MI").pk)))
    assert f'Counts as <a href="{address("concept", concept(rated, "myocardial infarction").pk)}">' in text
    assert "Compare with another" not in text


def test_the_outline_shows_broader_above_narrower_with_headings_of_codes(rated: World, signed_in: SignIn) -> None:
    code(rated, "unstable angina", "I20.0")
    code(rated, "myocardial infarction", "I21")
    text = shown(signed_in(rated.rosa).get(address("concepts")))
    heading = text.index("ICD-10-CM I20-I25 Ischemic heart diseases")
    assert heading < text.index("unstable angina</a>", heading)


@pytest.mark.parametrize("name", ["ada", "cora", "nora"])
def test_nobody_but_the_researcher_opens_them(rated: World, signed_in: SignIn, name: str) -> None:
    fact = merge(rated, "MI", "myocardial infarction")
    ids = pair(rated, "chest pian", "chest pain")
    client = signed_in(getattr(rated, name))
    for url in (
        address("concepts"),
        address("concept_codes"),
        address("merge_concepts") + f"?one={ids['one']}&other={ids['other']}",
        address("merge_agreement", *ids.values()),
        address("concept", ids["one"]),
        address("take_back_fact", fact.pk),
    ):
        assert client.get(url).status_code == 403
        assert client.post(url, {"reason": "x", "stays": ids["one"], **ids}).status_code in (403, 405)
    assert ConceptFact.objects.count() == 1


def test_a_researcher_who_may_still_rate_sees_none_of_them(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ben, concept="zebra sign")
    rita = add_rater(world, "rita", world.north)
    add_member(study=world.study, user=rita, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    response = signed_in(rita).get(address("concepts"))
    assert response.status_code == 403
    assert "zebra" not in response.content.decode()


def test_what_belongs_to_another_study_is_not_found(rated: World, signed_in: SignIn) -> None:
    elsewhere = worlds.Study.objects.create(
        slug="lungs", name="Lungs", rubric=rated.study.rubric, created_by=rated.rosa, created_at=NOW
    )
    add_member(study=elsewhere, user=rated.rosa, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    fact = merge(rated, "MI", "myocardial infarction")
    client = signed_in(rated.rosa)
    for name, parts in (
        ("concept", [fact.concept_id]),
        ("take_back_fact", [fact.pk]),
        ("merge_agreement", [fact.concept_id, fact.other_id]),
    ):
        assert client.get(reverse(name, args=["lungs", *parts])).status_code == 404


def test_taking_back_tells_the_page_that_it_is_over(rated: World, signed_in: SignIn) -> None:
    fact = merge(rated, "MI", "myocardial infarction")
    take_back_fact(fact=fact, reason="No.", by=rated.rosa, now=NOW)
    assert "counted as 7 concepts" not in shown(signed_in(rated.rosa).get(address("concepts")))
