"""Every page of the site with somebody who opens it, in small worlds that fill it: for tests that walk all pages.

An address that is named nowhere here fails tests/browser/test_accessibility.py, so that no new page goes past it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from annotation.actions.api_tokens import issue_token
from annotation.actions.asking_scores import ask_for_scores
from annotation.actions.case_drafts import save_case_draft
from annotation.actions.cases import open_case
from annotation.actions.claiming import claim
from annotation.actions.importing_ratings import Provenance, import_ratings
from annotation.actions.importing_text import Wish, begin_reading, begin_storing, propose_import, work_on
from annotation.actions.links import issue_link
from annotation.actions.releasing import request_release, write_release
from annotation.actions.reporting import report_snippet
from annotation.actions.results import compute_results, compute_sensitivity
from annotation.actions.rounds import close_round
from annotation.actions.signing_hours import sign_hours
from annotation.actions.taking_in_scores import note_scores_ended
from annotation.actions.webhooks import KINDS, allow_host, make_webhook
from annotation.api.v1 import urls as api
from annotation.enums import LatentState, SnippetKind, TokenScope
from annotation.interop.corpora.columns import Field
from annotation.models import Membership, Rating, Snippet, Study, User
from annotation.rules.described_rubric import DescribedRubric
from tests import calibration_world, case_world, concept_world, reading_world, rubric_world, score_world
from tests import world as worlds
from tests.case_world import with_password
from tests.code_indexes import lay_out
from tests.external_world import rated_elsewhere
from tests.world import NOW, World, add_rater, rate_next

NO_PAGES = {
    "progress": "a part that htmx swaps into the study's page",
    "corpus_import_progress": "a part that htmx swaps into the import's page",
    "learnability_progress": "a part that htmx swaps into the Learnability page",
    "planning_progress": "a part that htmx swaps into the page of planning",
    "release_file": "a file",
    "release_export": "a file",
    "hours_file": "a file",
    "health": "a line for the load balancer",
    "drafts": "JSON",
    "reading_drafts": "JSON",
    "case_drafts": "JSON",
    **dict.fromkeys(
        (pattern.name for pattern in api.urlpatterns if pattern.name != "api_reference"), "JSON of the public API"
    ),
    "rate_ahead": "JSON with the sheets of the rating page",
    "suggest": "JSON",
    "did_you_mean": "JSON",
    "merge_agreement": "a part that htmx swaps into the comparison of two concepts",
}
ONLY_SENT_TO = {
    *("mine_again", "cancel_mining", "resume_mining", "draw_sample", "open_round", "close_round"),
    *("draw_calibration", "open_calibration", "let_rater_through", "remind_rater"),
    *("defer_case", "hand_over_case", "give_back_case", "case_digest"),
    *("thresholds_preview", "ask_plan", "start_rubric", "discard_rubric", "report_snippet", "decline", "ask_readings"),
    *("ask_scores_again", "close_readings", "sign_out", "revoke_token", "stop_webhook", "try_webhook"),
    *("corpus_text", "about_me", "release_without"),
}
"""Addresses that take forms, and answer with a page of another address."""


@dataclass(frozen=True)
class Visit:
    name: str
    """Of the address."""
    who: str
    """Name of the person; empty: nobody is signed in."""
    parts: tuple[str, ...] = ()
    """Parts of the address, by their names in the scene's facts."""
    query: str = ""
    sent: str = ""
    """Selector of a form that is sent as it stands, past the page's own check, or of the button that sends it: what
    comes back is the page visited."""
    status: int = 200
    in_study: bool = True

    def path(self, facts: Mapping[str, object]) -> str:
        parts = [facts[part] for part in self.parts]
        return reverse(self.name, args=["hearts", *parts] if self.in_study else parts) + self.query.format(**facts)

    def __str__(self) -> str:
        return f"{self.name}{self.query}{' sent' if self.sent else ''} as {self.who or 'nobody'}"


