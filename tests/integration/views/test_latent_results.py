"""A latent's page explains its answer: rater by rater, how concepts hang together, which round asked, which words."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.cases import open_case
from annotation.actions.claiming import claim
from annotation.actions.people import add_member
from annotation.actions.rating import submit_rating
from annotation.actions.results import compute_results
from annotation.actions.rounds import close_round
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import LatentState, ReportState, Role, SnippetKind
from annotation.models import Consensus, Membership, SampledLatent, Snippet, SnippetReport, User
from annotation.queries.rubric_words import rubric_words
from annotation.rules.blinding import raters_visible
from annotation.rules.evidence import Marks, Word
from annotation.views.breakdown_words import breakdown
from tests import concept_world
from tests.world import NOW, World, complete_form, rate_next

SignIn = Callable[[User], Client]


def page(client: Client, world: World, sampled: SampledLatent) -> str:
    response = client.get(reverse("latent", args=[world.study.slug, sampled.latent.index]))
    assert response.status_code == 200
    return unescape(" ".join(response.content.decode().split()))


def rated(world: World) -> SampledLatent:
    """Ada says troponin of the first latent that she is handed, Ben chest pain of all. That first one."""
    first = rate_next(world.study, world.ada, concept="troponin")
    assert first is not None
    while rate_next(world.study, world.ben, concept="chest pain"):
        pass
    compute_results(study_id=world.study.pk, now=NOW)
    return world.study.sample.select_related("latent").get(pk=first.latent_id)


def part(**changes: Any) -> dict[str, Any]:
    given = {
        "value": "troponin",
        "reading": 1,
        "split": 1.0,
        "same_institution": 1.0,
        "omega": 1.0,
        "scores": [],
        "learnability_ratio": 1.0,
        "evidence": 1.1,
        "odds_factor": 3.0,
    }
    whole = {
        "rater": "R01",
        "institution": "north",
        "given": [given | changes.pop("given", {})],
        "omega": 1.0,
        "rho": 0.0,
        "prior": {"mean": 0.7, "low": 0.4, "high": 0.9},
        "reliability": 0.8,
        "n_calibration": 0,
        "n_repeats": 0,
        "n_matched": 0,
        "without": {"winner": "troponin", "q_max": 0.9, "theta_max": 0.8, "n_eff": 2.0},
        "without_undefined": "",
        "changes_answer": False,
    }
    return whole | changes


def told(world: World, *parts: dict[str, Any]) -> Any:
    row = Consensus(item="concept", classes=["troponin", "chest pain"], q=[0.9, 0.1], breakdown=list(parts))
    found = breakdown(row, rubric_words(world.study.rubric).of("concept"))
    assert found is not None
    return found


def test_each_rater_is_explained_under_her_pseudonym(world: World, signed_in: SignIn) -> None:
    text = page(signed_in(world.rosa), world, rated(world))
    table = text[text.index("Weight, of one vote") : text.index("How it came to this")]
    for member in Membership.objects.filter(study=world.study, role=Role.ANNOTATOR):
        assert member.pseudonym in table
    assert "Right with probability" in table
    assert "before anybody else’s answers are seen" in table
    assert "Ada" not in table
    assert "It hangs" in table or "hangs on" in text or "stays" in text


def test_who_rates_sees_nothing_of_it(world: World, signed_in: SignIn) -> None:
    sampled = rated(world)
    assert signed_in(world.ada).get(reverse("latent", args=["hearts", sampled.latent.index])).status_code == 403
    add_member(study=world.study, user=world.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    text = page(signed_in(world.ada), world, sampled)
    for hidden in ("Weight, of one vote", "How it came to this", "Right with probability", "troponin <strong>1"):
        assert hidden not in text


def test_who_adjudicates_sees_neither_weights_nor_institutions(world: World, signed_in: SignIn) -> None:
    sampled = rated(world)
    add_member(study=world.study, user=world.cora, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    text = page(signed_in(world.cora), world, sampled)
    assert "You adjudicate in this study" in text
    assert "Weight, of one vote" not in text
    assert "north" not in text[text.index("What raters made of it") : text.index("Snippets</h2>")]


@pytest.mark.parametrize(
    ("roles", "visible"),
    [
        ([Role.RESEARCHER], True),
        ([Role.RESEARCHER, Role.COORDINATOR], True),
        ([Role.RESEARCHER, Role.ADJUDICATOR], False),
        ([Role.ADJUDICATOR], False),
        ([Role.ANNOTATOR], False),
    ],
)
def test_raters_are_visible_to_researchers_who_do_not_adjudicate(roles: list[Role], visible: bool) -> None:
    assert raters_visible(roles) is visible


def test_less_than_one_vote_says_why(world: World) -> None:
    shared = part(omega=0.6, rho=0.4, given={"omega": 0.6, "same_institution": 3.0})
    (only,) = told(world, shared).parts
    assert only.weight_width == 60
    assert any("She counts 0.60 of a vote: 3 votes of north say the same" in line for line in only.sources)
    assert any("40 % more often with each other" in line for line in only.sources)


def test_calibration_retests_and_blinded_readers_are_named(world: World) -> None:
    scores = [
        {"scorer": "reader", "score": 0.8, "ratio": 1.5, "on": True},
        {"scorer": "sentences", "score": 0.5, "ratio": 1.0, "on": False},
    ]
    (only,) = told(world, part(n_calibration=8, n_repeats=4, n_matched=3, given={"scores": scores})).parts
    said = " ".join(only.sources)
    assert "8 calibration items with a reference and the same answer at 3 of 4 retests" in said
    assert "Blinded readers foretold unseen snippets from her rationale with 80 % (× 1.5)" in said
    assert "the scorer sentences foretold" in said
    assert "not counted" in said


def test_it_is_said_whether_the_answer_hangs_on_one_person(world: World) -> None:
    turning = part(rater="R02", changes_answer=True, without={**part()["without"], "winner": "chest pain"})
    assert told(world, part(), part(rater="R03")).said == "Without any one of the 2 raters the answer stays “troponin”."
    assert told(world, part(), turning).said == "The answer hangs on one person: without R02 it would be another."
    assert told(world, part(without=None, without_undefined="Nobody else.")).said == "One person alone has answered."
    assert told(world, part(), turning).parts[1].without == "chest pain, q 0.90, θ 0.80"


def test_the_course_says_which_round_asked_and_what_came_of_it(world: World, signed_in: SignIn) -> None:
    sampled = rated(world)
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    sampled.state, sampled.state_reason = LatentState.PERSISTENT, "Opinion is divided."
    sampled.save(update_fields=["state", "state_reason"])
    open_case(latent=sampled, why="No single answer is certain enough.", now=NOW)
    text = page(signed_in(world.rosa), world, sampled)
    course = text[text.index("How it came to this") :]
    assert "2 of 2 answered, from 2 institutions" in course
    assert "No single answer is certain enough." in course
    assert "Opinion is divided." in course
    assert course.index("Round 1") < course.index("Case ") < course.index("Now")


def test_rationales_show_the_words_they_point_at_unless_those_are_hidden(world: World, signed_in: SignIn) -> None:
    slot = claim(study=world.study, by=world.ada, now=NOW)
    assert slot is not None
    snippet = Snippet.objects.get(latent=slot.latent.latent_id, kind=SnippetKind.TOP, rank=0)
    start = snippet.tokens[0]["start"]
    ticket = read_ticket(write_ticket(slot), by=world.ada)
    marks = Marks(evidence=(Word(snippet=snippet.pk, start=start, end=snippet.tokens[0]["end"]),))
    form = complete_form(world.study)
    submit_rating(ticket=ticket, raw=form, marks=marks, active_seconds=40.0, by=world.ada, now=NOW)
    compute_results(study_id=world.study.pk, now=NOW)
    sampled = world.study.sample.select_related("latent").get(pk=slot.latent_id)
    client = signed_in(world.rosa)
    quotes = '<ul class="quotes"'
    text = page(client, world, sampled)
    shown = text[text.index(quotes) :]
    word = snippet.document.text[snippet.start + start : snippet.start + snippet.tokens[0]["end"]]
    assert f"<mark>{word}</mark>" in shown
    SnippetReport.objects.create(
        study=world.study, snippet=snippet, reported_by=world.ben, reported_at=NOW, state=ReportState.OPEN
    )
    assert quotes not in page(client, world, sampled)


def test_broader_concepts_and_merged_names_are_shown(db: None, signed_in: SignIn) -> None:
    world = concept_world.rated()
    concept_world.merge(world, "MI", into="myocardial infarction")
    concept_world.place(world, "myocardial infarction", under="chest pain")
    compute_results(study_id=world.study.pk, now=NOW)
    row = next(row for row in Consensus.objects.filter(item="concept") if "myocardial infarction" in row.classes)
    sampled = world.study.sample.select_related("latent").get(pk=row.latent_id)
    text = page(signed_in(world.rosa), world, sampled)
    family = text[text.index("How the concepts hang together") : text.index("How it came to this")]
    assert "also typed as MI" in family
    assert family.index("<strong>myocardial infarction") < family.index("chest pain")
