"""Print the diagram of a latent's states, from annotation/transitions.py."""

from typing import Any

from django.core.management.base import BaseCommand

from annotation.enums import LatentState
from annotation.transitions import LATENT


def diagram() -> str:
    """Mermaid text; docs/architecture.md holds it between its `states` marks, and a test compares."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {LatentState.SAMPLED.name}"]
    for state, following in LATENT.items():
        lines += [f"    {state.name} --> {after.name}" for after in following]
    lines += [f"    {state.name}: {state.label}" for state in LatentState]
    return "\n".join([*lines, "```"])


class Command(BaseCommand):
    help = "Print the states of a latent as a Mermaid diagram."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(diagram())
