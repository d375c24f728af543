"""Everything that a study's results are computed from, at one moment: read once, and kept until they are computed."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from operator import attrgetter
from typing import Any

from annotation.models import RubricItem, Study
from annotation.queries.calibration_answers import KnownAnswers, calibration_answers
from annotation.queries.concept_names import broader, concept_names
from annotation.queries.judging import deciding_item, judged_with
from annotation.queries.latent_specialties import latent_specialties
from annotation.queries.learnability_scores import learnability_scores, scores_taken
from annotation.queries.rating_records import RatingRecord, all_ratings
from annotation.queries.results import CALIBRATION, READINGS, REFERENCES, SCORES
from annotation.queries.watermarks import watermarks
from annotation.queries.withheld import withheld_raters
from annotation.science.digest import digest
from annotation.science.types import CalibrationAnswer, LearnabilityScore


@dataclass(frozen=True, kw_only=True)
class Inputs:
    study: int
    seed: int
    rubric: int
    """Version whose items the results are on."""
    seen: Mapping[str, int]
    """queries.watermarks: what had come in when these were read."""
    records: tuple[RatingRecord, ...]
    """Of rating_records.all_ratings."""
    known: KnownAnswers
    taken: Mapping[str, Any]
    """What the scores of rationales come from (queries.learnability_scores)."""
    gone: tuple[str, ...]
    """Raters whose ratings were withheld."""
    broader: Mapping[str, tuple[str, ...]]
    """By concept name, the names of all that are broader."""
    specialties: Mapping[int, str]
    """By sampled latent."""
    standing: Mapping[str, Any]
    """What verdicts rest on beside all this: `thresholds` (queries.judging.judged_with), the `deciding` item, and how
    many `extra_rounds` each latent has used. Results do not rest on it; their sensitivity does.
    """

    @cached_property
    def counted(self) -> tuple[RatingRecord, ...]:
        return tuple(record for record in self.records if record.counts)

    @property
    def counts(self) -> dict[str, Any]:
        """What a run's parameters say of its inputs."""
        return {
            READINGS: self.taken["readings"],
            SCORES: dict(self.taken),
            CALIBRATION: self.known.ratings,
            REFERENCES: self.known.references,
        }

    @cached_property
    def items(self) -> tuple[RubricItem, ...]:
        return tuple(RubricItem.objects.filter(version=self.rubric).order_by("position"))

    def digest(self, **context: Any) -> str:
        """Of all that results rest on: without what came in and changes nothing (`seen`), and without `standing`."""
        plain = _plain(self)
        del plain["seen"], plain["standing"]
        return digest(plain.pop("records"), inputs=plain, **context)


def read_inputs(study: Study) -> Inputs:
    """As they are now. What comes in while they are read makes them stale and is never taken for read."""
    seen = watermarks(study)
    taken, scores = scores_taken(study).as_json(), learnability_scores(study)
    return Inputs(
        study=study.pk,
        seed=study.seed,
        rubric=study.rubric_id,
        seen=seen,
        records=tuple(all_ratings(study, scores=scores, names=concept_names(study))),
        known=calibration_answers(study, scores),
        taken=taken,
        gone=tuple(withheld_raters(study)),
        broader={name: tuple(sorted(above)) for name, above in sorted(broader(study).items())},
        specialties=latent_specialties(study),
        standing=_standing(study),
    )


def _standing(study: Study) -> dict[str, Any]:
    used = study.sample.filter(extra_rounds__gt=0).order_by("pk").values_list("pk", "extra_rounds")
    return {
        "thresholds": judged_with(study),
        "deciding": deciding_item(study),
        "extra_rounds": {str(latent): rounds for latent, rounds in used},
    }


def pack(inputs: Inputs) -> bytes:
    return zlib.compress(json.dumps(_plain(inputs), separators=(",", ":")).encode(), level=1)


def unpack(content: bytes | memoryview) -> Inputs:
    plain = json.loads(zlib.decompress(content))
    known = plain["known"]
    read = {
        "records": tuple(_record(row) for row in plain["records"]),
        "known": KnownAnswers(**{**known, "by_item": {key: _answers(rows) for key, rows in known["by_item"].items()}}),
        "gone": tuple(plain["gone"]),
        "broader": {name: tuple(above) for name, above in plain["broader"].items()},
        "specialties": {int(latent): name for latent, name in plain["specialties"].items()},
    }
    return Inputs(**{**plain, **read})


RECORD = tuple(field.name for field in fields(RatingRecord) if field.name != "scores")
ANSWER = tuple(field.name for field in fields(CalibrationAnswer) if field.name != "scores")


def _plain(inputs: Inputs) -> dict[str, Any]:
    """As JSON holds it: a record a list, in the order of its fields, its scores last."""
    known = inputs.known
    rows, answers = attrgetter(*RECORD), attrgetter(*ANSWER)
    return {field.name: getattr(inputs, field.name) for field in fields(inputs)} | {
        "records": [[*rows(record), _pairs(record.scores)] for record in inputs.records],
        "known": {
            "by_item": {
                key: [[*answers(one), _pairs(one.scores)] for one in given] for key, given in known.by_item.items()
            },
            "ratings": known.ratings,
            "references": known.references,
        },
    }


def _pairs(scores: tuple[LearnabilityScore, ...]) -> list[list[Any]]:
    return [[score.scorer, score.value] for score in scores]


def _scores(pairs: list[list[Any]]) -> tuple[LearnabilityScore, ...]:
    return tuple(LearnabilityScore(scorer, value) for scorer, value in pairs)


def _record(row: list[Any]) -> RatingRecord:
    return RatingRecord(**dict(zip(RECORD, row[:-1], strict=True)), scores=_scores(row[-1]))


def _answers(rows: list[list[Any]]) -> tuple[CalibrationAnswer, ...]:
    return tuple(CalibrationAnswer(**dict(zip(ANSWER, row[:-1], strict=True)), scores=_scores(row[-1])) for row in rows)
