"""The correctness gate: nobody rates latents of an SAE that does not reconstruct this model on this corpus."""

from collections.abc import Callable
from dataclasses import dataclass

from saeserve.contract import Gate
from saeserve.refusal import Refusal

Rule = Callable[[float, float], bool]


class SaeDoesNotFit(Refusal):
    """The reconstruction is implausible, or far from what the SAE's card declares."""


@dataclass(frozen=True)
class Bound:
    """A figure outside [low, high] is refused."""

    name: str
    low: float
    high: float
    why: str


PLAUSIBLE = (
    Bound("fve", 0.25, 1.0, "the SAE was trained on another model, hook point or scale"),
    Bound("norm_ratio", 0.5, 1.5, "the activations are scaled differently from those that it was trained on"),
    Bound("dead_share", 0.0, 0.95, "almost no latent fires"),
    Bound("l0", 1.0, 4096.0, "too few or too many latents fire on a token"),
    Bound("ce_rise", -0.5, 3.0, "the model can no longer predict text with it"),
)
"""For any SAE, with or without a card."""
ALLOWED_DRIFT = {"fve": 0.25, "norm_ratio": 0.25, "ce_rise": 1.0}
"""Distance from the card's figure that another kind of text explains: on abstracts an SAE trained on notes loses 0.1 of
FVE and 0.3 nats."""
ALLOWED_L0_FACTOR = 1.5


def check_gate(gate: Gate) -> None:
    """Raises SaeDoesNotFit with the numbers."""
    figures = measured_figures(gate)
    faults = [
        f"{bound.name} is {figures[bound.name]:.3g}, outside {bound.low:g} to {bound.high:g}: {bound.why}"
        for bound in PLAUSIBLE
        if bound.name in figures and not bound.low <= figures[bound.name] <= bound.high
    ] or [
        f"{name} is {figures[name]:.3g} where the card declares {gate.declared[name]:.3g}"
        for name in gate.declared
        if name in figures and _far(name, figures[name], gate.declared[name])
    ]
    if faults:
        raise SaeDoesNotFit(
            f"The SAE does not fit this model on {gate.tokens:,} tokens of this corpus: {'; '.join(faults)}. "
            "Check the hook point, the model and the SAE's files."
        )


def measured_figures(gate: Gate) -> dict[str, float]:
    """The gate's figures under the names that a card uses."""
    figures = {"fve": gate.fve, "l0": gate.l0, "dead_share": gate.dead_share, "norm_ratio": gate.norm_ratio}
    if gate.ce is not None and gate.ce_with_sae is not None:
        figures["ce_rise"] = gate.ce_with_sae - gate.ce
    return figures


def _far(name: str, measured: float, declared: float) -> bool:
    if name == "l0":
        return not declared / ALLOWED_L0_FACTOR <= measured <= declared * ALLOWED_L0_FACTOR
    if name == "ce_rise":
        return measured > declared + ALLOWED_DRIFT[name]
    if name == "fve":
        return measured < declared - ALLOWED_DRIFT[name]
    return name in ALLOWED_DRIFT and abs(measured - declared) > ALLOWED_DRIFT[name]
