"""Parts of a page that depend on their inputs only are drawn once and remembered, each in the process that drew it."""

from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.db.models import Model, QuerySet
from django.template.loader import render_to_string

register = template.Library()

REMEMBERED = 4_096
"""Parts, of some kilobytes each: the newest so many stay."""


class _Inputs(str):
    """The inputs written out in full, which tells them apart; and the inputs themselves."""

    values: dict[str, Any]


@register.simple_tag
def drawn_once(name: str, **inputs: Any) -> str:
    """The template with these inputs, as `include … only` draws it. Twice the same inputs are drawn once.

    Inputs are plain values and dataclasses of them, whose `repr` says everything; a row of the database is refused.
    Nothing is drawn of what was not asked for again: what a query no longer returns is not on any page.
    """
    if settings.DEBUG:
        return render_to_string(name, inputs)
    if rows := [key for key, value in inputs.items() if isinstance(value, (Model, QuerySet))]:
        raise TypeError(f"{name} is drawn once for its inputs, and {rows[0]} is a row: give the values that it draws.")
    written = _Inputs(repr(inputs))
    written.values = inputs
    return _drawn(name, written)


@lru_cache(REMEMBERED)
def _drawn(name: str, inputs: _Inputs) -> str:
    return render_to_string(name, inputs.values)
