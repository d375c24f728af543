"""The small world of the tests: two hospitals, two raters, an adjudicator, a researcher, a coordinator, a stranger.

Everything is made through the product's own actions. Only the mining run's files are written here, in the layout of
saeserve.contract, so that the pages' tests need no language model (tests/unit/saeserve and tests marked `model` do).
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings

from annotation.actions.claiming import claim
from annotation.actions.corpora import import_corpus
from annotation.actions.matching import note_match_ended
from annotation.actions.mining import request_run
from annotation.actions.people import add_member
from annotation.actions.rating import submit_rating
from annotation.actions.rounds import open_round
from annotation.actions.sampling import draw_sample
from annotation.actions.shipped_rubric import publish_from_file
from annotation.actions.studies import create_study
from annotation.actions.subjects import register_sae
from annotation.actions.taking_in import note_run_ended
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import Role
from annotation.models import Institution, Membership, MiningRun, Rating, RubricVersion, Study, User
from saeserve import contract
from tests.world_again import built_once

NOW = datetime(2026, 11, 22, 10, 42, tzinfo=UTC)
DEMO = Path(__file__).resolve().parent.parent / "demo"
SECTIONS = ("Assessment", "Plan", "History")
WORDS = ("chest pain", "troponin", "left knee", "denies fever", "mother", "insulin", "suture", "wheeze")
LATENTS, DOCUMENTS = 12, 40


@dataclass(frozen=True, kw_only=True)
class World:
    """Ada and Ben rate (North, South), Cora adjudicates, Rosa researches, Nora coordinates North, Sven is no one."""

    study: Study
    north: Institution
    south: Institution
    ada: User
    ben: User
    cora: User
    rosa: User
    nora: User
    sven: User


def rubric(now: datetime = NOW) -> RubricVersion:
    return publish_from_file(by=None, now=now)


def build(
    *,
    open_the_round: bool = True,
    latents: int = LATENTS,
    sample: int = 6,
    raters: int = 2,
    retest_share: float = 0.0,
) -> World:
    """The world with a finished mining run, a drawn sample and, unless told otherwise, an open round and no retests."""

    def build_it() -> World:
        return _build(
            open_the_round=open_the_round, latents=latents, sample=sample, raters=raters, retest_share=retest_share
        )

    return built_once((open_the_round, latents, sample, raters, retest_share), build_it)


def _build(*, open_the_round: bool, latents: int, sample: int, raters: int, retest_share: float) -> World:
    north = Institution.objects.create(name="North Hospital", code="north")
    south = Institution.objects.create(name="South Hospital", code="south")
    people = {name: person(name) for name in ("ada", "ben", "cora", "rosa", "nora", "sven")}
    run = finished_run(latents=latents)
    study = create_study(
        slug="hearts",
        name="Hearts",
        purpose="A study for the tests.",
        rubric=rubric(),
        run=run,
        concepts=["chest pain", "troponin", "negation", "family history"],
        by=people["rosa"],
        now=NOW,
        sample_size=sample,
        raters_per_latent=raters,
        retest_share=retest_share,
    )
    for name, role, institution in (
        ("ada", Role.ANNOTATOR, north),
        ("ben", Role.ANNOTATOR, south),
        ("cora", Role.ADJUDICATOR, None),
        ("rosa", Role.RESEARCHER, None),
        ("nora", Role.COORDINATOR, north),
    ):
        add_member(study=study, user=people[name], role=role, institution=institution, by=None, now=NOW)
    draw_sample(study=study, by=people["rosa"], now=NOW)
    if open_the_round:
        open_round(study=study, by=people["rosa"], now=NOW)
    study.refresh_from_db()
    return World(study=study, north=north, south=south, **people)


def person(name: str) -> User:
    return User.objects.create_user(f"{name}@hospital.example", name=name.title())


def finished_run(*, latents: int = LATENTS) -> MiningRun:
    """A mining run over a small corpus whose files this world wrote, taken in by the real action."""
    folder = settings.ARTIFACT_ROOT / "world"
    folder.mkdir(parents=True, exist_ok=True)
    corpus_file = folder / "notes.jsonl"
    corpus_file.write_text("".join(json.dumps(_document(i)) + "\n" for i in range(DOCUMENTS)))
    corpus = import_corpus(
        name="Notes of the tests", source="Written for the tests.", paths=[corpus_file], by=None, now=NOW
    )
    write_sae(folder, latents)
    sae = register_sae(name="Small SAE", folder=folder, model_name="Small model", model_folder=folder, by=None, now=NOW)
    run = request_run(sae=sae, corpus=corpus, by=None, now=NOW)
    write_run(run, latents)
    ended = note_run_ended(digest=run.digest, now=NOW)
    assert ended is not None
    return ended


def write_sae(folder: Path, latents: int, *, layer: int = 1) -> None:
    """What a process without torch reads of an SAE in SAELens layout."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {"hook_name": f"blocks.{layer}.hook_resid_post", "hf_hook_name": f"model.layers.{layer}"}
    config = {"architecture": "topk", "d_sae": latents, "d_in": 8, "k": 2, "metadata": names}
    (folder / "cfg.json").write_text(json.dumps(config))


