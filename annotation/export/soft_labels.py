"""Soft targets of a release for training: each latent's opinion distribution, how much to trust it, who said what.

One row a latent and rubric item. `weight` is n_eff / (n_eff + 2): a latent that three independent raters answered has
0.6, one with a single rater 0.33, and no number of raters more than 1. `answers` are the disaggregated ratings, one a
rater (Uma et al. 2021, Learning from disagreement, doi 10.1613/jair.1.12752). The columns that begin with `privileged_`
are known of training examples and of no new text: what SVM+ and its kin may learn from and never predict with
(Vapnik & Vashist 2009, doi 10.1016/j.neunet.2009.06.042).

Latents are read in blocks, so that memory does not grow with the study.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from annotation.export.manifest import read_manifest
from annotation.export.recompute.laid_out import NOT_CLINICAL
from annotation.export.recompute.released_rows import CannotRecompute
from annotation.science.members import NO, YES

BLOCK = 512
"""Latents at a time."""
PRIOR_RATERS = 2.0
Row = dict[str, Any]

ANSWER = pa.struct(
    [
        pa.field("rater", pa.string()),
        pa.field("institution", pa.string()),
        pa.field("round", pa.int64()),
        pa.field("class_position", pa.int64()),
        pa.field("weight", pa.float64()),
        pa.field("confidence", pa.float64()),
        pa.field("learnability", pa.float64()),
        pa.field("active_seconds", pa.float64()),
        pa.field("evidence_places", pa.int64()),
        pa.field("rationale", pa.string()),
    ]
)
MEANINGS: Mapping[str, tuple[pa.DataType, str]] = {
    "latent": (pa.int64(), "The latent: its column of the SAE."),
    "identity": (pa.string(), "Digest of what the label attaches to."),
    "item": (pa.string(), "The rubric item, or `<item>-<flag>`."),
    "classes": (pa.list_(pa.string()), "The answers; every list below follows their order."),
    "soft": (pa.list_(pa.float64()), "theta: expected share of opinion of each class. The target of training."),
    "truth": (pa.list_(pa.float64()), "q: posterior of each class, were one answer right."),
    "votes": (pa.list_(pa.float64()), "Ratings for each class."),
    "hard": (
        pa.int64(),
        "Place of the class with most votes, from 0, of a tie the first: the target that throws opinions away.",
    ),
    "weight": (pa.float64(), "n_eff / (n_eff + 2)."),
    "n_eff": (pa.float64(), "Effective number of raters."),
    "state": (pa.string(), "Where the latent stands: accepted, persistent, decided, …"),
    "answers": (pa.list_(ANSWER), "One a rating that counts and is an answer; class_position from 0."),
    "privileged_entropy": (pa.float64(), "Of the soft target, 0 to 1."),
    "privileged_flip_rate": (pa.float64(), "Share of resamples of the raters in which the leader changes."),
    "privileged_cannot_tell": (pa.float64(), "Share of raters who could not tell."),
    "privileged_confidence": (pa.float64(), "Mean confidence, as a share of its scale."),
    "privileged_learnability": (pa.float64(), "Mean learnability of the rationales; missing where nobody read any."),
    "privileged_active_seconds": (pa.float64(), "Mean seconds of activity."),
    "privileged_evidence_places": (pa.float64(), "Mean number of places that a rationale points at."),
    "simulated": (pa.bool_(), "True where a program, not people, gave the ratings."),
}
SCHEMA = pa.schema([pa.field(name, kind, metadata={"meaning": said}) for name, (kind, said) in MEANINGS.items()])


def write_soft_labels(folder: Path, target: Path) -> int:
    """Write `.parquet` or `.jsonl`, by the target's ending. Returns the rows.

    Raises ValueError for another ending, FileExistsError where the target exists, UnreadableManifest, CannotRecompute.
    """
    if target.suffix not in (".parquet", ".jsonl"):
        raise ValueError(f"Name a file that ends in .parquet or .jsonl; {target.name} does not.")
    if target.exists():
        raise FileExistsError(f"There is a {target} already. Name another file, or remove it.")
    draft, rows = target.with_name(f".{target.name}.part"), 0
    try:
        if target.suffix == ".jsonl":
            with draft.open("w", encoding="utf-8") as file:
                for block in soft_labels(folder):
                    file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in block)
                    rows += len(block)
        else:
            run = (read_manifest(folder)["mining"] or {}).get("run", "")  # Of a study whose latents were mined.
            schema = SCHEMA.with_metadata({"run": run})
            with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
                for block in soft_labels(folder):
                    writer.write_table(pa.Table.from_pylist(block, schema=schema))
                    rows += len(block)
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    return rows


def soft_labels(folder: Path) -> Iterator[list[Row]]:
    """Rows as MEANINGS has them, a block of latents at a time, by latent and item."""
    manifest = read_manifest(folder)
    asked = _Asked.of(_file(folder, manifest, "rubrics"), manifest["rubric"])
    ratings, distributions = _file(folder, manifest, "ratings"), _file(folder, manifest, "distributions")
    latents = sorted(pc.unique(pq.read_table(distributions, columns=["latent"]).column("latent")).to_pylist())
    for start in range(0, len(latents), BLOCK):
        chosen = [("latent", "in", latents[start : start + BLOCK])]
        given = pq.read_table(ratings, filters=[*chosen, ("current", "==", True)]).to_pylist()
        classes = pq.read_table(distributions, filters=chosen).to_pylist()
        yield list(_rows(classes, given, asked))


def _file(folder: Path, manifest: Mapping[str, Any], table: str) -> Path:
    for file in manifest["files"]:
        if (file["table"], file["format"]) == (table, "parquet"):
            return folder / str(file["name"])
    raise CannotRecompute(f"This release has no table “{table}” as Parquet.")


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """The rubric's items: what a rating answers to each question that there is a consensus on."""

    kinds: Mapping[str, str]
    """By key of an item, or of an item and a flag."""
    flags: Mapping[str, tuple[str, str]]
    """By `<item>-<flag>`: item and flag."""
    confidence: tuple[str, float, float] | None
    """Key, lowest and highest point of the item that asks how sure the rater is."""

    @classmethod
    def of(cls, rubrics: Path, rubric: Mapping[str, Any]) -> "_Asked":
        chosen = [("rubric", "==", rubric["name"]), ("rubric_version", "==", rubric["version"])]
        kinds: dict[str, str] = {}
        flags: dict[str, tuple[str, str]] = {}
        points: dict[str, list[float]] = defaultdict(list)
        for row in pq.read_table(rubrics, filters=chosen).to_pylist():
            kinds[row["item"]] = row["kind"]
            if row["kind"] == "flags":
                flags[f"{row['item']}-{row['option']}"] = (row["item"], row["option"])
            elif row["kind"] == "confidence":
                points[row["item"]].append(float(row["option"]))
        sure = next(((key, min(scale), max(scale)) for key, scale in points.items()), None)
        return cls(kinds=kinds, flags=flags, confidence=sure)

    def answer(self, key: str, rating: Row) -> str | None:
        """The class that a rating chose; None where it did not answer the question or could not tell."""
        if rating.get(f"weight_{key}") is None:
            return None
        if key in self.flags:
            item, flag = self.flags[key]
            set_ = rating[f"answer_{item}"]
            return None if set_ is None else YES if flag in set_ else NO
        if rating["outcome"] == "not-clinical":
            return NOT_CLINICAL if self.kinds.get(key) in ("concept", "nominal") else None
        said = rating["concept_counted"] if self.kinds.get(key) == "concept" else rating.get(f"answer_{key}")
        return None if said is None else str(said)

    def sureness(self, rating: Row) -> float | None:
        """0 to 1."""
        if self.confidence is None:
            return None
        key, low, high = self.confidence
        said = rating.get(f"answer_{key}")
        return None if said is None or low == high else (float(said) - low) / (high - low)


