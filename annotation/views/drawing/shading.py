"""The words of a snippet as HTML: drawn here and not in a template, because a page has hundreds of stretches."""

from collections.abc import Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from annotation.views.drawing.segments import Segment


def shaded(cut: Sequence[Segment]) -> SafeString:
    """The segments in order, firing ones marked with their level. Their text is text: markup in it is escaped."""
    return mark_safe("".join(_mark(part) if part.level else escape(part.text) for part in cut))


def _mark(part: Segment) -> str:
    blank = " fire-blank" if part.blank else ""
    return f'<mark class="fire fire-{part.level}{blank}" data-start="{part.start}">{escape(part.text)}</mark>'
