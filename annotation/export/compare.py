"""What changed between two releases of a study, from their own files: labels, ratings, what they rest on.

Tables are read batch by batch; what is kept is one entry a rating and a latent, no text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

BATCH = 65_536
SETTLED = ("accepted", "decided")
RatingKey = tuple[Any, ...]
RATING_KEY = ("latent", "round", "round_kind", "rater", "revision")


@dataclass(frozen=True, kw_only=True)
class LabelChange:
    latent: int
    before: str
    """The leading concept by theta; empty where there was none."""
    after: str
    state_before: str
    """Empty for a latent that is new."""
    state_after: str

    @property
    def label_changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, kw_only=True)
class Changes:
    ratings_added: int
    """Ratings and revisions that only the later release holds."""
    ratings_gone: int
    """That only the earlier one holds: their raters withdrew."""
    latents: tuple[LabelChange, ...]
    """Whose leading label or state differs; those whose label differs first, then by latent."""
    rests_on: tuple[tuple[str, str, str], ...]
    """What the figures rest on and differs: name, before, after."""
    rows: tuple[tuple[str, int | None, int | None], ...]
    """Tables with another number of rows: name, before, after; None where the release lacks the table."""


def compare(before: Path, after: Path, manifests: tuple[Mapping[str, Any], Mapping[str, Any]], item: str) -> Changes:
    """Of two unpacked releases of one study, the earlier one first. `item`: the consensus item whose label is named."""
    old, new = manifests
    added, gone = _ratings(_file(before, old, "ratings"), _file(after, new, "ratings"))
    return Changes(
        ratings_added=added,
        ratings_gone=gone,
        latents=_latents(
            _leading(_file(before, old, "distributions"), item), _leading(_file(after, new, "distributions"), item)
        ),
        rests_on=tuple(_rests_on(old, new)),
        rows=tuple(_rows(old["tables"], new["tables"])),
    )


def _file(folder: Path, manifest: Mapping[str, Any], table: str) -> Path:
    """Its Parquet file. Raises KeyError where the release has no such table."""
    for file in manifest["files"]:
        if file["table"] == table and file["format"] == "parquet":
            return folder / str(file["name"])
    raise KeyError(table)


def _batches(path: Path, columns: list[str]) -> Iterator[dict[str, list[Any]]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=BATCH, columns=columns):
            yield batch.to_pydict()


def _ratings(before: Path, after: Path) -> tuple[int, int]:
    held, added = set(_keys(before)), 0
    for key in _keys(after):
        if key in held:
            held.discard(key)
        else:
            added += 1
    return added, len(held)


def _keys(path: Path) -> Iterator[RatingKey]:
    for batch in _batches(path, list(RATING_KEY)):
        yield from zip(*(batch[name] for name in RATING_KEY), strict=True)


def _leading(path: Path, item: str) -> dict[int, tuple[str, str]]:
    """By latent: its class with the largest theta, the first of them where several share it, and its state."""
    found: dict[int, tuple[float, str, str]] = {}
    for batch in _batches(path, ["latent", "item", "class", "theta", "state"]):
        for latent, of, name, theta, state in zip(*batch.values(), strict=True):
            if of == item and (latent not in found or theta > found[latent][0]):
                found[latent] = (theta, name, state)
    return {latent: (name, state) for latent, (_, name, state) in found.items()}


def _latents(old: Mapping[int, tuple[str, str]], new: Mapping[int, tuple[str, str]]) -> tuple[LabelChange, ...]:
    changes = []
    for latent in sorted({*old, *new}):
        (label, state), (label_now, state_now) = old.get(latent, ("", "")), new.get(latent, ("", ""))
        if (label, state) != (label_now, state_now):
            changes.append(
                LabelChange(latent=latent, before=label, after=label_now, state_before=state, state_after=state_now)
            )
    return tuple(sorted(changes, key=lambda change: (not change.label_changed, change.latent)))


def _rests_on(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, keys in {
        "Consilium": ("software", "consilium"),
        "Method": ("results", "method_version"),
        "Seed": ("results", "seed"),
        "Rubric version": ("rubric", "version"),
        "Latents drawn": ("sampling_frame", "drawn"),
        "Raters": ("results", "raters"),
        "Ratings that count": ("results", "ratings"),
    }.items():
        before, after = (str(manifest.get(keys[0], {}).get(keys[1], "–")) for manifest in (old, new))
        if before != after:
            yield name, before, after
    accepted = (old["study"].get("accepted_if", {}), new["study"].get("accepted_if", {}))
    for name in sorted({*accepted[0], *accepted[1]}):
        before, after = (str(rule.get(name, "–")) for rule in accepted)
        if before != after:
            yield f"Accepted if {name.replace('_', ' ')}", before, after


def _rows(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, int | None, int | None]]:
    for name in dict.fromkeys([*new, *old]):
        before, after = (tables[name]["rows"] if name in tables else None for tables in (old, new))
        if before != after:
            yield name, before, after
