"""A release in Neuronpedia's bulk layout: features without any text of the corpus, and explanations.

    <model>/<source>/release.jsonl, model.jsonl, sourceset.jsonl, source.jsonl
    <model>/<source>/features/batch-0.jsonl.gz
    <model>/<source>/explanations/batch-0.jsonl.gz

Neuronpedia takes a table's columns from its first line, so every line has the same keys, and its foreign keys stay
empty or name the user that was given: `typeName` and `explanationModelName` are null, for people gave these.
"""

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotation.interop.released import Released, Row, leaders

BATCH = 10_000
"""Lines a file: far below the 65,000 that Neuronpedia inserts at once."""
CONSENSUS, RATERS, BOTH = "consensus", "raters", "both"
WHICH = (BOTH, CONSENSUS, RATERS)


@dataclass(frozen=True, kw_only=True)
class Target:
    """Names over there."""

    model: str
    source: str
    """`<layer>-<set>`"""
    user: str
    """Id of the user who becomes creator and author: it must be there before the import."""
    hook_name: str


def write_source(
    folder: Path, released: Released, features: Iterable[Row], target: Target, *, which: str = BOTH
) -> dict[str, int]:
    """Fill the empty folder; returns lines by kind. features: rows of `queries.exported_features`."""
    place = folder / target.model / target.source
    place.mkdir(parents=True)
    for name, row in _about(released, target):
        _write_lines(place / name, [row])
    return {
        "features": _write_batches(place / "features", (_feature(row, released, target) for row in features)),
        "explanations": _write_batches(place / "explanations", _explanations(released, target, which)),
    }


def _explanations(released: Released, target: Target, which: str) -> Iterator[Row]:
    if which != RATERS:
        yield from _consensus(released, target)
    if which != CONSENSUS:
        for rating in released.ratings():
            key = (rating["latent"], rating["rater"], rating["round"], rating["round_kind"], rating["revision"])
            yield _explanation(released, target, key, _text(rating), _of_rating(rating))


def _consensus(released: Released, target: Target) -> Iterator[Row]:
    """One line a latent that has a consensus on its concept."""
    item, decisions = released.concept_item, released.decisions()
    distributions = released.distributions()
    for latent in released.latents():
        items = distributions.get(latent["latent"], {})
        names = leaders(items.get(item, []))
        if names:
            notes = _of_consensus(latent, items, item, decisions.get(latent["latent"]))
            yield _explanation(released, target, (latent["latent"], "consensus"), " or ".join(names), notes)


def _explanation(released: Released, target: Target, key: tuple[Any, ...], text: str, notes: Row) -> Row:
    return {
        "id": _id(released, "explanation", *key),
        "modelId": target.model,
        "layer": target.source,
        "index": str(key[0]),
        "description": _clean(text),
        "authorId": target.user,
        "embedding": None,
        "triggeredById": None,
        "typeName": None,
        "explanationModelName": None,
        "notes": _clean(json.dumps(notes | {"from": released.label}, ensure_ascii=False, allow_nan=False)),
        "createdAt": released.manifest["cut_at"],
    }


def _text(rating: Row) -> str:
    return rating["concept_written"] or rating["concept"] or ""


def _of_rating(rating: Row) -> Row:
    answers = {name.removeprefix("answer_"): value for name, value in rating.items() if name.startswith("answer_")}
    weights = {name.removeprefix("weight_"): value for name, value in rating.items() if name.startswith("weight_")}
    kept = ("rater", "round", "round_kind", "rubric", "rubric_version", "rationale", "concept_counted")
    return {
        "kind": "rating",
        **{name: rating[name] for name in kept},
        "second_concept": rating["second_concept_written"],
        "answers": answers,
        "weights": weights,
        "submitted_at": rating["submitted_at"],
    }


def _of_consensus(latent: Row, items: dict[str, list[Row]], item: str, decision: Row | None) -> Row:
    """The whole distribution, and what else was asked; a decision stands beside it."""
    first = items[item][0]
    counts = ("n_eff", "flip_rate", "entropy", "ratings", "cannot_tell", "institutions")
    kept = ("outcome", "concept", "cause", "rationale", "look")
    return {
        "kind": "consensus",
        "state": latent["state"],
        "identity": latent["identity"],
        "item": item,
        **{name: {row["class"]: row[name] for row in items[item]} for name in ("votes", "theta", "q", "dawid_skene")},
        **{name: first[name] for name in counts},
        "other_items": {
            name: {row["class"]: row["theta"] for row in rows} for name, rows in items.items() if name != item
        },
        "decision": {name: decision[name] for name in kept} if decision else None,
    }