def second_run(
    run: MiningRun, *, latents: int = LATENTS, name: str = "Deeper SAE", layer: int = 2, **manifest: Any
) -> MiningRun:
    """A finished run of another SAE of the same model over the same corpus."""
    folder = settings.ARTIFACT_ROOT / "world" / name
    write_sae(folder, latents, layer=layer)
    model = run.sae.language_model
    sae = register_sae(
        name=name, folder=folder, model_name=model.name, model_folder=Path(model.folder), by=None, now=NOW
    )
    other = request_run(sae=sae, corpus=run.corpus, by=None, now=NOW)
    write_run(other, latents, layer=layer, **manifest)
    ended = note_run_ended(digest=other.digest, now=NOW)
    assert ended is not None
    return ended


def match(run: MiningRun, other: MiningRun, pairs: Sequence[tuple[int, int, float | None]]) -> None:
    """Matches from (latent of run, of other, correlation), written and taken in."""
    write_matches(run, other, pairs)
    assert note_match_ended(run=run.digest, other=other.digest, now=NOW) is not None


def write_matches(run: MiningRun, other: MiningRun, pairs: Sequence[tuple[int, int, float | None]]) -> None:
    """The files of both directions, in the contract's layout."""
    for one, two, rows in (
        (run, other, pairs),
        (other, run, [(there, here, correlation) for here, there, correlation in pairs]),
    ):
        folder = settings.ARTIFACT_ROOT / "matches" / one.digest
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(_matches(rows), folder / f"{two.digest}.parquet")


def _matches(rows: Sequence[tuple[int, int, float | None]]) -> pa.Table:
    ranks: dict[int, int] = {}
    records = []
    for latent, other, correlation in rows:
        rank = ranks[latent] = ranks.get(latent, -1) + 1
        cosine = 0.8 - rank / 10
        records.append(
            {
                "latent": latent,
                "other": other,
                "rank": rank,
                "cosine": cosine,
                "correlation": correlation,
                "tokens": 40 + latent,
            }
        )
    return pa.Table.from_pylist(records, schema=MATCHES)


MATCHES = pa.schema(
    [
        ("latent", pa.int64()),
        ("other", pa.int64()),
        ("rank", pa.int64()),
        ("cosine", pa.float64()),
        ("correlation", pa.float64()),
        ("tokens", pa.int64()),
    ]
)


def _document(number: int) -> dict[str, str]:
    sentences = [
        f"Note {number}: seen on the ward, {word} recorded on day {number % 7 + i}." for i, word in enumerate(WORDS)
    ]
    specialty = ("Cardiology", "Surgery", "Neurology")[number % 3]
    return {
        "id": f"note-{number:02d}",
        "specialty": specialty,
        "note_type": "progress",
        "patient": f"patient-{number // 2:02d}",
        "text": "\n".join(sentences),
    }


def write_run(run: MiningRun, latents: int, *, layer: int = 1, **changes: Any) -> None:
    """The files of a finished run, in the contract's layout; `changes` to its manifest."""
    folder = settings.ARTIFACT_ROOT / "runs" / run.digest
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([_latent(i, latents) for i in range(latents)]), folder / contract.LATENTS_FILE)
    snippets = [row for i in range(latents) for row in _snippets(i)]
    pq.write_table(pa.Table.from_pylist(snippets), folder / contract.SNIPPETS_FILE)
    gate = contract.Gate(
        tokens=1000,
        fve=0.87,
        l0=32.0,
        dead_share=0.0,
        norm_ratio=0.96,
        ce=3.36,
        ce_with_sae=3.40,
        declared={"fve": 0.87},
    )
    manifest = contract.Manifest(
        request=run.request,
        model_name="small",
        model_revision="a" * 64,
        hook_point=f"model.layers.{layer}",
        output_hook_point=f"model.layers.{layer}",
        sae_digest="b" * 64,
        sae_format="saelens",
        sae_architecture="topk",
        sae_width=latents,
        unit="raw",
        dtype="bfloat16",
        documents=DOCUMENTS,
        reserved_documents=8,
        duplicate_documents=0,
        tokens=5000,
        dropped_tokens={"position": 40, "norm": 2},
        histogram_edges=[0.5, 1.0, 2.0, 4.0, 8.0, 16.0],
        drawn_tokens=5000,
        specialties={"Cardiology": 1750, "Surgery": 1650, "Neurology": 1600},
        sections={"assessment": 2000, "plan": 1800, "history": 1200},
        positions=[500] * 10,
        lens=f"Logit lens: decoder direction of model.layers.{layer} through the model's final norm and unembedding.",
        gate=vars(gate),
        files={},
        software={"torch": "none"},
        seconds=1.0,
    )
    (folder / contract.MANIFEST_FILE).write_text(json.dumps(manifest.to_dict() | changes))


