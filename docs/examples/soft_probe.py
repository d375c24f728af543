"""Train a small probe from SAE activations to concepts, once with soft and once with hard targets, and compare.

    python -m annotation.export soft-labels RELEASE -o soft.parquet
    python docs/examples/soft_probe.py soft.parquet ARTIFACTS/runs/DIGEST/snippets.parquet

An example is a rated latent in a passage where it fires. The probe sees how strongly the *other* latents of the SAE
fire in that passage, and has to say what physicians would call it: as a distribution. Passages are held out, latents
are not: what the figures say is how well a passage's activations tell which opinion to expect.

The probe is multinomial logistic regression with an L2 penalty. Its loss takes a distribution as its target, so that
the same code trains on theta (soft) and on the one label with most votes (hard); each example counts by its weight,
n_eff / (n_eff + 2). How strong the penalty is, each finds by cross-validation over the passages to train on, against
the targets that it is trained with. Whatever it was trained on, it is judged against theta.
"""

import argparse
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # Products this small only wait for each other in threads.
import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from scipy.optimize import minimize
from scipy.special import log_softmax, rel_entr, softmax

Array = npt.NDArray[np.float64]
FIRING = ("top", "decile", "held-out")
"""Kinds of snippets on which their latent fires."""
HELD_OUT = 4
"""One passage in so many is for the test."""
LEAST_PASSAGES = 5
"""A latent that fires in fewer is no feature."""
FOLDS = 4
PENALTIES = (1.0, 1e-1, 1e-2, 1e-3)
"""Of the L2 penalty, the strongest first."""
COVERAGES = (0.25, 0.5, 0.75, 1.0)
BINS = 10


@dataclass(frozen=True)
class Examples:
    features: Array
    """(examples, features): square root of peak activation over the latent's largest, 0 where it is silent."""
    soft: Array
    """(examples, classes): theta."""
    hard: Array
    """(examples, classes): 1 for the class with most votes."""
    weight: Array
    """(examples,)"""
    test: npt.NDArray[np.bool_]
    """(examples,): of a passage that is held out."""
    fold: npt.NDArray[np.int64]
    """(examples,): the part of cross-validation that its passage belongs to."""
    classes: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> dict[str, Mapping[str, float]]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("soft_labels", type=Path)
    parser.add_argument("snippets", type=Path, help="snippets.parquet of the study's mining run")
    parser.add_argument("--item", default="concept", help="rubric item (default: concept)")
    parser.add_argument("--penalty", type=float, help="of the L2 penalty (default: by cross-validation)")
    asked = parser.parse_args(arguments)
    check_same_run(asked.soft_labels, asked.snippets)
    examples = read_examples(asked.soft_labels, asked.snippets, asked.item)
    train, test = ~examples.test, examples.test
    print(f"{train.sum()} examples to train on, {test.sum()} to test; {examples.features.shape[1]} features, "
          f"{len(examples.classes)} classes")  # fmt: skip
    x = turned(examples.features, train)
    found = {}
    for name, targets in (("soft", examples.soft), ("hard", examples.hard)):
        own = (x[train], targets[train], examples.weight[train])
        penalty = asked.penalty or best_penalty(*own, examples.fold[train])
        print(f"{name} targets: penalty {penalty:g}")
        predicted = predict(fit(*own, penalty=penalty), x[test])
        found[name] = figures(predicted, examples.soft[test], examples.weight[test])
    prior = np.average(examples.soft[train], axis=0, weights=examples.weight[train])
    found["no features"] = figures(np.tile(prior, (test.sum(), 1)), examples.soft[test], examples.weight[test])
    print(table(found))
    return found


def check_same_run(soft_labels: Path, snippets: Path) -> None:
    """Ends with a sentence where the snippets, in a folder named for their mining run, are of another run."""
    run = (pq.read_schema(soft_labels).metadata or {}).get(b"run", b"").decode()
    if run != snippets.absolute().parent.name:
        raise SystemExit(f"{snippets} is not of the run that was rated. Name .../runs/{run}/snippets.parquet.")


