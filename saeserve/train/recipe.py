"""How one SAE is trained: everything besides the activations that decides its weights."""

import hashlib
from dataclasses import asdict, dataclass, fields

from saeserve.contract import canonical_json
from saeserve.refusal import Refusal

ARCHITECTURES = ("topk", "batchtopk", "matryoshka", "jumprelu", "relu")


class BadRecipe(Refusal):
    """A training option has no sense."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Two equal recipes on the same activations give the same weights, bit by bit."""

    architecture: str = "topk"
    """One of ARCHITECTURES."""
    width: int = 4096
    """Latents."""
    k: int = 32
    """Firing latents a token that are asked for; not used by relu."""
    l1: float = 4.0
    """Weight of the L1 penalty of relu, where activations are scaled to mean square 1."""
    epochs: int = 8
    batch: int = 1024
    """Tokens a step."""
    learning_rate: float = 1e-3
    seed: int = 1

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise BadRecipe(
                f"The architecture {self.architecture!r} is not known; use one of {', '.join(ARCHITECTURES)}."
            )
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in ("architecture", "seed") and not value > 0:
                raise BadRecipe(f"{field.name} is {value}; give a number above 0.")
        if self.k > self.width:
            raise BadRecipe(f"k is {self.k} and the SAE has only {self.width} latents; ask for fewer.")

    @property
    def key(self) -> str:
        """Names the recipe: 16 hexadecimal digits."""
        return hashlib.sha256(canonical_json(asdict(self)).encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """For people: architecture, sparsity and width."""
        sparsity = f"L1 {self.l1:g}" if self.architecture == "relu" else f"k {self.k}"
        return f"{self.architecture}, {sparsity}, {self.width:,} latents"
