"""Components that need geometry, and how numbers are written; their inputs: templates/components/README.md."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils import timezone

from annotation.views.drawing import figures
from annotation.views.drawing.course import course as draw_course
from annotation.views.drawing.density import density_meter as draw_density
from annotation.views.drawing.distribution import Method
from annotation.views.drawing.distribution import distribution as draw_distribution
from annotation.views.drawing.forest import Estimate
from annotation.views.drawing.forest import forest as draw_forest
from annotation.views.drawing.histogram import histogram as draw_histogram
from annotation.views.drawing.icons import icon_path
from annotation.views.drawing.pair_matrix import Pair
from annotation.views.drawing.pair_matrix import pair_matrix as draw_pair_matrix
from annotation.views.drawing.pointed import Place, pointed
from annotation.views.drawing.positions import positions as draw_positions
from annotation.views.drawing.progress import progress_bar as draw_progress
from annotation.views.drawing.segments import segments, strongest
from annotation.views.drawing.shading import shaded
from annotation.views.drawing.shares import Part
from annotation.views.drawing.shares import share_bars as draw_shares
from annotation.views.drawing.sparkline import sparkline as draw_sparkline
from annotation.views.drawing.states import state as look_of
from annotation.views.drawing.tokens import Piece, readable_token
from annotation.views.drawing.tornado import Without
from annotation.views.drawing.tornado import tornado as draw_tornado
from annotation.views.drawing.votes import votes as draw_votes

register = template.Library()


@register.simple_tag
@lru_cache
def icon(name: str) -> str:
    """A decorative line icon; the words stand beside it."""
    return _render("components/icon.html", path=icon_path(name))


@register.simple_tag
@lru_cache(256)
def key_cap(key: str) -> str:
    """The key that presses a control."""
    return _render("components/key_cap.html", key=key)


@register.inclusion_tag("components/state.html")
def state(name: str, label: str = "") -> dict[str, Any]:
    """A state as a pill: sign and word."""
    return {"state": look_of(name, label)}


@register.inclusion_tag("components/token_strip.html")
def token_strip(text: str, tokens: Sequence[Mapping[str, Any]], scale: float, **extra: Any) -> dict[str, Any]:
    """A snippet with its firing words shaded; `scale` is the activation drawn strongest."""
    cut = segments(text, tokens, scale)
    return {"shaded": shaded(cut), "strongest": strongest(cut), "fires": any(part.level for part in cut), **extra}


@register.inclusion_tag("components/token_text.html")
def token_text(text: str, tokens: Sequence[Mapping[str, Any]], scale: float, **extra: Any) -> dict[str, Any]:
    """Only the text of a token_strip, for a page that draws its own box around it."""
    return token_strip(text, tokens, scale, **extra)


@register.inclusion_tag("components/token_text.html")
def pointed_text(
    text: str, tokens: Sequence[Mapping[str, Any]], scale: float, places: Sequence[Place], **extra: Any
) -> dict[str, Any]:
    """A token_text with the words framed that rationales point at; `places` are {letter, start, end}."""
    cut = segments(text, tokens, scale)
    return {"shaded": pointed(cut, places), "strongest": strongest(cut), **extra}


@register.inclusion_tag("components/shading_key.html")
def shading_key() -> dict[str, Any]:
    """What the five levels of shading mean; once a page."""
    return {"levels": range(1, 6)}


@register.inclusion_tag("components/histogram.html")
def histogram(
    edges: Sequence[float], counts: Sequence[int], deciles: Sequence[float] = (), title: str = "Activation histogram"
) -> dict[str, Any]:
    """Firings in log-spaced activation bins, with its table."""
    return {"histogram": draw_histogram(edges, counts, deciles or ()), "title": title}


@register.inclusion_tag("components/density_meter.html")
def density_meter(density: float, bound: float | None = None) -> dict[str, Any]:
    """Share of tokens on which a latent fires, on a log scale."""
    return {"meter": draw_density(density, bound)}


@register.inclusion_tag("components/forest.html")
def forest(
    estimates: Sequence[Estimate],
    caption: str,
    measure: str = "Estimate",
    unit: str = "latents",
    low: float | None = None,
    high: float | None = None,
    mark: float | None = None,
) -> dict[str, Any]:
    """Estimates with intervals, n, and reasons where undefined."""
    plot = draw_forest(estimates, low, high, mark)
    return {"plot": plot, "caption": caption, "measure": measure, "unit": unit}


@register.inclusion_tag("components/pair_matrix.html")
def pair_matrix(pairs: Sequence[Pair], caption: str) -> dict[str, Any]:
    """Who agrees with whom: figures in shaded cells, and the same as a table."""
    return {"plot": draw_pair_matrix(pairs), "caption": caption}


@register.inclusion_tag("components/course.html")
def course(
    estimates: Sequence[Estimate], caption: str, measure: str = "Estimate", unit: str = "latents"
) -> dict[str, Any]:
    """How an estimate moved over calibration sets, with its table."""
    return {"plot": draw_course(estimates), "caption": caption, "measure": measure, "unit": unit}


@register.inclusion_tag("components/tornado.html")
def tornado(base: float, leaves: Sequence[Without], caption: str, measure: str = "Estimate") -> dict[str, Any]:
    """What a figure becomes with each one left out."""
    return {"plot": draw_tornado(base, leaves), "caption": caption, "measure": measure}


@register.inclusion_tag("components/distribution.html")
def distribution(classes: Sequence[str], methods: Sequence[Method], caption: str) -> dict[str, Any]:
    """Several methods' label distributions side by side."""
    return {"plot": draw_distribution(classes, methods), "caption": caption}


