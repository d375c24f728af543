"""What the concept field offers: the frozen list, her own terms, the chosen code systems; nothing of a colleague."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.actions.claiming import claim
from annotation.actions.concepts import take_back_fact
from annotation.actions.rounds import open_round
from annotation.enums import CodeSystem, RoundState
from annotation.models import Concept, Rating, Study, User
from tests.code_indexes import lay_out
from tests.concept_world import merge
from tests.world import World, rate_next

SignIn = Callable[[User], Client]


@pytest.fixture
def coded(world: World) -> World:
    """The study offers terms of both code systems."""
    lay_out(settings.ARTIFACT_ROOT)
    return choose(world, *CodeSystem.values)


def choose(world: World, *systems: str) -> World:
    Study.objects.filter(pk=world.study.pk).update(code_systems=list(systems))
    world.study.refresh_from_db()
    return world


def ask(client: Client, world: World, text: str, *, page: str = "suggest", number: object = 1) -> Any:
    return client.get(reverse(page, args=[world.study.slug]), {"q": text, "round": number})


def values(response: Any) -> list[str]:
    assert response.status_code == 200
    return [option["value"] for option in response.json()]


def meant(client: Client, world: World, text: str) -> list[str]:
    return values(ask(client, world, text, page="did_you_mean"))


def test_the_frozen_list_comes_first_then_her_own_terms_then_the_code_systems(coded: World, signed_in: SignIn) -> None:
    rate_next(coded.study, coded.ada, concept="Pain in the chest wall")
    found = ask(signed_in(coded.ada), coded, "pain che").json()
    assert [option["value"] for option in found][:2] == ["chest pain", "Pain in the chest wall"]
    assert [option["note"] for option in found][:2] == ["", "your own term"]
    assert {option["note"].rpartition(" · ")[2] for option in found[2:]} == {"ICD-10-CM", "HPO"}
    assert len(found) == 8


def test_a_term_names_its_code_and_system_and_each_label_comes_once(coded: World, signed_in: SignIn) -> None:
    ada = signed_in(coded.ada)
    found = {option["value"]: option["note"] for option in ask(ada, coded, "heart attack").json()}
    assert found["Myocardial infarction"] == "“Heart attack” · HP:0001658 · HPO"
    both = {option["value"].lower(): option["note"] for option in ask(ada, coded, "hypotension").json()}
    assert both["hypotension"] == "I95 · ICD-10-CM, HP:0002615 · HPO"
    assert values(ask(ada, coded, "chest pain"))[0] == "chest pain"
    assert "Chest pain" not in values(ask(ada, coded, "chest pain"))


@pytest.mark.parametrize("text", ["trop", "TROPON", "tröponin"])
def test_case_and_accents_do_not_count(world: World, signed_in: SignIn, text: str) -> None:
    assert values(ask(signed_in(world.ada), world, text)) == ["troponin"]


def test_a_british_word_finds_the_american_term_of_the_list(before_round: World, signed_in: SignIn) -> None:
    study = before_round.study
    Concept.objects.create(study=study, name="pulmonary edema", created_at=timezone.now())
    open_round(study=study, by=before_round.rosa, now=timezone.now())
    (option,) = ask(signed_in(before_round.ada), before_round, "oedem pul").json()
    assert option["value"] == "pulmonary edema"
    assert "oedema" in option["words"].split()


def test_without_code_systems_and_without_text_the_list_is_offered(world: World, signed_in: SignIn) -> None:
    ada = signed_in(world.ada)
    assert values(ask(ada, world, "")) == ["chest pain", "family history", "negation", "troponin"]
    assert values(ask(ada, world, "seizure")) == []


def test_only_the_chosen_system_is_offered(coded: World, signed_in: SignIn) -> None:
    choose(coded, CodeSystem.HPO)
    notes = [option["note"] for option in ask(signed_in(coded.ada), coded, "seizure").json()]
    assert notes
    assert all(note.endswith("HPO") for note in notes)


def test_a_term_that_came_after_the_round_opened_is_not_on_its_list(world: World, signed_in: SignIn) -> None:
    Concept.objects.create(study=world.study, name="trophic ulcer", created_at=timezone.now())
    assert values(ask(signed_in(world.ada), world, "tro")) == ["troponin"]


@pytest.mark.parametrize("page", ["suggest", "did_you_mean"])
def test_only_annotators_of_the_study_may_ask(world: World, signed_in: SignIn, page: str) -> None:
    assert ask(signed_in(world.ada), world, "tro", page=page).status_code == 200
    assert ask(signed_in(world.sven), world, "tro", page=page).status_code == 404
    for other in (world.rosa, world.cora, world.nora):
        assert ask(signed_in(other), world, "tro", page=page).status_code == 403
    assert ask(Client(), world, "tro", page=page).status_code == 302


@pytest.mark.parametrize("page", ["suggest", "did_you_mean"])
@pytest.mark.parametrize("number", ["", "2", "one", "-1", "²", "99999999999999999999"])
def test_a_round_that_is_not_there_is_not_found(world: World, signed_in: SignIn, page: str, number: str) -> None:
    assert ask(signed_in(world.ada), world, "tro", page=page, number=number).status_code == 404


def test_a_round_that_is_not_open_yet_is_not_found(world: World, signed_in: SignIn) -> None:
    world.study.rounds.update(state=RoundState.DRAFT, opened_at=None)
    assert ask(signed_in(world.ada), world, "tro").status_code == 404


@pytest.mark.parametrize("page", ["suggest", "did_you_mean"])
def test_answers_are_kept_by_no_cache_and_nothing_is_written(world: World, signed_in: SignIn, page: str) -> None:
    response = ask(signed_in(world.ada), world, "tro", page=page)
    assert "no-store" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]
    assert signed_in(world.ada).post(reverse(page, args=[world.study.slug])).status_code == 405


@pytest.mark.parametrize("text", ["x" * 5000, "a\x00b", "'); --", "%", "_", "(", "\ud83d", "*"])
def test_odd_texts_are_answered(coded: World, signed_in: SignIn, text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    assert isinstance(values(ask(signed_in(coded.ada), coded, text)), list)
    assert meant(signed_in(coded.ada), coded, text) == []


class TestAColleaguesTerm:
    """Ben has written a term that nobody else knows of."""

    @pytest.fixture
    def planted(self, coded: World) -> World:
        rate_next(coded.study, coded.ben, concept="Xanthomatous Troponosis")
        return coded

    @pytest.mark.parametrize("text", ["", "xan", "Xanthomatous Troponosis", "troponosis", "tro"])
    def test_is_not_offered(self, planted: World, signed_in: SignIn, text: str) -> None:
        assert "roponosis" not in ask(signed_in(planted.ada), planted, text).content.decode()

    @pytest.mark.parametrize("text", ["xanthomatous tropnosis", "troponosis xanthomatous", "xanthomatous troponosis"])
    def test_is_never_what_she_meant(self, planted: World, signed_in: SignIn, text: str) -> None:
        assert meant(signed_in(planted.ada), planted, text) == []

    def test_is_in_no_word_of_her_rating_page(self, planted: World, signed_in: SignIn) -> None:
        page = signed_in(planted.ada).get(reverse("rate", args=[planted.study.slug]))
        assert "roponosis" not in page.content.decode()

    def test_is_hers_as_she_wrote_it_once_she_wrote_it_too(self, planted: World, signed_in: SignIn) -> None:
        """One row serves both; its capitals are Ben's and would tell her that a colleague had been there."""
        rate_next(planted.study, planted.ada, concept="xanthomatous TROPONOSIS")
        assert values(ask(signed_in(planted.ada), planted, "xan"))[0] == "xanthomatous TROPONOSIS"

    def test_comes_where_her_own_would_and_not_where_his_capitals_sort(self, planted: World, signed_in: SignIn) -> None:
        rate_next(planted.study, planted.ada, concept="aardvark bite")
        rate_next(planted.study, planted.ada, concept="xanthomatous troponosis")
        own = [one["value"] for one in ask(signed_in(planted.ada), planted, "").json() if one["note"]]
        assert own == ["aardvark bite", "xanthomatous troponosis"]

    def test_takes_the_same_statements_to_ask_for_as_one_that_nobody_wrote(
        self, planted: World, signed_in: SignIn
    ) -> None:
        ada = signed_in(planted.ada)
        for page in ("suggest", "did_you_mean"):
            asked = []
            for text in ("xanthomatous troponosis", "xanthomatous zzponosis"):
                ask(ada, planted, text, page=page)
                with CaptureQueriesContext(
                    connection,
                ) as statements:
                    ask(ada, planted, text, page=page)
                asked.append(len(statements))
            assert asked[0] == asked[1]

    def test_takes_the_same_statements_to_submit_as_one_that_nobody_wrote(self, planted: World) -> None:
        asked = []
        for concept in ("xanthomatous troponosis", "xanthomatous zzponosis"):
            assert claim(study=planted.study, by=planted.ada, now=timezone.now()) is not None
            with CaptureQueriesContext(connection) as statements:
                rate_next(planted.study, planted.ada, concept=concept)
            asked.append([query["sql"].split()[0] for query in statements if "annotation_concept" in query["sql"]])
        assert asked[0] == asked[1]
        assert Concept.objects.filter(name__iexact="xanthomatous troponosis").count() == 1
        assert Rating.objects.filter(concept__name="Xanthomatous Troponosis").count() == 2


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("chest pian", "chest pain"),
        ("pain chest", "chest pain"),
        ("chestpain", "chest pain"),
        ("troponine", "troponin"),
        ("Tróponin", "troponin"),
        ("history of the family", "family history"),
    ],
)
def test_a_slip_is_understood_from_the_list_alone(world: World, signed_in: SignIn, typed: str, expected: str) -> None:
    assert meant(signed_in(world.ada), world, typed) == [expected]