def _rows(classes: Iterable[Row], ratings: Iterable[Row], asked: _Asked) -> Iterator[Row]:
    given: dict[int, list[Row]] = defaultdict(list)
    for rating in ratings:
        given[rating["latent"]].append(rating)
    grouped: dict[tuple[int, str], list[Row]] = defaultdict(list)
    for row in classes:
        grouped[row["latent"], row["item"]].append(row)
    for (latent, item), of_item in sorted(grouped.items()):
        yield _row(item, sorted(of_item, key=lambda row: row["class_position"]), given[latent], asked)


def _row(item: str, classes: Sequence[Row], ratings: Sequence[Row], asked: _Asked) -> Row:
    first = classes[0]
    names = [row["class"] for row in classes]
    votes = [row["votes"] for row in classes]
    answers = [
        _answer(item, names.index(said), rating, asked)
        for rating in ratings
        if (said := asked.answer(item, rating)) in names
    ]
    return {
        **{name: first[name] for name in ("latent", "identity", "item", "n_eff", "state", "simulated")},
        "classes": names,
        "soft": [row["theta"] for row in classes],
        "truth": [row["q"] for row in classes],
        "votes": votes,
        "hard": votes.index(max(votes)),
        "weight": first["n_eff"] / (first["n_eff"] + PRIOR_RATERS),
        "answers": answers,
        "privileged_entropy": first["entropy"],
        "privileged_flip_rate": first["flip_rate"],
        "privileged_cannot_tell": first["cannot_tell"] / max(1, first["cannot_tell"] + first["ratings"]),
        **{
            f"privileged_{name}": _mean(answer[name] for answer in answers)
            for name in ("confidence", "learnability", "active_seconds", "evidence_places")
        },
    }


def _answer(item: str, position: int, rating: Row, asked: _Asked) -> Row:
    return {
        **{name: rating[name] for name in ("rater", "institution", "round", "active_seconds", "rationale")},
        "class_position": position,
        "weight": rating[f"weight_{item}"],
        "confidence": asked.sureness(rating),
        "learnability": rating.get("learnability"),
        "evidence_places": len(json.loads(rating.get("evidence") or "[]")),
    }


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
