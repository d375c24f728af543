"""How well the SAE reconstructs: what its card declares beside what the run measured on this corpus."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotation.models import MiningRun


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of merit; None where it was not declared, or not measured yet."""

    name: str
    meaning: str
    declared: float | None
    measured: float | None
    places: int
    """Decimals with which it is written."""


FIGURES = (
    ("fve", "FVE", "fraction of variance explained", 3),
    ("l0", "L0", "latents firing on a token, mean", 1),
    ("ce_rise", "CE rise", "nats of next-token cross-entropy that the SAE costs", 3),
    ("dead_share", "Dead", "share of latents that never fire on the probe", 3),
    ("norm_ratio", "Norm ratio", "length of the reconstruction over that of the activation", 3),
)


def reconstruction(run: MiningRun) -> tuple[Figure, ...]:
    """The figures in a fixed order, those that neither side knows left out. No statement."""
    card = run.sae.card
    gate = (run.manifest or {}).get("gate") or {}
    declared = {**_flat(card), **_flat(card.get("held_out") or {}), **_flat(gate.get("declared") or {})}
    measured = {**_flat(gate), **_rise(gate)}
    rows = (
        Figure(name=name, meaning=meaning, declared=declared.get(key), measured=measured.get(key), places=places)
        for key, name, meaning, places in FIGURES
    )
    return tuple(row for row in rows if row.declared is not None or row.measured is not None)


def _flat(figures: Mapping[str, Any]) -> dict[str, float]:
    return {
        key: float(value)
        for key, value in figures.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _rise(gate: Mapping[str, Any]) -> dict[str, float]:
    """Nothing for an encoder, which has no next token."""
    before, after = gate.get("ce"), gate.get("ce_with_sae")
    return {} if before is None or after is None else {"ce_rise": float(after) - float(before)}
