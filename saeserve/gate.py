"""The correctness gate: nobody rates latents of an SAE that does not reconstruct this model on this corpus."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from saeserve.coders.base import Coder
from saeserve.contract import Gate
from saeserve.refusal import Refusal


class SaeDoesNotFit(Refusal):
    """The reconstruction is implausible, or far from what the SAE declares of itself."""


@dataclass(frozen=True)
class Bound:
    """A figure outside [low, high] is refused."""

    name: str
    low: float
    high: float


# Measured with the reference SAE (TopK 32 of 4,096 after block 15 of SmolLM2-135M, bfloat16) on 6,061 tokens of medical
# notes. Rise: nats of next-token cross-entropy with the SAE spliced in, 8.0 with the mean activation in its place.
#
#     as it should be            fve  0.88   norm ratio 0.97   l0  32   alive / l0 127   rise -0.01
#     k a quarter                fve  0.70              0.87        8              472         0.34
#     read as ReLU               fve  0.86              1.05      120               34        -0.02
#     scale not folded in        fve -0.31              1.19       32              123         1.7
#     scale folded in twice      fve -0.65              0.43       32                7        12.6
#     b_dec not subtracted       fve -0.58              1.60       32              121         0.9
#     b_dec not added            fve -0.30              0.65       32              127         4.3
#     decoder transposed         fve -0.50              0.87       32              127         6.2
#     latents permuted           fve -0.46              0.87       32              127         6.0
#     another model's directions fve -2.82              0.91       32               39        11.2
#     random, tied directions    fve  0.21              0.91       32              127         2.2
#     1, 5, 10 blocks too early  fve  0.79, 0.65, 0.24                             rise 0.1, 0.3, 1.9
#     1, 5, 10 blocks too late   fve  0.76, 0.49, -1.08                                 0.2, 0.8, 4.0
#
# So a neighbouring block cannot be told from another kind of text, which is why hook points come from the SAE's files.
LOWEST_FVE = 0.3
NORM_RATIOS = 0.5, 1.5
LOWEST_L0 = 0.5
HIGHEST_L0_SHARE = 0.5
"""Of the width of what the SAE reads: with more latents a token than half the dimensions nothing is sparse."""
FEWEST_ALIVE = 8.0
"""Latents alive on the probe batch over latents a token: fewer means that the same few fire everywhere."""
LOWEST_RECOVERED = 0.5
"""Of the cross-entropy that is lost when the mean activation takes the activation's place."""
TELLING_RISE = 0.5
"""Nats that the mean activation must cost before the share recovered says anything: one MLP may cost almost nothing."""
AS_GOOD_AS_THE_ACTIVATION = 0.95
"""Share recovered from which the reconstruction itself need not be close: SAEs trained end to end are made for what the
model does with it, not for its variance. The mildest mistake above, b_dec not subtracted, recovers 0.89."""
FVE_DRIFT, NORM_DRIFT, RISE_DRIFT, L0_FACTOR = 0.15, 0.25, 0.5, 2.0
"""Distance from the declared figure that another kind of text explains: the same SAE, trained on notes, loses 0.03 of
FVE on doctor-patient dialogues and 0.11 on abstracts of papers, where its norm ratio falls by 0.03."""
FEW_TOKENS = 500
FEW_TOKENS_SLACK = 2.0
"""A probe batch of fewer tokens blurs FVE: bounds are lower by FEW_TOKENS_SLACK / sqrt(tokens), and cross-entropy is
not judged. Of 40 stretches of 10, 50, 200 and 1,000 tokens of notes the lowest FVE was 0.15, 0.12, 0.03 and 0.03 below
the whole; of abstracts, at 10, 0.27."""


def check_gate(gate: Gate, coder: Coder) -> None:
    """Raises SaeDoesNotFit with the numbers and the likely causes."""
    figures = measured_figures(gate)
    faults = [*_implausible(gate, coder, figures), *_drifted(gate, figures)]
    if faults:
        raise SaeDoesNotFit(
            f"The SAE does not fit this model on {gate.tokens:,} tokens of this corpus: {'; '.join(faults)}. "
            f"Likely: {likely_cause(gate, coder)}."
        )


