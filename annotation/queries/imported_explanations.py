"""What was said of a latent elsewhere: hidden from everyone who may still rate a latent of the run."""

from dataclasses import dataclass

from annotation.models import ImportedExplanation, Latent

MOST = 50


@dataclass(frozen=True, kw_only=True)
class ElsewhereSaid:
    text: str
    by: str
    """Who or what, as far as the file says."""


def imported_explanations(latent: Latent, *, sees_hints: bool) -> tuple[ElsewhereSaid, ...]:
    """At most MOST, in the order of the files; none for one who may not see hints. One statement."""
    if not sees_hints:
        return ()
    found = ImportedExplanation.objects.filter(latent=latent).order_by("pk")[:MOST]
    return tuple(ElsewhereSaid(text=one.text, by=_by(one)) for one in found)


def _by(said: ImportedExplanation) -> str:
    parts = [said.model or said.author, said.method, said.created[:10]]
    return ", ".join(part for part in parts if part) or "the file does not say by whom"