@pytest.mark.parametrize("typed", ["", "  ", "chest pain", "CHEST  pain", "dyspnea", "left knee pain", "no chest pain"])
def test_a_term_that_stands_and_a_new_one_are_left_alone(world: World, signed_in: SignIn, typed: str) -> None:
    assert meant(signed_in(world.ada), world, typed) == []


def test_her_own_term_is_understood_too(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada, concept="Costochondritis")
    assert meant(signed_in(world.ada), world, "costocondritis") == ["Costochondritis"]


def test_the_list_is_meant_before_a_code_system(coded: World, signed_in: SignIn) -> None:
    assert meant(signed_in(coded.ada), coded, "chest pian") == ["chest pain"]
    (option,) = ask(signed_in(coded.ada), coded, "miocardial infraction", page="did_you_mean").json()
    assert (option["value"], option["note"]) == ("Myocardial infarction", "HP:0001658 · HPO")


@pytest.mark.parametrize("typed", ["heart attack", "Seizure", "oedema of the lung base", "hypertension"])
def test_a_name_of_a_code_system_and_a_phrase_of_its_words_are_left_alone(
    coded: World, signed_in: SignIn, typed: str
) -> None:
    assert meant(signed_in(coded.ada), coded, typed) == []


def test_a_rating_keeps_the_plain_name_of_a_coded_term(coded: World) -> None:
    rating = rate_next(coded.study, coded.ada, concept="Myocardial infarction")
    assert rating is not None
    assert rating.concept is not None
    assert rating.concept.name == "Myocardial infarction"