def read_examples(soft_labels: Path, snippets: Path, item: str) -> Examples:
    """Of the latents that have soft labels on the item, in the passages where they fire."""
    labels = {row["latent"]: row for row in pq.read_table(soft_labels).to_pylist() if row["item"] == item}
    classes = tuple(sorted({name for row in labels.values() for name in row["classes"]}))
    rows = pq.read_table(snippets, columns=["latent", "kind", "document", "peak"], filters=[("kind", "in", FIRING)])
    latent, document, peak = (rows.column(name).to_numpy() for name in ("latent", "document", "peak"))
    documents, place = np.unique(document.astype(str), return_inverse=True)
    passages = np.zeros((len(documents), int(latent.max()) + 1))
    np.maximum.at(passages, (place, latent), peak)
    # A rated latent is no feature: it would tell its own name.
    known = np.setdiff1d(np.flatnonzero((passages > 0).sum(axis=0) >= LEAST_PASSAGES), list(labels))
    features = np.sqrt(passages[:, known] / passages[:, known].max(axis=0))
    pairs = sorted({(int(one), int(where)) for one, where in zip(latent, place, strict=True) if int(one) in labels})
    where = np.array([passage for _, passage in pairs])
    held_out = np.array([zlib.crc32(name.encode()) % HELD_OUT == 0 for name in documents])
    targets = {one: spread(row, classes) for one, row in labels.items()}
    return Examples(
        features=features[where],
        soft=np.array([targets[one][0] for one, _ in pairs]),
        hard=np.array([targets[one][1] for one, _ in pairs]),
        weight=np.array([labels[one]["weight"] for one, _ in pairs]),
        test=held_out[where],
        fold=np.array([zlib.crc32(name.encode()) // HELD_OUT % FOLDS for name in documents])[where],
        classes=classes,
    )


def spread(row: Mapping[str, Any], classes: Sequence[str]) -> tuple[Array, Array]:
    """A latent's soft and hard target over the classes of all latents."""
    soft, hard = np.zeros(len(classes)), np.zeros(len(classes))
    soft[[classes.index(name) for name in row["classes"]]] = row["soft"]
    hard[classes.index(row["classes"][row["hard"]])] = 1.0
    return soft, hard


def turned(features: Array, train: npt.NDArray[np.bool_]) -> Array:
    """The features in the directions in which the training examples differ at all: no more of them than examples.

    The probe is the same, since its penalty does not change by turning, and it is found several times faster.
    """
    return np.asarray(features @ np.linalg.svd(features[train], full_matrices=False)[2].T)


def best_penalty(features: Array, targets: Array, weight: Array, fold: npt.NDArray[np.int64]) -> float:
    """Of PENALTIES, the one whose probes find the passages that they have not seen least surprising."""

    surprise = dict.fromkeys(PENALTIES, 0.0)
    for number in np.unique(fold):
        seen, new, weights = fold != number, fold == number, None
        for penalty in PENALTIES:  # The strongest first: each begins where the one before it ended.
            weights = fit(features[seen], targets[seen], weight[seen], penalty=penalty, start=weights)
            log_p = np.log(np.clip(predict(weights, features[new]), 1e-12, 1.0))
            surprise[penalty] -= float((weight[new, None] * targets[new] * log_p).sum())
    return min(surprise, key=surprise.__getitem__)


def fit(features: Array, targets: Array, weight: Array, *, penalty: float, start: Array | None = None) -> Array:
    """(features + 1, classes): weights and, last, the intercept. Minimises weighted cross-entropy, which is convex."""
    x = np.column_stack([features, np.ones(len(features))])
    share = weight / weight.sum()
    shape = (x.shape[1], targets.shape[1])

    def loss(flat: Array) -> tuple[float, Array]:
        own = flat.reshape(shape)
        log_p = log_softmax(x @ own, axis=1)
        ridge = own.copy()
        ridge[-1] = 0.0
        value = -(share[:, None] * targets * log_p).sum() + penalty / 2 * (ridge**2).sum()
        gradient = x.T @ (share[:, None] * (np.exp(log_p) - targets)) + penalty * ridge
        return float(value), gradient.ravel()

    begin = np.zeros(shape) if start is None else start
    found = minimize(loss, begin.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return np.asarray(found.x.reshape(shape))


def predict(weights: Array, features: Array) -> Array:
    """(examples, classes)"""
    return np.asarray(softmax(np.column_stack([features, np.ones(len(features))]) @ weights, axis=1))


def figures(predicted: Array, soft: Array, weight: Array) -> dict[str, float]:
    """How close predictions come to the raters' distribution; means over examples by weight, logarithms natural."""
    p, t = np.clip(predicted, 1e-12, 1.0), soft
    middle = (p + t) / 2

    def mean(per_example: Array) -> float:
        return float(np.average(per_example, weights=weight))

    chosen, sure = p.argmax(axis=1), p.max(axis=1)
    right = t[np.arange(len(t)), chosen]
    """Share of raters who would agree with the predicted label."""
    return {
        "soft cross-entropy": mean(-(t * np.log(p)).sum(axis=1)),
        "KL divergence": mean(rel_entr(t, p).sum(axis=1)),
        "Brier score": mean(((p - t) ** 2).sum(axis=1)),
        "total variation": mean(np.abs(p - t).sum(axis=1) / 2),
        "JS divergence": mean((rel_entr(t, middle) + rel_entr(p, middle)).sum(axis=1) / 2),
        "entropy correlation": correlation(entropy(p), entropy(t), weight),
        "calibration error": calibration_error(sure, right, weight),
        **{f"risk at {cover:.0%} coverage": risk(sure, right, weight, cover) for cover in COVERAGES},
    }


def entropy(p: Array) -> Array:
    return np.asarray(-rel_entr(p, np.ones_like(p)).sum(axis=1))


def correlation(one: Array, other: Array, weight: Array) -> float:
    """Pearson's, weighted: is the probe unsure where the raters are divided? Nan where either never changes."""
    if np.ptp(one) < 1e-9 or np.ptp(other) < 1e-9:
        return float("nan")
    covariance = np.cov(one, other, aweights=weight)
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def calibration_error(sure: Array, right: Array, weight: Array) -> float:
    """Expected calibration error (Guo et al. 2017): over equal bins of confidence, |share that agrees - confidence|."""
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    total = 0.0
    for number in np.unique(bins):
        inside = bins == number
        apart = np.average(right[inside], weights=weight[inside]) - np.average(sure[inside], weights=weight[inside])
        total += weight[inside].sum() * abs(apart)
    return float(total / weight.sum())


def risk(sure: Array, right: Array, weight: Array, coverage: float) -> float:
    """Of the surest examples alone (Geifman & El-Yaniv 2017): share of raters who would not agree."""
    order = np.argsort(-sure, kind="stable")
    kept = order[: max(1, round(coverage * len(order)))]
    return float(1 - np.average(right[kept], weights=weight[kept]))


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    columns = list(found)
    lines = [f"{'':24}" + "".join(f"{name:>14}" for name in columns)]
    for figure in found[columns[0]]:
        lines.append(f"{figure:24}" + "".join(f"{found[name][figure]:14.3f}" for name in columns))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
