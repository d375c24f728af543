"""What reading any format gives, and the refusal that all formats share."""

from dataclasses import dataclass, field
from typing import Any

from saeserve.coders.base import Coder
from saeserve.refusal import Refusal


class BadSae(Refusal):
    """The files do not hold an SAE that can be used."""


@dataclass(frozen=True, kw_only=True)
class SaeFolder:
    """An SAE as its files give it."""

    coder: Coder
    hook_point: str
    """Where it reads: a transformers module path, with `:input` where its input is meant, or a TransformerLens name."""
    output_hook_point: str
    """Where it writes: the same, except for a transcoder."""
    model_name: str
    """Empty where the files do not say."""
    format: str
    metadata: dict[str, Any] = field(default_factory=dict)
    declared: dict[str, float] = field(default_factory=dict)
    """Figures that the files declare, by the names of `saeserve.declared`."""
