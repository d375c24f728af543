"""What a release says beside what its own ratings give: every number within 1e-9, every reason the same."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from annotation.export.recompute.agreement import LEVELS, agreement_rows
from annotation.export.recompute.consensus import consensus_of, questions
from annotation.export.recompute.laid_out import LaidOut, lay_out
from annotation.export.recompute.panel import panel_answers
from annotation.export.recompute.released_rows import CannotRecompute, ReleasedRows, Row, fact
from annotation.export.recompute.scopes import scopes_of
from annotation.science.clc_parameters import ClcParameters

WITHIN = 1e-9
SHOWN = 20
"""Problems that are named; the others are counted."""
METHOD = f"results-3/{ClcParameters().version}"
"""Of annotation.actions.results.version; tests compare the two."""


@dataclass(kw_only=True)
class Recomputed:
    numbers: int = 0
    """Compared."""
    largest: float = 0.0
    """Difference."""
    problems: list[str] = field(default_factory=list)

    def compare(self, table: str, key: Hashable, released: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        """The columns that were found; the release may have more."""
        for column, value in found.items():
            said = released.get(column)
            if isinstance(value, int | float) and isinstance(said, int | float):
                self.numbers += 1
                self.largest = max(self.largest, abs(value - said))
                same = abs(value - said) <= WITHIN
            else:
                same = value == said
            if not same:
                self.problems.append(f"{table}, {_name(key)}: {column} is {said!r}; its own ratings give {value!r}.")

    def rows(self, table: str, released: Mapping[Any, Row], found: Mapping[Any, Row]) -> None:
        """Row by row, by key; none may be missing or too many."""
        for key in found.keys() - released.keys():
            self.problems.append(f"{table} lacks {_name(key)}, which its ratings give.")
        for key in released.keys() - found.keys():
            self.problems.append(f"{table} has {_name(key)}, which its ratings do not give.")
        for key in sorted(found.keys() & released.keys(), key=str):
            self.compare(table, key, released[key], found[key])


def recompute(folder: Path) -> Recomputed:
    """Compute agreement, consensus, weights and reliability again from the ratings of the release, and compare.

    Raises CannotRecompute where another version of the methods made it, or where it lacks a table; UnreadableManifest.
    """
    release = ReleasedRows(folder)
    results = fact(release.manifest, "results")
    if results["method_version"] != METHOD:
        raise CannotRecompute(
            f"Its results were computed by {results['method_version']}; this Consilium computes by {METHOD}. Use the "
            f"version that the manifest names under “software”."
        )
    laid, found = lay_out(release), Recomputed()
    _agreement(release, laid, results["seed"], found)
    _consensus(release, laid, _parameters(results["parameters"]), results["seed"], found)
    return found


def _parameters(said: Mapping[str, Any]) -> ClcParameters:
    return ClcParameters(**{one.name: said[one.name] for one in fields(ClcParameters) if one.name in said})


def _agreement(release: ReleasedRows, laid: LaidOut, seed: int, found: Recomputed) -> None:
    names = ("item", "scope", "coefficient", "level")
    released = {tuple(row[name] for name in names): row for row in release.rows("agreement")}
    given = {
        row.key: row.figures
        for item in laid.own_items
        if item.kind in LEVELS
        for scope in sorted(scopes_of(laid, item))
        for row in agreement_rows(laid, item, scope, seed=seed)
    }
    found.rows("agreement", released, given)


def _consensus(release: ReleasedRows, laid: LaidOut, params: ClcParameters, seed: int, found: Recomputed) -> None:
    known = panel_answers(release, laid)
    parts = [
        consensus_of(key, item, answers, params, seed=seed, known=known.get(key, ()))
        for key, item, answers in questions(laid)
    ]
    name = {number: latent.name for number, latent in laid.latents.items()}
    distributions = {
        (name[row["latent"]], row["item"], row["class_position"]): row for row in release.rows("distributions")
    }
    found.rows("distributions", distributions, _joined(part.distributions for part in parts))
    reliability = {(row["item"], row["rater"]): row for row in release.rows("reliability")}
    found.rows("reliability", reliability, _joined(part.reliability for part in parts))
    weights = _joined(part.weights for part in parts)
    found.rows(
        "ratings",
        {key: {"weight": value} for key, value in _released_weights(release, name).items()},
        {key: {"weight": value} for key, value in weights.items()},
    )


def _joined(parts: Iterable[Mapping[Any, Any]]) -> dict[Any, Any]:
    return {key: value for part in parts for key, value in part.items()}


def _released_weights(release: ReleasedRows, name: Mapping[int, str]) -> dict[tuple[str, str, str], float]:
    """By latent, item and rater; her repeat readings share one."""
    prefix = "weight_"
    return {
        (name[row["latent"]], column.removeprefix(prefix), row["rater"]): value
        for row in release.rows("ratings")
        for column, value in row.items()
        if column.startswith(prefix) and value is not None
    }


def _name(key: Hashable) -> str:
    return " ".join(str(part) for part in key) if isinstance(key, tuple) else str(key)