def _feature(row: Row, released: Released, target: Target) -> Row:
    """Columns of Neuronpedia's table of features. What is of the corpus's text stays empty."""
    return {
        "modelId": target.model,
        "layer": target.source,
        "index": str(row["index"]),
        "creatorId": target.user,
        "createdAt": released.manifest["cut_at"],
        "maxActApprox": row["max_activation"],
        "hasVector": False,
        "vector": [],
        "vectorLabel": None,
        "vectorDefaultSteerStrength": row["max_activation"],
        "hookName": target.hook_name or None,
        "topkCosSimIndices": [other["latent"] for other in row["neighbours"]],
        "topkCosSimValues": [other["cosine"] for other in row["neighbours"]],
        "neuron_alignment_indices": [],
        "neuron_alignment_values": [],
        "neuron_alignment_l1": [],
        "correlated_neurons_indices": [],
        "correlated_neurons_pearson": [],
        "correlated_neurons_l1": [],
        "correlated_features_indices": [other["latent"] for other in row["coactivation"]],
        "correlated_features_pearson": [other["phi"] for other in row["coactivation"]],
        "correlated_features_l1": [0.0 for _ in row["coactivation"]],
        "neg_str": [_clean(token["token"]) for token in row["suppressed"]],
        "neg_values": [token["logit"] for token in row["suppressed"]],
        "pos_str": [_clean(token["token"]) for token in row["promoted"]],
        "pos_values": [token["logit"] for token in row["promoted"]],
        "frac_nonzero": row["density"],
        "freq_hist_data_bar_heights": row["bar_heights"],
        "freq_hist_data_bar_values": row["bar_values"],
        "logits_hist_data_bar_heights": [],
        "logits_hist_data_bar_values": [],
        "decoder_weights_dist": [],
        "sourceSetName": _set(target),
    }


def _about(released: Released, target: Target) -> list[tuple[str, Row]]:
    """The four files that say what the source is."""
    label, at = released.label, released.manifest["cut_at"]
    name = f"{label['study']}-release-{label['release']}"
    said = f"Ratings by physicians: {released.manifest['study']['name']}, release {label['release']}"
    said += " (SIMULATED: no person rated)" if released.simulated else ""
    by = {"creatorId": target.user, "createdAt": at}
    source = {
        "id": target.source,
        "modelId": target.model,
        "setName": _set(target),
        "hasDashboards": False,
        "inferenceEnabled": False,
        "visibility": "PRIVATE",
        "notes": json.dumps(label, ensure_ascii=False),
    }
    model = {"id": target.model, "instruct": False, "displayName": target.model, "displayNameShort": target.model}
    return [
        (
            "release.jsonl",
            {"name": name, "description": said, "creatorName": "Consilium", "visibility": "PRIVATE", **by},
        ),
        ("model.jsonl", {**model, "visibility": "PRIVATE", "updatedAt": at, **by}),
        (
            "sourceset.jsonl",
            {
                "modelId": target.model,
                "name": _set(target),
                "description": said,
                "creatorName": "Consilium",
                "releaseName": name,
                "visibility": "PRIVATE",
                **by,
            },
        ),
        ("source.jsonl", source | by),
    ]


def _set(target: Target) -> str:
    """The source without its layer and suffix."""
    return target.source.partition("-")[2].partition("__")[0] or target.source


def _id(released: Released, *key: Any) -> str:
    """25 characters, the same whenever the same release is exported."""
    return "c" + hashlib.sha256(json.dumps([released.digest, *key]).encode()).hexdigest()[:24]


def _clean(text: str) -> str:
    return text.replace("\x00", "\u2400")


def _write_batches(folder: Path, rows: Iterable[Row]) -> int:
    folder.mkdir()
    total, batch = 0, 0
    waiting: list[Row] = []
    for row in rows:
        waiting.append(row)
        total += 1
        if len(waiting) == BATCH:
            _write_lines(folder / f"batch-{batch}.jsonl.gz", waiting)
            waiting, batch = [], batch + 1
    if waiting or not total:
        _write_lines(folder / f"batch-{batch}.jsonl.gz", waiting)
    return total


def _write_lines(path: Path, rows: list[Row]) -> None:
    content = "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