@dataclass(frozen=True)
class Scene:
    begin: Callable[[], World]
    fill: Callable[[World], dict[str, object]]
    """Lets the people work until every page has something to show; gives the parts of addresses by name."""
    visits: tuple[Visit, ...]


def raters_at_work(world: World) -> dict[str, object]:
    """Ada has rated two latents and begun a third; a snippet of it is reported."""
    now = timezone.now()
    for _ in range(2):
        rate_next(world.study, world.ada, now=now - timedelta(days=3))
    slot = claim(study=world.study, by=world.ada, now=now)
    assert slot is not None
    shown = Snippet.objects.filter(latent=slot.latent.latent_id, kind=SnippetKind.TOP).order_by("rank")
    wish = {"name": "Nightly copy", "scopes": [TokenScope.READ, TokenScope.RATE], "days": 90}
    issue_token(study=world.study, by=world.ada, now=now, **wish)
    report_snippet(study=world.study, snippet=shown[1], by=world.ada, now=now)
    return {
        "snippet": shown[0].pk,
        "rating": _first_of(world.ada),
        "index": slot.latent.latent.index,
        "token": issue_link(user=world.ben, by=None, now=now),
        "spent": "spent",
        "ada": Membership.objects.get(study=world.study, user=world.ada).pk,
    }


def looked_after(world: World) -> dict[str, object]:
    """The same, with hours signed and a rubric being written."""
    facts = raters_at_work(world)
    add_rater(world, "edith", world.north)
    now = timezone.now()
    day = timezone.localdate(now)
    signed = sign_hours(
        membership=Membership.objects.get(pk=facts["ada"]),
        first_day=day - timedelta(days=5),
        last_day=day - timedelta(days=1),
        by=world.nora,
        now=now,
    )
    version = rubric_world.published(world.study, world.rosa, _another_help)
    rubric_world.edited(world.study, world.rosa, _another_question)
    return {**facts, "hours": signed.pk, "rubric": world.study.rubric_id, "new rubric": version.pk}


def with_results(world: World) -> dict[str, object]:
    """Everything is rated, the round closed, results computed; a case waits, a release is ready and told of."""
    allow_host(name="hooks.hospital.example", by=None, now=NOW)
    address = "https://hooks.hospital.example/consilium/what-happens-in-a-study"
    make_webhook(study=world.study, url=address, kinds=KINDS, by=world.rosa, now=NOW)
    while rate_next(world.study, world.ada, concept="chest pain"):
        pass
    while rate_next(world.study, world.ben, concept="unstable angina", rationale="Rest pain in most of them."):
        pass
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    compute_results(study_id=world.study.pk, now=NOW)
    compute_sensitivity(study_id=world.study.pk, now=NOW)
    contested = world.study.sample.select_related("latent").order_by("position")[0]
    contested.state = LatentState.PERSISTENT
    contested.save()
    case = open_case(latent=contested, why="No concept reaches a posterior of 0.90.", now=NOW)
    with_password(world.cora)
    case_world.adjudicator(world, "dana")
    begun = {"outcome": "split", "cause": "several-meanings", "rationale": "Two meanings in them."}
    save_case_draft(case=case, answers=begun, by=world.cora, now=NOW)
    decided = case_world.persistent(world.study.sample.order_by("position")[1])
    case_world.decide(decided, world.cora)
    release = request_release(study=world.study, by=world.rosa, now=NOW)
    write_release(release_id=release.pk, now=NOW)
    write_release(release_id=request_release(study=world.study, by=world.rosa, now=NOW).pk, now=NOW)
    return {
        "decided": decided.pk,
        "case": case.pk,
        "release": 1,
        "second": 2,
        "index": contested.latent.index,
        "item": "concept",
    }


