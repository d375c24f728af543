"""Words that rationales point at: framed once, lettered at their end, and the text itself left as it is."""

import re
from dataclasses import dataclass
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from annotation.views.drawing.pointed import pointed
from annotation.views.drawing.segments import segments

TEXT = "Chest <pain> at rest, troponin rising."


@dataclass(frozen=True)
class At:
    letter: str
    start: int
    end: int


def drawn(*places: At, text: str = TEXT) -> str:
    tokens = [{"start": 7, "end": 11, "activation": 4.0}]
    return str(pointed(segments(text, tokens, 4.0), places))


def plain(html: str) -> str:
    return unescape(re.sub("<[^>]+>", "", re.sub("<sup.*?</sup>", "", html)))


def test_a_place_is_framed_in_one_piece_whatever_fires_inside_it() -> None:
    html = drawn(At("A", 0, 12))
    fires = '<mark class="fire fire-5" data-start="7">pain</mark>'
    assert html.startswith(f'<span class="pointed">Chest &lt;{fires}&gt;</span><sup')
    assert ">A</sup>" in html
    assert html.count("<span") == html.count("</span>") == 1


def test_places_that_overlap_have_each_their_letter_at_their_own_end() -> None:
    html = drawn(At("A", 0, 12), At("B", 6, 20), At("C", 6, 20))
    assert re.findall(r">([A-C ]+)</sup>", html) == ["A", "B C"]


def test_without_places_nothing_is_framed() -> None:
    assert "pointed" not in drawn()


@given(st.lists(st.tuples(st.integers(0, 37), st.integers(1, 12)), max_size=6))
def test_the_text_stays_and_every_frame_is_closed(spans: list[tuple[int, int]]) -> None:
    places = [At("ABCDEF"[n], start, min(start + length, len(TEXT))) for n, (start, length) in enumerate(spans)]
    html = drawn(*places)
    assert plain(html) == TEXT
    assert html.count("<span") == html.count("</span>")
    assert html.count("<mark") == html.count("</mark>")
