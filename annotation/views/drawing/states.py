"""The tone and sign of every state that a page shows; its word comes from the enum. Never told by colour alone."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class State:
    """How a state looks."""

    word: str
    tone: str
    """neutral | active | good | warn | bad"""
    icon: str


LOOKS: dict[str, tuple[str, str]] = {
    # a latent in a study
    "sampled": ("neutral", "circle"),
    "rating": ("active", "half"),
    "accepted": ("good", "check"),
    "ambiguous": ("warn", "split"),
    "recruiting": ("warn", "person"),
    "persistent": ("bad", "split"),
    "decided": ("good", "gavel"),
    "irreducible": ("neutral", "spread"),
    "split": ("neutral", "split"),
    "unusable": ("neutral", "cross"),
    # runs, releases and other jobs
    "queued": ("neutral", "clock"),
    "running": ("active", "half"),
    "building": ("active", "half"),
    "ready": ("good", "check"),
    "finished": ("good", "check"),
    "failed": ("bad", "alert"),
    "cancelled": ("neutral", "cross"),
    "stale": ("warn", "clock"),
    # text on its way in
    "proposed": ("neutral", "pencil"),
    "checking": ("active", "half"),
    "checked": ("warn", "clock"),
    "storing": ("active", "half"),
    "done": ("good", "check"),
    "refused": ("bad", "alert"),
    "discarded": ("neutral", "cross"),
    # what speaks against rating a latent
    "dead": ("neutral", "dash"),
    "dense": ("warn", "spread"),
    "single-token": ("warn", "circle"),
    # a snippet that was said to show a person
    "shown-again": ("good", "check"),
    "withheld": ("bad", "cross"),
    # rounds, cases, slots, people
    "draft": ("neutral", "pencil"),
    "open": ("active", "half"),
    "given-back": ("neutral", "person"),
    "closed": ("neutral", "lock"),
    "leased": ("active", "half"),
    "submitted": ("good", "check"),
    "invited": ("neutral", "clock"),
    "active": ("good", "check"),
    "withdrawn": ("neutral", "cross"),
    "simulated": ("warn", "flask"),
    # what a webhook was told
    "waiting": ("neutral", "clock"),
    "delivered": ("good", "check"),
    # a judge of rationales
    "on": ("good", "check"),
    "off": ("warn", "cross"),
    "unknown": ("neutral", "dash"),
    "undefined": ("neutral", "dash"),
}


def state(name: str, label: str = "") -> State:
    """How the state `name` looks, written as `label`, else as the enum member's own label, else as its name."""
    tone, icon = LOOKS.get(str(name).lower(), ("neutral", "circle"))
    word = label or str(getattr(name, "label", "")) or str(name).replace("_", " ").replace("-", " ").capitalize()
    return State(word=word, tone=tone, icon=icon)