def calibrating(world: World) -> dict[str, object]:
    """Two sets are open; Ada has answered the first as nobody else would, Ben has begun it."""
    answered = calibration_world.answer_set(world, world.ada, {"concept": "troponin"})
    calibration_world.answer(world, world.ben)
    return {"set": 1, "latent": answered[0].latent_id}


def setting_references(world: World) -> dict[str, object]:
    """The sets are drawn, and the panel has said nothing yet."""
    return {"latent": calibration_world.draw(world)[0].pk}


def reading(world: World) -> dict[str, object]:
    """Rationales wait to be judged by Eva, who rated nothing."""
    reading_world.asked(world)
    return {}


def judging(world: World) -> dict[str, object]:
    """Eva has read three rationales; a program has judged all, and another one has failed."""
    built = reading_world.asked(world)
    for _ in range(3):
        reading_world.read_next(world.study, built.eva)
    Study.objects.update(scorers=["embedding", "judge"])
    for batch in ask_for_scores(study_id=world.study.pk, now=NOW):
        if batch.scorer == "judge":
            score_world.fail(batch, "No judge is set up on the GPU workers.")
        else:
            score_world.answer(batch, right=0.8)
        note_scores_ended(digest=batch.digest, now=NOW)
    return {}


def importing_text(world: World) -> dict[str, object]:
    """One import waits for its columns, one has been read with things to decide, one is done, one is refused."""
    folder = Path(settings.IMPORT_ROOT) / world.study.slug
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ward.csv").write_text("note_id,text,service\n1,Fever.,Ward\n2,Fever.,Ward\n3,,Ward\n")
    facts: dict[str, object] = {}
    for state in ("proposed", "checked", "done", "refused"):
        wished = propose_import(paths=[folder / "ward.csv"], study=world.study, by=world.rosa, now=NOW)
        facts[state] = wished.pk
        if state == "proposed":
            continue
        mapping = {Field(field): column for field, column in wished.mapping.items()}
        if state == "refused":
            mapping = {Field.KEY: "service", Field.TEXT: "text"}
        wish = Wish(name=f"Ward {state}", source="Written for the tests.", mapping=mapping)
        read = begin_reading(wished=wished, wish=wish, by=world.rosa, now=NOW)
        work_on(import_id=read.pk, clock=lambda: NOW)
        if state == "done":
            begin_storing(wished=read, leave_out=True, drop_duplicates=False, by=world.rosa, now=NOW)
            work_on(import_id=read.pk, clock=lambda: NOW)
    return facts


def rated_in_lyon(world: World) -> dict[str, object]:
    """The round is closed; one file of another hospital has been imported, one waits in the folder."""
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    folder = Path(settings.IMPORT_ROOT) / world.study.slug
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lyon.json").write_text(json.dumps(rated_elsewhere(world.study)))
    (folder / "more.json").write_text(json.dumps(rated_elsewhere(world.study, annotator=9)))
    said = Provenance(
        source="Rated in Lyon under our agreement of March.",
        exported_by="Dr Roux",
        institution="lyon",
        institution_name="Hospices de Lyon",
        counts=False,
    )
    import_ratings(study=world.study, path=folder / "lyon.json", said=said, by=world.rosa, now=NOW)
    return {}


def nothing(world: World) -> dict[str, object]:
    return {}


def _first_of(user: User) -> int:
    return Rating.objects.filter(rater=user).earliest("pk").pk


def _another_help(content: DescribedRubric) -> DescribedRubric:
    return rubric_world.changed(content, "coherence", help="How well the snippets hang together.")


def _another_question(content: DescribedRubric) -> DescribedRubric:
    note = {"key": "note", "kind": "text", "question": "Anything else?", "required": False}
    return rubric_world.added(content, note)