def test_the_form_asks_the_endpoint_only_where_the_study_chose_a_system(world: World, signed_in: SignIn) -> None:
    ada, page = signed_in(world.ada), reverse("rate", args=[world.study.slug])
    plain = ada.get(page).content.decode()
    assert "data-suggest-url" not in plain
    assert f'data-did-you-mean-url="{reverse("did_you_mean", args=[world.study.slug])}?round=1"' in plain
    lay_out(settings.ARTIFACT_ROOT)
    choose(world, CodeSystem.HPO)
    coded = ada.get(page).content.decode()
    assert f'data-suggest-url="{reverse("suggest", args=[world.study.slug])}?round=1"' in coded
    assert "HPO 2025-01-16 (Human Phenotype Ontology Consortium)" in coded


class TestAMergedConcept:
    """Two terms are one by now, as the researcher says."""

    def test_is_offered_under_its_surviving_name_and_found_by_its_own(self, world: World, signed_in: SignIn) -> None:
        ada = signed_in(world.ada)
        fact = merge(world, "negation", "family history")
        assert values(ask(ada, world, "")) == ["chest pain", "family history", "troponin"]
        assert values(ask(ada, world, "nega")) == ["family history"]
        assert meant(ada, world, "negatoin") == ["family history"]
        take_back_fact(fact=fact, reason="They are two.", by=world.rosa, now=timezone.now())
        assert values(ask(ada, world, "nega")) == ["negation"]

    def test_of_her_own_gives_way_to_the_lists(self, world: World, signed_in: SignIn) -> None:
        rate_next(world.study, world.ada, concept="Trop T")
        merge(world, "Trop T", "troponin")
        assert values(ask(signed_in(world.ada), world, "trop t")) == ["troponin"]

    def test_over_several_steps_is_offered_under_the_last(self, world: World, signed_in: SignIn) -> None:
        merge(world, "negation", "denial")
        merge(world, "denial", "family history")
        assert values(ask(signed_in(world.ada), world, "negation")) == ["family history"]

    @pytest.mark.parametrize("text", ["", "neg", "negation", "xan"])
    def test_stays_as_it_is_where_its_survivor_is_a_colleagues(
        self, world: World, signed_in: SignIn, text: str
    ) -> None:
        rate_next(world.study, world.ben, concept="Xanthomatous Troponosis")
        before = ask(signed_in(world.ada), world, text).json()
        merge(world, "negation", "Xanthomatous Troponosis")
        assert ask(signed_in(world.ada), world, text).json() == before

    @pytest.mark.parametrize("text", ["", "xan", "Xanthomatous Troponosis", "troponin"])
    def test_is_not_given_away_by_a_colleagues_term_that_was_merged(
        self, world: World, signed_in: SignIn, text: str
    ) -> None:
        before = ask(signed_in(world.ada), world, text).json()
        rate_next(world.study, world.ben, concept="Xanthomatous Troponosis")
        merge(world, "Xanthomatous Troponosis", "troponin")
        assert ask(signed_in(world.ada), world, text).json() == before
        assert meant(signed_in(world.ada), world, "xanthomatous troponosi") == []
