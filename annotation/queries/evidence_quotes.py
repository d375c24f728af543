"""The words that rationales point at, out of their snippets, with a little of the text around them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import F
from django.db.models.functions import Substr

from annotation.enums import SnippetKind
from annotation.models import Snippet
from annotation.queries.hidden_snippets import without_hidden
from annotation.rules.evidence import Word

AROUND = 40
"""Characters before and behind, cut at a blank."""
WHERE = {
    SnippetKind.TOP: "strongest",
    SnippetKind.DECILE: "mid-range",
    SnippetKind.FOIL_RANDOM: "look-alike",
    SnippetKind.FOIL_HARD: "look-alike",
}


@dataclass(frozen=True, kw_only=True)
class Quote:
    before: str
    words: str
    after: str
    where: str
    """Among which snippets it stands."""


def evidence_quotes(evidence: Iterable[Word]) -> Mapping[Word, Quote]:
    """Words of a snippet that may not be shown are left out. One statement; none without evidence."""
    words = set(evidence)
    if not words:
        return {}
    rows = without_hidden(Snippet.objects.filter(pk__in={word.snippet for word in words})).annotate(
        text=Substr("document__text", F("start") + 1, F("end") - F("start"))
    )
    found = {row.pk: (row.kind, str(vars(row)["text"])) for row in rows}
    return {word: _quote(*found[word.snippet], word.start, word.end) for word in words if word.snippet in found}


def _quote(kind: str, text: str, start: int, end: int) -> Quote:
    low, high = max(0, start - AROUND), min(len(text), end + AROUND)
    before, after = text[low:start], text[end:high]
    if low > 0:
        before = f"… {before.partition(' ')[2]}"
    if high < len(text):
        after = f"{after.rpartition(' ')[0]} …"
    return Quote(before=before, words=text[start:end], after=after, where=WHERE.get(SnippetKind(kind), ""))
