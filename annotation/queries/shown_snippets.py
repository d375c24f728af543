"""The snippets of a latent that people judge it by: strongest, mid-range, and look-alikes where it stays silent."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Length, Substr

from annotation.enums import SHOWN_TO_RATERS, SnippetKind
from annotation.models import SampledLatent, Snippet
from annotation.models.prepared import prepared
from annotation.queries.hidden_snippets import closed, only_hidden, without_hidden

STRONGEST, MID_RANGE, LOOK_ALIKES = 8, 5, 4
"""How many of each group are shown."""

GROUP_OF = {
    SnippetKind.TOP: "strongest",
    SnippetKind.DECILE: "mid-range",
    SnippetKind.FOIL_RANDOM: "look-alikes",
    SnippetKind.FOIL_HARD: "look-alikes",
}
ALL_HIDDEN = "All of them are hidden: somebody reported that they may show a person. Judge by the others."

Row = dict[str, Any]
COLUMNS = (
    *("pk", "kind", "rank", "decile", "start", "end", "tokens", "document_id"),
    *("text", "length", "specialty", "note_type", "section"),
    *("context_start", "context_end", "context_closed"),
)


@dataclass(frozen=True, kw_only=True)
class ShownSnippet:
    pk: int
    text: str
    tokens: list[dict[str, Any]]
    """{start, end, activation}, characters from the start of `text`."""
    about: str
    """Specialty, kind of note and section, in words; empty where the corpus does not say."""
    cut_start: bool
    """The note goes on before the snippet."""
    cut_end: bool
    has_context: bool
    """The run kept more of the note around it, and it may be shown."""

    @property
    def fires(self) -> bool:
        return bool(self.tokens)


@dataclass(frozen=True, kw_only=True)
class SnippetGroup:
    name: str
    title: str
    one: str
    """What one of them is called."""
    note: str
    snippets: tuple[ShownSnippet, ...]


def snippet_groups(latent_id: int, *, mixed_for: int | None = None) -> tuple[SnippetGroup, ...]:
    """The same snippets in the same order for everyone; groups without snippets are left out. One statement, or two.

    A group whose snippets are all hidden stays, without any, and says so.

    mixed_for: the round that asks for it; within each group they stand in an order of that round, first look or retest.
    Without it, as on pages that are no rater's, they stand by strength.
    Held-out snippets are never among them, nor hidden ones. Only the snippet's own characters leave the database,
    never the whole note.
    """
    rows = _rows(latent_id)
    top = [row for row in rows if row["kind"] == SnippetKind.TOP][:STRONGEST]
    groups = (
        ("strongest", "Strongest", "Strongest", "Where it fires most.", top),
        (
            "mid-range",
            "Mid-range",
            "Mid-range",
            "It fires here too, now strongly, now weakly: does your idea still hold?",
            _mid_range(rows, top),
        ),
        (
            "look-alikes",
            "Look-alikes that should not fire",
            "Look-alike",
            "It stays silent here. A good answer explains why.",
            _look_alikes(rows),
        ),
    )
    hidden = _hidden_groups(latent_id) if any(not chosen for *_, chosen in groups) else frozenset()
    return tuple(
        SnippetGroup(
            name=name,
            title=title,
            one=one,
            note=note if chosen else ALL_HIDDEN,
            snippets=tuple(_shown(row) for row in _mixed(chosen, mixed_for)),
        )
        for name, title, one, note, chosen in groups
        if chosen or name in hidden
    )


def _hidden_groups(latent_id: int) -> frozenset[str]:
    """Names of the groups that have a hidden snippet. One statement."""
    kinds = only_hidden(Snippet.objects.filter(latent=latent_id, kind__in=SHOWN_TO_RATERS)).values_list("kind")
    return frozenset(GROUP_OF[SnippetKind(kind)] for (kind,) in kinds.distinct())


@prepared
def _rows(latent: int) -> QuerySet[Snippet, Row]:
    shown = without_hidden(Snippet.objects.filter(latent=latent, kind__in=SHOWN_TO_RATERS)).annotate(
        text=Substr("document__text", F("start") + 1, F("end") - F("start")),
        length=Length("document__text"),
        specialty=F("document__specialty"),
        note_type=F("document__note_type"),
        context_closed=closed("context_start", "context_end"),
    )
    return shown.order_by("rank", "pk").values(*COLUMNS)


def _mid_range(rows: list[Row], top: list[Row]) -> list[Row]:
    """One snippet from each of several deciles, strong to weak, none that is among the strongest already."""
    seen = {(row["document_id"], row["start"]) for row in top}
    by_decile: dict[int, Row] = {}
    for row in rows:
        if row["kind"] == SnippetKind.DECILE and (row["document_id"], row["start"]) not in seen:
            by_decile.setdefault(row["decile"], row)
    return spread([by_decile[decile] for decile in sorted(by_decile, reverse=True)], MID_RANGE)


def spread(rows: Sequence[Row], wanted: int) -> list[Row]:
    """`wanted` of the rows at even distances, the first and the last among them; all if there are no more."""
    if len(rows) <= wanted:
        return list(rows)
    return [rows[round(place * (len(rows) - 1) / (wanted - 1))] for place in range(wanted)]


def _look_alikes(rows: list[Row]) -> list[Row]:
    """Hard and random ones by turns as far as there are, then mixed in a fixed order that does not tell them apart."""
    hard = [row for row in rows if row["kind"] == SnippetKind.FOIL_HARD]
    random = [row for row in rows if row["kind"] == SnippetKind.FOIL_RANDOM]
    turns = sorted([*enumerate(hard), *enumerate(random)], key=lambda turn: turn[0])
    chosen = [row for _, row in turns[:LOOK_ALIKES]]
    return sorted(chosen, key=lambda row: hashlib.sha256(str(row["pk"]).encode()).digest())


def _mixed(chosen: list[Row], round_: int | None) -> list[Row]:
    if round_ is None:
        return chosen
    return sorted(chosen, key=lambda row: hashlib.sha256(f"{round_}:{row['pk']}".encode()).digest())


def _shown(row: Row) -> ShownSnippet:
    about = place_of(row["specialty"], row["note_type"], row["section"])
    return ShownSnippet(
        pk=row["pk"],
        text=one_line_end(_without_trailing_space(row["text"], row["tokens"])),
        tokens=row["tokens"],
        about=about[:1].upper() + about[1:],
        cut_start=row["start"] > 0,
        cut_end=row["end"] < row["length"],
        has_context=_has_context(row),
    )


def _has_context(row: Row) -> bool:
    if row["context_start"] is None or row["context_closed"]:
        return False
    return bool(row["context_start"] < row["start"] or row["end"] < row["context_end"])


def one_line_end(text: str) -> str:
    """The text with line feeds only, as long as before: browsers count a carriage return and its line feed as one."""
    return text.replace("\r\n", " \n").replace("\r", "\n")


def shown_lengths(sampled: int, snippets: Iterable[int]) -> dict[int, int]:
    """Characters of each of these snippets that a rating page of the sampled latent may show, by snippet.

    Also of those hidden meanwhile: who marked one before it was reported has not marked it in vain.
    """
    if not (wanted := set(snippets)):
        return {}
    latent = SampledLatent.everything.filter(pk=sampled).values("latent")
    found = Snippet.objects.filter(pk__in=wanted, latent__in=latent, kind__in=SHOWN_TO_RATERS)
    return {pk: end - start for pk, start, end in found.values_list("pk", "start", "end")}


def place_of(specialty: str, note_type: str, section: str) -> str:
    """Where a snippet comes from, in words. A section is named as the note writes it, without its colon."""
    header = " ".join(section.split()).rstrip(":").rstrip()
    return ", ".join(part for part in (specialty, note_type, f"under “{header}”" if header else "") if part)


def _without_trailing_space(text: str, tokens: list[dict[str, Any]]) -> str:
    """Snippets end where the next begins, line breaks included; those are drawn only where they fire."""
    return text[: max([len(text.rstrip()), *(token["end"] for token in tokens)])]