@register.inclusion_tag("components/votes.html")
def votes(counts: Mapping[str, int], label: str, note: str = "", unit: str = "vote") -> dict[str, Any]:
    """Raw votes (or whatever `unit` names) as one stacked, numbered bar with its list."""
    return {"plot": draw_votes(counts), "label": label, "note": note, "unit": unit}


@register.inclusion_tag("components/sparkline.html")
def sparkline(values: Sequence[float], label: str) -> dict[str, Any]:
    """How a number moved, the size of a word."""
    return {"line": draw_sparkline(values), "label": label}


@register.inclusion_tag("components/progress.html")
def progress(
    done: int,
    total: int,
    phase: str = "",
    rate: float | None = None,
    unit: str = "tokens",
    seconds_left: float | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """A job's progress; with `poll=url` it asks for its own replacement every two seconds."""
    return {"bar": draw_progress(done, total, rate, unit, seconds_left), "phase": phase, **extra}


@register.inclusion_tag("components/share_bars.html")
def share_bars(parts: Sequence[Part], total: int, caption: str, what: str = "Where") -> dict[str, Any]:
    """How firings spread over specialties or sections, each with its n and lift."""
    return {"bars": draw_shares(parts, total), "caption": caption, "what": what}


@register.inclusion_tag("components/positions.html")
def positions(firings: Sequence[int], tokens: Sequence[int] = ()) -> dict[str, Any]:
    """Where in a document a latent fires, tenth by tenth, with its table."""
    return {"plot": draw_positions(firings, tokens)}


@register.inclusion_tag("components/tried_text.html")
def tried_text(pieces: Sequence[Piece], label: str) -> dict[str, Any]:
    """A text token by token: shaded, underlined, its numbers on hover, focus and tap."""
    return {"pieces": pieces, "label": label}


@register.simple_block_tag
def card(content: str, title: str = "", note: str = "", level: int = 2) -> str:
    """A titled box."""
    return _render("components/card.html", content=content, title=title, note=note, level=level)


@register.simple_block_tag
def disclosure(content: str, summary: str, open: bool = False) -> str:
    """Detail on demand."""
    return _render("components/disclosure.html", content=content, summary=summary, open=open)


@register.simple_block_tag
def table_box(content: str, label: str) -> str:
    """Scrolls a wide table inside its own box, by keyboard too."""
    return _render("components/table_box.html", content=content, label=label)


@register.filter
def decimal(value: float | None, places: int = 2) -> str:
    """`0.74`, `−0.12`; an en dash for None."""
    return "–" if value is None else figures.decimal(float(value), places)


@register.filter
def count(value: float | None) -> str:
    """`12,400`; an en dash for None."""
    return "–" if value is None else figures.count(value)


@register.filter
def significant(value: float | None, digits: int = 3) -> str:
    """Three significant digits unless told otherwise; an en dash for None."""
    return "–" if value is None else figures.significant(float(value), digits)


@register.filter
def percent(share: float | None, places: int = 0) -> str:
    """A share in 0..1 as `42 %`; an en dash for None."""
    return "–" if share is None else figures.percent(float(share), places)


@register.filter
def duration(seconds: float | None) -> str:
    """`3 min 20 s`; an en dash for None."""
    return "–" if seconds is None else figures.duration(float(seconds))


@register.filter
def interval(bounds: Sequence[float] | None) -> str:
    """A pair as `[0.61, 0.83]`; an en dash for None."""
    return "–" if bounds is None else figures.interval(bounds[0], bounds[1])


@register.filter
def clock(moment: datetime | None) -> str:
    """`10:42` for today, `3 Nov, 10:42` this year, `3 Nov 2025, 10:42` before; an en dash for None."""
    if moment is None:
        return "–"
    local, today = timezone.localtime(moment), timezone.localtime()
    if local.date() == today.date():
        return f"{local:%H:%M}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {local:%b}{year}, {local:%H:%M}"


@register.filter
def visible(token: str) -> str:
    """A token with the white space at its borders made visible."""
    return readable_token(token)


@register.filter
def digest(value: str | None, length: int = 12) -> str:
    """The first characters of a long digest, with an ellipsis."""
    return "–" if not value else value if len(value) <= length else f"{value[:length]}…"


def _render(name: str, **context: Any) -> str:
    return render_to_string(name, context)
