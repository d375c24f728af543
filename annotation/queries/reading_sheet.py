"""What a reader has before her: a colleague's label and rationale, and held-out snippets as plain text. No shading,
no kind of snippet, no latent, nobody's name, no other rating.
"""

from dataclasses import dataclass

from django.db.models import F
from django.db.models.functions import Length, Substr

from annotation.models import Draft, Membership, Reading, ReadingSlot, Snippet
from annotation.queries.hidden_snippets import without_hidden
from annotation.queries.own_words import concept_written, second_concept_written
from annotation.queries.readings_waiting import readings_left


@dataclass(frozen=True, kw_only=True)
class ReadSnippet:
    pk: int
    text: str
    cut_start: bool
    """The note goes on before the snippet."""
    cut_end: bool


@dataclass(frozen=True, kw_only=True)
class ReadingSheet:
    label: str
    second_label: str
    """The second meaning that the colleague named; mostly empty."""
    rationale: str
    snippets: tuple[ReadSnippet, ...]
    draft: Draft | None
    done: int
    """Readings that she has given in the study."""
    left: int
    """Rationales that are free for her now, this one apart."""

    @property
    def current(self) -> int:
        return self.done + 1

    @property
    def total(self) -> int:
        return self.done + 1 + self.left


def reading_sheet(slot: ReadingSlot, membership: Membership) -> ReadingSheet:
    """The sheet of a place that was handed to this reader. Only the snippets' own characters leave the database."""
    slot = ReadingSlot.objects.select_related("rating__concept", "rating__second_concept").get(pk=slot.pk)
    rating = slot.rating
    return ReadingSheet(
        label=concept_written(rating),
        second_label=second_concept_written(rating),
        rationale=rating.rationale,
        snippets=_snippets(slot.snippets),
        draft=Draft.objects.filter(round=slot.round_id, latent=rating.latent_id, rater=membership.user_id).first(),
        done=Reading.objects.filter(study=membership.study_id, reader=membership.user_id).count(),
        left=readings_left(membership),
    )


def _snippets(wanted: list[int]) -> tuple[ReadSnippet, ...]:
    rows = without_hidden(Snippet.objects.filter(pk__in=wanted)).annotate(
        text=Substr("document__text", F("start") + 1, F("end") - F("start")), length=Length("document__text")
    )
    found = {row["pk"]: row for row in rows.values("pk", "text", "start", "end", "length")}
    return tuple(
        ReadSnippet(
            pk=pk,
            text=found[pk]["text"].rstrip(),
            cut_start=found[pk]["start"] > 0,
            cut_end=found[pk]["end"] < found[pk]["length"],
        )
        for pk in wanted
        if pk in found
    )
