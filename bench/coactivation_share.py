"""What co-activation over all latents costs beside the forward pass and encoding, split inside one run."""

from bench.harness import at_most
from bench.mining_step_share import TOKENS, split

NAME = "coactivation_share"
HOW = "seconds of co-activation over those of forward pass and encoding, in one run"
TARGET = at_most(0.03)


def measure(limit_tokens: int = TOKENS) -> dict[str, float | str]:
    seconds, tokens = split(limit_tokens)
    work = seconds["forward"] + seconds["encode"]
    return {
        "value": seconds["coactivation"] / work,
        "detail": f"{tokens:,} tokens, {seconds['coactivation']:.2f} s of {work:.1f} s",
    }