def _latent(index: int, latents: int) -> dict[str, Any]:
    word = WORDS[index % len(WORDS)]
    firings = 100 + index
    return {
        **_company(index, latents),
        "index": index,
        "identity": f"{index:064x}",
        "firings": firings,
        "documents": 25 + index % 5,
        "density": 0.001 * (index % 45 + 1),
        "max_activation": 12.0 + index,
        "histogram": [5, 20, 40, 30, 5 + index],
        "decile_edges": [float(edge) for edge in range(1, 10)],
        "flags": [contract.SINGLE_TOKEN] if index == 3 else [contract.DENSE] if index == 5 else [],
        "promoted": [{"token": f" {word} {i}", "logit": 3.0 - i / 4} for i in range(6)],
        "suppressed": [{"token": f" not {word} {i}", "logit": -2.0 + i / 4} for i in range(6)],
        "peak_tokens": [
            {"token": f" {word.split()[0]}", "firings": firings - 5, "share": 0.95, "mean": 6.25},
            {"token": "\n", "firings": 5, "share": 0.05, "mean": 1.5},
            {"token": "\x00", "firings": 0, "share": 0.0, "mean": 0.0},
        ],
        "specialties": [
            {"name": "Cardiology", "firings": firings - 30, "lift": 2.0},
            {"name": "Surgery", "firings": 30, "lift": 0.9},
        ],
        "sections": [
            {"name": "assessment", "firings": firings - 10, "lift": 1.5},
            {"name": "plan", "firings": 10, "lift": 0.25},
        ],
        "positions": [firings - 45, *range(1, 10)],
    }


def _company(index: int, latents: int) -> dict[str, Any]:
    """Its neighbours in the SAE and on the same tokens: the next two indices, round in a ring."""
    others = [(index + step) % latents for step in (1, 2)] if latents > 2 else []
    return {
        "neighbours": [{"latent": other, "cosine": 0.9 - i / 4} for i, other in enumerate(others)],
        "coactivation": [
            {"latent": other, "tokens": 30 - i, "lift": 12.5 - i, "phi": 0.61 - i / 4} for i, other in enumerate(others)
        ],
    }


def _snippets(index: int) -> list[dict[str, Any]]:
    word = WORDS[index % len(WORDS)]
    kinds = [
        (contract.TOP, 12),
        (contract.DECILE, 10),
        (contract.FOIL_RANDOM, 6),
        (contract.FOIL_HARD, 6),
        (contract.HELD_OUT, 3),
        (contract.HELD_OUT_RANDOM, 3),
        (contract.HELD_OUT_HARD, 3),
    ]
    return [_snippet(index, word, kind, rank) for kind, count in kinds for rank in range(count)]


def _snippet(index: int, word: str, kind: str, rank: int) -> dict[str, Any]:
    fires = kind in (contract.TOP, contract.DECILE, contract.HELD_OUT)
    document = _document((index * 3 + rank) % DOCUMENTS)
    at = document["text"].index(word)
    start = document["text"].rfind("\n", 0, at) + 1
    end = document["text"].find("\n", at) if "\n" in document["text"][at:] else len(document["text"])
    peak = (12.0 + index) * (1 - rank / 20) if fires else 0.0
    tokens = [{"start": at - start, "end": at - start + len(word), "activation": peak}] if fires else []
    decile = 9 - rank if kind == contract.DECILE else 9 if fires else None
    return {
        "latent": index,
        "kind": kind,
        "rank": rank,
        "decile": decile,
        "document": document["id"],
        "start": start,
        "end": end,
        "peak": peak,
        "tokens": tokens,
        "section": SECTIONS[rank % len(SECTIONS)],
        "context_start": document["text"].rfind("\n", 0, max(0, start - 1)) + 1,
        "context_end": len(document["text"]),
    }


ANSWERED: Mapping[str, Any] = {
    "outcome": "answered",
    "concept": "chest pain",
    "category": "finding",
    "coherence": 4,
    "specificity": 4,
    "confidence": 4,
    "flags": [],
    "rationale": "The snippets share chest pain.",
}


def complete_form(study: Study, **changes: Any) -> dict[str, Any]:
    """A complete set of answers to the study's rubric, with what the test wants to be different."""
    form = dict(ANSWERED)
    for item in study.rubric.items.all():
        if item.kind == "nominal":
            form[item.key] = item.options[0]["value"]
    return form | changes


def rate_next(study: Study, user: User, now: datetime = NOW, **changes: Any) -> Rating | None:
    """Let the person claim her next latent and rate it; None if nothing is left for her."""
    slot = claim(study=study, by=user, now=now)
    if slot is None:
        return None
    ticket = read_ticket(write_ticket(slot), by=user)
    return submit_rating(ticket=ticket, raw=complete_form(study, **changes), active_seconds=40.0, by=user, now=now)


def add_rater(world: World, name: str, institution: Institution) -> User:
    user = person(name)
    add_member(study=world.study, user=user, role=Role.ANNOTATOR, institution=institution, by=None, now=NOW)
    return user


def pseudonym(study: Study, user: User) -> str:
    return Membership.objects.get(study=study, user=user).pseudonym


def unknown_token() -> uuid.UUID:
    return uuid.uuid4()
