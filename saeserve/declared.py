"""What the card of an SAE declares about its quality on held-out text."""

import json
import math
from pathlib import Path

from saeserve.refusal import Refusal

CARD_FILE = "card.json"
FIGURES = ("fve", "l0", "dead_share", "norm_ratio", "ce_rise")


class BadCard(Refusal):
    """The card is there and cannot be read."""


def declared_figures(sae_folder: Path) -> dict[str, float]:
    """The card's held-out figures by name; empty where the SAE comes without a card."""
    path = sae_folder / CARD_FILE
    if not path.is_file():
        return {}
    try:
        held_out = json.loads(path.read_text(encoding="utf-8")).get("held_out", {})
        figures = {name: float(held_out[name]) for name in FIGURES if name in held_out}
    except (ValueError, TypeError, AttributeError) as error:
        raise BadCard(f"{path} is not a card that can be read ({error}); repair it or take it away.") from error
    if not all(math.isfinite(value) for value in figures.values()):
        raise BadCard(f"{path} declares a figure that is not finite; repair it or take it away.")
    return figures