def measured_figures(gate: Gate) -> dict[str, float]:
    """The gate's figures under the names that a card uses."""
    figures = {"fve": gate.fve, "l0": gate.l0, "dead_share": gate.dead_share, "norm_ratio": gate.norm_ratio}
    if gate.ce is not None and gate.ce_with_sae is not None:
        figures["ce_rise"] = gate.ce_with_sae - gate.ce
        recovered = _recovered(gate)
        if recovered is not None:
            figures["ce_recovered"] = recovered
    return figures


def _recovered(gate: Gate) -> float | None:
    """Share of the loss by ablation that the SAE makes good; None where ablation costs too little to tell."""
    if gate.ce is None or gate.ce_with_sae is None or gate.ce_ablated is None:
        return None
    rise = gate.ce_ablated - gate.ce
    return (gate.ce_ablated - gate.ce_with_sae) / rise if rise >= TELLING_RISE else None


def _implausible(gate: Gate, coder: Coder, figures: dict[str, float]) -> Iterator[str]:
    """Bounds for any SAE, whatever it declares."""
    figures = figures | {"alive latents over l0": (1 - gate.dead_share) * coder.width / max(gate.l0, LOWEST_L0)}
    for bound in _bounds(gate, coder):
        value = figures.get(bound.name)
        if value is not None and not bound.low <= value <= bound.high:
            yield f"{bound.name} is {value:.3g}, {_outside(bound, value)}"


def _outside(bound: Bound, value: float) -> str:
    return f"below {bound.low:.3g}" if value < bound.low else f"above {bound.high:.3g}"


def _bounds(gate: Gate, coder: Coder) -> Iterator[Bound]:
    slack = _slack(gate.tokens)
    if (_recovered(gate) or 0.0) < AS_GOOD_AS_THE_ACTIVATION:
        yield Bound("fve", LOWEST_FVE - slack, math.inf)
        yield Bound("norm_ratio", *NORM_RATIOS)
    yield Bound("l0", LOWEST_L0, HIGHEST_L0_SHARE * coder.input_width)
    if gate.tokens >= FEW_TOKENS:
        yield Bound("alive latents over l0", FEWEST_ALIVE, math.inf)
        yield Bound("ce_recovered", LOWEST_RECOVERED, math.inf)


def _drifted(gate: Gate, figures: dict[str, float]) -> Iterator[str]:
    """Figures that are worse than declared by more than another kind of text explains. A share of dead latents depends
    on the number of tokens and is not compared."""
    slack = _slack(gate.tokens)
    for name, declared in gate.declared.items():
        measured = figures.get(name)
        if measured is None:
            continue
        far = {
            "fve": measured < declared - FVE_DRIFT - slack,
            "norm_ratio": abs(measured - declared) > NORM_DRIFT + slack,
            "ce_rise": measured > declared + RISE_DRIFT and gate.tokens >= FEW_TOKENS,
            "l0": not declared / L0_FACTOR <= measured <= declared * L0_FACTOR,
        }.get(name, False)
        if far:
            yield f"{name} is {measured:.3g} where the SAE declares {declared:.3g}"


def _slack(tokens: int) -> float:
    return FEW_TOKENS_SLACK / math.sqrt(tokens) if tokens < FEW_TOKENS else 0.0


def likely_cause(gate: Gate, coder: Coder) -> str:
    """What the pattern of the figures points at, most telling first."""
    expected = gate.declared.get("l0", HIGHEST_L0_SHARE * coder.input_width / L0_FACTOR)
    if gate.l0 > expected * L0_FACTOR:
        return (
            "its activation function or threshold was lost, as when a TopK or JumpReLU SAE is read as a plain ReLU one"
        )
    if gate.l0 < LOWEST_L0:
        return "the activations come in smaller than those that it was trained on; pass its norm_scaling_factor"
    if gate.fve < LOWEST_FVE and not NORM_RATIOS[0] <= gate.norm_ratio <= NORM_RATIOS[1]:
        return (
            "the activations are scaled or centred otherwise than in its training (norm_scaling_factor, "
            "normalisation, b_dec), or the hook point is another one"
        )
    if gate.fve < 0:
        return (
            "it belongs to another model or hook point, or the rows of its decoder are not in the order of its encoder"
        )
    return "the hook point is a neighbour of the right one, or the corpus is unlike the text that it was trained on"