def with_concepts(world: World) -> dict[str, object]:
    """Two concepts are merged, one stands under a broader one, one has its code; results are computed."""
    concept_world.say_what_raters_typed(world)
    lay_out(settings.ARTIFACT_ROOT)
    merged = concept_world.merge(world, "MI", "myocardial infarction", reason="Its usual abbreviation.")
    concept_world.place(world, "unstable angina", "ischaemic heart disease")
    concept_world.place(world, "myocardial infarction", "ischaemic heart disease")
    concept_world.code(world, "myocardial infarction", "I21")
    compute_results(study_id=world.study.pk, now=NOW)
    pair = [concept_world.concept(world, name).pk for name in ("chest pian", "chest pain")]
    return {"fact": merged.pk, "concept": merged.other_id, "merged": merged.concept_id, "pair": pair}


SCENES = {
    "raters": Scene(
        worlds.build,
        raters_at_work,
        (
            Visit("rate", "ada"),
            Visit("rate", "ada", sent="#rating", status=422),
            Visit("rate_context", "ada", ("snippet",)),
            Visit("last_ratings", "ada"),
            Visit("revise_rating", "ada", ("rating",)),
            Visit("revise_rating", "ada", ("rating",), sent="#rating", status=409),
        ),
    ),
    "coming in": Scene(
        worlds.build,
        raters_at_work,
        (
            Visit("sign_in", "", in_study=False),
            Visit("sign_in", "", sent="main form", status=422, in_study=False),
            Visit("enter", "", ("token",), in_study=False),
            Visit("enter", "", ("spent",), in_study=False, status=410),
            *(Visit("home", who, in_study=False) for who in ("ada", "cora", "rosa", "sven")),
            Visit("account", "ada", in_study=False),
            Visit("account", "ada", sent="main form", status=422, in_study=False),
            Visit("tokens", "ada", in_study=False),
            Visit("tokens", "ada", sent="main form:has([name=days])", status=422, in_study=False),
            Visit("api_reference", "", in_study=False),
            Visit("withdraw", "ada"),
            Visit("agreement", "ada", status=403),
            Visit("study", "sven", status=404),
        ),
    ),
    "looking after": Scene(
        worlds.build,
        looked_after,
        (
            *(Visit(name, who) for name in ("study", "people", "places", "reports") for who in ("rosa", "nora")),
            *(Visit(name, "nora", ("ada",)) for name in ("rater", "rater_hours", "withdraw_rater")),
            Visit("rater_hours", "nora", ("ada",), query="?first_day=2026-11-01&last_day=2026-11-02"),
            Visit("hours_statement", "nora", ("hours",)),
            Visit("people", "nora", sent="form:has([name=email])", status=422),
            Visit("reports", "nora", sent="main form button", status=422),
            Visit("rubric_preview", "rosa", sent="#rating", status=422),
            Visit("adopt_rubric", "rosa", ("new rubric",), sent="#adopt", status=422),
            *(Visit(name, "rosa") for name in ("study_settings", "round_preview", "latents", "try_text")),
            Visit("latents", "rosa", query="?show=all"),
            Visit("latent", "rosa", ("index",)),
            *(Visit(name, "rosa") for name in ("rubric", "edit_rubric", "rubric_preview", "publish_rubric")),
            Visit("rubric_version", "rosa", ("rubric",)),
            Visit("adopt_rubric", "rosa", ("new rubric",)),
        ),
    ),
    "results": Scene(
        worlds.build,
        with_results,
        (
            *(Visit(name, "rosa") for name in ("study", "agreement", "consensus", "releases", "cases", "webhooks")),
            Visit("release_changes", "rosa", parts=("second",)),
            Visit("webhooks", "rosa", sent=".card form:not([action*=try]):not([action*=stop])", status=422),
            Visit("agreement_item", "rosa", ("item",)),
            Visit("sensitivity", "rosa"),
            Visit("planning", "rosa"),
            Visit("planning", "rosa", sent="#wish"),
            Visit("thresholds", "rosa"),
            Visit("thresholds", "rosa", sent="#thresholds [name=look]"),
            Visit("rater_panel", "rosa", query="?item=coherence"),
            Visit("my_reliability", "ada"),
            Visit("rater_panel", "rosa"),
            Visit("release", "rosa", ("release",)),
            Visit("latent", "rosa", ("index",)),
            Visit("cases", "cora"),
            *(Visit("case", who, (which,)) for who in ("cora", "rosa") for which in ("case", "decided")),
            Visit("case", "cora", ("case",), sent="#decision"),
            Visit("replace_decision", "cora", ("decided",)),
            Visit("replace_decision", "cora", ("decided",), sent="#decision", status=422),
            Visit("account", "cora", in_study=False),
            *(Visit(name, "ada") for name in ("rate", "read")),
        ),
    ),
    "concepts": Scene(
        partial(worlds.build, sample=12),
        with_concepts,
        (
            *(Visit(name, "rosa") for name in ("concepts", "concept_codes", "merge_concepts")),
            Visit("concepts", "rosa", query="?q=angina"),
            Visit("concepts", "ada", status=403),
            Visit("merge_concepts", "rosa", sent="#choose", status=422),
            Visit("merge_concepts", "rosa", query="?one={pair[0]}&other={pair[1]}"),
            Visit("merge_concepts", "rosa", query="?one={pair[0]}&other={pair[1]}&agreement=1"),
            Visit("merge_concepts", "rosa", query="?one={pair[0]}&other={pair[1]}", sent="#merge", status=422),
            *(Visit("concept", "rosa", (which,)) for which in ("concept", "merged")),
            Visit("concept", "rosa", ("concept",), query="?do=place"),
            Visit("concept", "rosa", ("concept",), query="?do=place", sent="#place", status=422),
            Visit("concept", "rosa", ("concept",), query="?do=code&q=heart+attack"),
            Visit("take_back_fact", "rosa", ("fact",)),
            Visit("take_back_fact", "rosa", ("fact",), sent="#take-back", status=422),
            Visit("agreement", "rosa"),
        ),
    ),
    "calibration": Scene(
        calibration_world.calibrated,
        calibrating,
        (
            *(Visit("calibration", who) for who in ("rosa", "nora")),
            Visit("references", "cora"),
            Visit("reference", "cora", ("latent",)),
            Visit("rate", "ben"),
            Visit("calibration_summary", "ada", ("set",)),
            Visit("calibration_feedback", "ada", ("set", "latent")),
            Visit("my_reliability", "ada"),
        ),
    ),
    "references": Scene(
        calibration_world.build,
        setting_references,
        (
            Visit("references", "cora"),
            Visit("reference", "cora", ("latent",)),
            Visit("reference", "cora", ("latent",), sent="#reference", status=422),
        ),
    ),
    "readings": Scene(
        worlds.build,
        reading,
        (Visit("read", "eva"), Visit("read", "eva", sent="#reading", status=422), Visit("study", "rosa")),
    ),
    "judging": Scene(worlds.build, judging, (Visit("learnability", "rosa"),)),
    "importing text": Scene(
        partial(worlds.build, open_the_round=False),
        importing_text,
        (
            Visit("corpora", "rosa"),
            *(Visit("corpus_import", "rosa", (state,)) for state in ("proposed", "checked", "done", "refused")),
            Visit("corpora", "ada", status=403),
        ),
    ),
    "rated elsewhere": Scene(
        worlds.build,
        rated_in_lyon,
        (
            Visit("external_rounds", "rosa"),
            Visit("external_rounds", "rosa", sent="#external", status=422),
            Visit("study", "rosa"),
            Visit("external_rounds", "ada", status=403),
        ),
    ),
    "beginning": Scene(
        partial(worlds.build, open_the_round=False),
        nothing,
        (
            *(
                Visit(name, "rosa")
                for name in ("study", "round_preview", "agreement", "consensus", "learnability", "releases", "reports")
            ),
            Visit("rate", "ada"),
            Visit("cases", "cora"),
        ),
    ),
}
