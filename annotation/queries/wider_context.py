"""More of the note around a snippet, for the rater who has it before her."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Substr

from annotation.enums import SHOWN_TO_RATERS, RoundState
from annotation.models import Draft, Rating, SampledLatent, Slot, Snippet, Study, User
from annotation.queries.hidden_snippets import closed, without_hidden
from annotation.queries.shown_snippets import one_line_end, place_of
from annotation.rules.refusal import NotYours, Refused


@dataclass(frozen=True, kw_only=True)
class WiderContext:
    snippet: int
    before: str
    text: str
    after: str
    tokens: list[dict[str, Any]]
    """{start, end, activation}, characters from the start of `text`."""
    scale: float
    """The latent's strongest activation anywhere."""
    about: str


def wider_context(*, snippet: int, study: Study, user: User) -> WiderContext:
    """The text around a snippet of a latent that she has a place or a draft on, or rated, in an open round.

    Raises NotYours for any other snippet, held-out ones among them; Refused where there is none or it is closed.
    """
    found = without_hidden(Snippet.objects.filter(pk=snippet, kind__in=SHOWN_TO_RATERS))
    row = (
        found.filter(Exists(_before_her(study, user)))
        .annotate(
            text=Substr("document__text", F("start") + 1, F("end") - F("start")),
            before=Substr("document__text", F("context_start") + 1, F("start") - F("context_start")),
            after=Substr("document__text", F("end") + 1, F("context_end") - F("end")),
            context_closed=closed("context_start", "context_end"),
        )
        .values(
            *("text", "before", "after", "tokens", "section", "context_start", "context_closed"),
            scale=F("latent__max_activation"),
            specialty=F("document__specialty"),
            note_type=F("document__note_type"),
        )
        .first()
    )
    if row is None:
        raise NotYours("There is no such snippet on your page.")
    if row["context_start"] is None:
        raise Refused("The mining run kept no wider context for this snippet.")
    if row["context_closed"]:
        raise Refused("The text around this snippet is hidden: somebody reported that a part of it shows a person.")
    return WiderContext(
        snippet=snippet,
        before=one_line_end(row["before"]).strip("\n"),
        text=one_line_end(row["text"]),
        after=one_line_end(row["after"]).strip("\n"),
        tokens=row["tokens"],
        scale=row["scale"],
        about=place_of(row["specialty"], row["note_type"], row["section"]),
    )


def _before_her(study: Study, user: User) -> Any:
    """The study's places of the snippet's latent that this rater has before her, or has rated and may still revise."""
    here = {"latent": OuterRef("pk"), "rater": user, "round__state": RoundState.OPEN}
    has = (
        Q(Exists(Slot.objects.filter(**here)))
        | Exists(Draft.objects.filter(**here))
        | Exists(Rating.objects.filter(**here))
    )
    return SampledLatent.everything.filter(has, study=study, latent=OuterRef("latent"))
