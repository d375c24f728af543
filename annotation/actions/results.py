"""Computes a study's agreement and consensus from its ratings, once per set of ratings."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from annotation.actions import audit
from annotation.enums import AuditVerb, ItemKind
from annotation.models import Agreement, Consensus, RaterReliability, Rating, ResultRun, RubricItem, Study
from annotation.queries.calibration_answers import KnownAnswers, calibration_answers
from annotation.queries.learnability_scores import learnability_scores, scores_taken
from annotation.queries.rating_records import RatingRecord, answers_for, current_ratings, science_item
from annotation.queries.results import CALIBRATION, READINGS, REFERENCES, RUBRIC, SCORES
from annotation.queries.withheld import withheld_raters
from annotation.science.alpha import alpha
from annotation.science.clc import clc
from annotation.science.clc_parameters import ClcParameters
from annotation.science.clc_result import ClcResult
from annotation.science.dawid_skene import DawidSkene, dawid_skene
from annotation.science.digest import digest
from annotation.science.distance import Level
from annotation.science.gwet import Weights, gwet
from annotation.science.majority import majority
from annotation.science.members import YES_OR_NO, answers_by_member
from annotation.science.raw_agreement import raw_agreement
from annotation.science.table import RatingTable
from annotation.science.types import Answer, Estimate, Item, Undefined

VERSION = "results-1"
REPLICATES = 2000
LEVELS: Mapping[ItemKind, Level] = {
    ItemKind.CONCEPT: "nominal",
    ItemKind.NOMINAL: "nominal",
    ItemKind.ORDINAL: "ordinal",
    ItemKind.CONFIDENCE: "ordinal",
    ItemKind.FLAGS: "sets",
}


@dataclass(frozen=True, kw_only=True)
class Question:
    """One thing that consensus is sought on: a rubric item, or one flag of it."""

    key: str
    item: Item
    answers: tuple[Answer, ...]


def compute_results(*, study_id: int, now: datetime) -> ResultRun | None:
    """The results of the study's ratings as they are now; those computed before from the same ratings are returned.

    None if nobody has rated and nobody took her ratings away. One computation at a time a study: a second one waits,
    and then finds the first one's.
    """
    with transaction.atomic():
        _one_at_a_time(study_id)
        study = Study.objects.select_related("rubric").get(pk=study_id)
        # Before the ratings are read: what comes in between makes these results stale, and is never taken for read.
        newest = Rating.objects.filter(study=study).aggregate(Max("pk"))["pk__max"] or 0
        taken = scores_taken(study)
        scores = learnability_scores(study)
        records = current_ratings(study, scores=scores)
        known = calibration_answers(study, scores)
        gone = withheld_raters(study)
        if not records and not gone:
            return None
        items = list(study.rubric.items.all())
        parameters = ClcParameters()
        inputs = digest(
            (record.fingerprint() for record in records),
            version=VERSION,
            parameters=asdict(parameters),
            rubric=study.rubric_id,
            seed=study.seed,
            newest=newest,
            withheld=gone,
            scores=list(scores.items()),
            taken=taken,
            calibration=known.by_item,
            references=known.references,
        )
        existing = ResultRun.objects.filter(study=study, input_digest=inputs).first()
        if existing:
            return existing
        counts = {
            READINGS: taken.readings,
            SCORES: taken.as_json(),
            CALIBRATION: known.ratings,
            REFERENCES: known.references,
        }
        return _compute(study, items, records, known, parameters, counts, inputs, newest, now)


def _one_at_a_time(study_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('consilium results', %s))", [study_id])


def _compute(
    study: Study,
    items: list[RubricItem],
    records: list[RatingRecord],
    known: KnownAnswers,
    parameters: ClcParameters,
    counts: Mapping[str, Any],
    inputs: str,
    newest: int,
    now: datetime,
) -> ResultRun:
    started = time.monotonic()
    # Where all that was rated is withheld, the run says so by its noughts and holds no row.
    answered = items if records else []
    agreements = [row for item in answered for row in agreement_rows(item, records, seed=study.seed)]
    consensuses: list[Consensus] = []
    reliabilities: list[RaterReliability] = []
    for item in answered:
        for question in questions(item, records):
            calibration = known.by_item.get(question.key, ())
            result = clc(question.answers, question.item, parameters, seed=study.seed, calibration=calibration)
            if isinstance(result, ClcResult):
                consensuses += consensus_rows(question, result)
                reliabilities += reliability_rows(question, result)
    run = ResultRun.objects.create(
        study=study,
        input_digest=inputs,
        method_version=f"{VERSION}/{parameters.version}",
        parameters=asdict(parameters) | {RUBRIC: study.rubric_id, **counts},
        seed=study.seed,
        last_rating=newest,
        ratings=len(records),
        raters=len({record.rater for record in records}),
        latents=len({record.latent for record in records}),
        computed_at=now,
        seconds=time.monotonic() - started,
    )
    for rows in (agreements, consensuses, reliabilities):
        for row in rows:
            row.run = run
    Agreement.objects.bulk_create(agreements)
    Consensus.objects.bulk_create(consensuses, batch_size=500)
    RaterReliability.objects.bulk_create(reliabilities)
    audit.record(AuditVerb.RESULTS_COMPUTED, run, by=None, now=now, study=study, inputs=inputs, ratings=len(records))
    return run


def agreement_rows(item: RubricItem, records: Sequence[RatingRecord], *, seed: int) -> Iterator[Agreement]:
    """Alpha, Gwet's coefficient and raw agreement on the item, each with its interval or its reason.

    None on free text: words that nobody was asked to choose among agree or disagree by chance of wording alone.
    """
    kind = ItemKind(item.kind)
    if kind == ItemKind.TEXT:
        return
    answers = answers_for(item, records)
    domain = None if kind in (ItemKind.CONCEPT, ItemKind.FLAGS) else list(science_item(item).classes)
    table = RatingTable.from_answers(answers, domain)
    yield _agreement(item, "alpha", LEVELS[kind], alpha(table, LEVELS[kind], seed=seed, replicates=REPLICATES), table)
    if kind != ItemKind.FLAGS:
        ordered = kind in (ItemKind.ORDINAL, ItemKind.CONFIDENCE)
        weights: Weights = "ordinal" if ordered else "identity"
        name = "ac2" if ordered else "ac1"
        yield _agreement(item, name, LEVELS[kind], gwet(table, weights, seed=seed, replicates=REPLICATES), table)
    yield _agreement(item, "raw", LEVELS[kind], raw_agreement(table, seed=seed, replicates=REPLICATES), table)


def _agreement(
    item: RubricItem, coefficient: str, level: str, estimate: Estimate | Undefined, table: RatingTable
) -> Agreement:
    row = Agreement(item=item.key, scope="all", coefficient=coefficient, level=level)
    if isinstance(estimate, Undefined):
        row.undefined_reason = estimate.reason
        row.units, row.ratings, row.raters = len(table.units), int(table.counts.sum()), len(table.raters)
        return row
    row.value, row.low, row.high = estimate.value, estimate.low, estimate.high
    row.interval_reason = estimate.interval_reason
    row.units, row.ratings, row.raters = estimate.n_units, estimate.n_ratings, estimate.n_raters
    return row


def questions(item: RubricItem, records: Sequence[RatingRecord]) -> Iterator[Question]:
    """What consensus is computed on: each item once, flags once a flag, confidence and free text not at all."""
    if item.kind in (ItemKind.CONFIDENCE, ItemKind.TEXT):
        return
    if item.kind != ItemKind.FLAGS:
        yield Question(key=item.key, item=science_item(item), answers=tuple(answers_for(item, records)))
        return
    members = [option["value"] for option in item.options]
    for member in members:
        given = answers_by_member(answers_for(item, records, flag=member), members)[member]
        yield Question(key=f"{item.key}-{member}", item=YES_OR_NO, answers=given)


def consensus_rows(question: Question, result: ClcResult) -> Iterator[Consensus]:
    """One row a latent: both layers of CLC with majority vote and Dawid-Skene beside them."""
    votes = {row.latent: row for row in majority(question.answers)}
    other = dawid_skene(question.answers, question.item)
    for latent in result.latents:
        counted = votes[latent.latent]
        yield Consensus(
            latent_id=int(latent.latent),
            item=question.key,
            classes=list(latent.classes),
            votes=[counted.votes.get(label, 0.0) for label in latent.classes],
            q=list(latent.q),
            theta=list(latent.theta),
            majority=list(counted.winners),
            n_eff=latent.n_eff,
            flip_rate=latent.flip_rate,
            entropy=latent.entropy,
            ratings=latent.n_raters,
            cannot_tell=latent.cannot_tell,
            institutions=latent.n_institutions,
            weights=dict(latent.weights),
            **_dawid_skene(other, latent.latent, latent.classes),
        )


def _dawid_skene(fitted: DawidSkene | Undefined, latent: str, classes: Sequence[Any]) -> dict[str, Any]:
    if isinstance(fitted, Undefined):
        return {"dawid_skene": None, "dawid_skene_reason": fitted.reason}
    posterior = fitted.of(latent)
    return {"dawid_skene": [posterior.get(label, 0.0) for label in classes]}


def reliability_rows(question: Question, result: ClcResult) -> Iterator[RaterReliability]:
    for weight in result.raters:
        yield RaterReliability(
            item=question.key,
            pseudonym=weight.rater,
            mean=weight.prior.mean,
            low=weight.prior.low,
            high=weight.prior.high,
            fitted=weight.reliability,
            ratings=weight.n_latents,
        )
