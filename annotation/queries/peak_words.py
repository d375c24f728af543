"""The whole words at which a latent's snippets peak: what the demo's simulated people have to go by."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Substr

from annotation.enums import SnippetKind
from annotation.models import Snippet
from annotation.queries.hidden_snippets import without_hidden

WORD = re.compile(r"\w[\w'/-]*\w|\w")
FIRING = (SnippetKind.TOP, SnippetKind.DECILE)
LOOK_ALIKES = (SnippetKind.FOIL_HARD, SnippetKind.FOIL_RANDOM)
LONGEST = 60


def peak_words(latent: int) -> Counter[str]:
    """How often each word is the strongest of a firing snippet; "" where the peak is no word. One statement."""
    rows = _texts(latent, FIRING).values_list("text", "tokens")
    return Counter(peak_word(text, tokens) for text, tokens in rows if tokens)


def look_alike_words(latent: int) -> list[set[str]]:
    """The words of each look-alike, in lower case. One statement."""
    texts = _texts(latent, LOOK_ALIKES).values_list("text", flat=True)
    return [{word.group().lower() for word in WORD.finditer(text)} for text in texts]


def peak_word(text: str, tokens: Iterable[Mapping[str, Any]]) -> str:
    """The whole word around the strongest token, in lower case; empty if it is no word."""
    place = peak_place(text, tokens)
    return text[place[0] : place[1]].lower()[:LONGEST] if place else ""


def peak_place(text: str, tokens: Iterable[Mapping[str, Any]]) -> tuple[int, int] | None:
    """Where that word lies: characters [start, end) of the text. None where nothing fires, or on no word."""
    peak = max(tokens, key=lambda token: float(token["activation"]), default=None)
    if peak is None:
        return None
    words = (word.span() for word in WORD.finditer(text))
    return next((span for span in words if span[0] < peak["end"] and span[1] > peak["start"]), None)


def _texts(latent: int, kinds: Iterable[SnippetKind]) -> QuerySet[Any]:
    text = Substr("document__text", F("start") + 1, F("end") - F("start"))
    found = without_hidden(Snippet.objects.filter(latent=latent, kind__in=list(kinds)))
    return found.annotate(text=text).order_by("kind", "rank", "pk")
