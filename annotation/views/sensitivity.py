"""What agreement, accepted labels and cases become with any one rater, institution or round left out."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotation.enums import Role
from annotation.models import Sensitivity
from annotation.queries.institution_names import institution_names
from annotation.queries.results import freshness
from annotation.queries.rubric_words import ItemWords, rubric_words
from annotation.queries.sensitivity_figures import (
    ChangingLatent,
    SensitivityFigures,
    sensitivity_figures,
    sensitivity_items,
)
from annotation.queries.sight import onlooker
from annotation.rules.blinding import check_study_results
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.drawing.figures import decimal
from annotation.views.drawing.tornado import Without

GROUPS = {"rater": "Raters", "institution": "Institutions", "round": "Rounds"}
NOTABLE = 0.05
"""A change of alpha from here on is named."""


@dataclass(frozen=True, kw_only=True)
class CountRow:
    label: str
    row: Sensitivity
    changed: int


@dataclass(frozen=True, kw_only=True)
class ChangeLine:
    found: ChangingLatent
    before: str
    said: tuple[str, ...]
    """`troponin: without R03, R05`"""


@require_safe
@in_study(Role.RESEARCHER)
def sensitivity(request: HttpRequest, place: Place) -> HttpResponse:
    """The newest figures of one item; refused to everyone whom they would unblind."""
    viewer = onlooker(place.user, place.roles, place.study)
    check_study_results(place.roles, may_yet_rate=viewer.may_yet_rate)
    newest = freshness(place.study)
    offered = sensitivity_items(newest.run) if newest.run else []
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Sensitivity", "")),
        "freshness": newest,
        "run": newest.run,
        "offered": offered,
    }
    if newest.run is None or not offered:
        return render(request, "sensitivity/sensitivity.html", context)
    words = rubric_words(place.study.rubric)
    wished = request.GET.get("item", "")
    item = words.of(wished if wished in offered else offered[0])
    figures = sensitivity_figures(newest.run, item=item.key)
    names = institution_names(place.study)
    context |= {
        "item": item,
        "items": [words.of(key) for key in offered],
        "figures": figures,
        "leaves": [_without(row, names) for row in figures.rows],
        "alpha_said": alpha_in_words(figures, names),
        "counts": _counts(figures, names),
        "labels_said": labels_in_words(figures),
        "lines": [_line(found, item, names) for found in figures.latents],
    }
    return render(request, "sensitivity/sensitivity.html", context)


def name_of(kind: str, left_out: str, institutions: Mapping[str, str]) -> str:
    """`R03`, `Northgate University Hospital`, `round 2`; `institutions`: names by code."""
    if kind == "institution":
        return institutions.get(left_out, left_out)
    return f"round {left_out}" if kind == "round" else left_out


def _without(row: Sensitivity, institutions: Mapping[str, str]) -> Without:
    name = name_of(row.kind, row.left_out, institutions)
    return Without(
        label=f"Without {name}", value=row.alpha, reason=row.undefined_reason, group=GROUPS.get(row.kind, "")
    )


def alpha_in_words(figures: SensitivityFigures, institutions: Mapping[str, str]) -> str:
    """Who moves alpha most, and whether that is much."""
    base = figures.everybody.alpha if figures.everybody else None
    defined = [row for row in figures.rows if row.alpha is not None]
    if base is None or not defined:
        return ""
    most = max(defined, key=lambda row: (abs((row.alpha or 0.0) - base), row.left_out))
    change = (most.alpha or 0.0) - base
    name = name_of(most.kind, most.left_out, institutions)
    if abs(change) < NOTABLE:
        return f"No single one moves α by {decimal(NOTABLE)} or more: agreement does not rest on anyone in particular."
    way = "agrees less with the others than they do among themselves" if change > 0 else "holds agreement up"
    moved = f"without, it is {decimal(most.alpha or 0.0)} in place of {decimal(base)}"
    return f"{name[0].upper()}{name[1:]} moves α most: {moved}. This one {way}."


def _counts(figures: SensitivityFigures, institutions: Mapping[str, str]) -> list[CountRow]:
    """Verdicts, everybody first; none on items that decide nothing."""
    rows = [figures.everybody] if figures.everybody else []
    return [
        CountRow(
            label="With everybody"
            if row.kind == "nobody"
            else f"Without {name_of(row.kind, row.left_out, institutions)}",
            row=row,
            changed=len(row.changed),
        )
        for row in (*rows, *figures.rows)
        if row.accepted is not None
    ]


def labels_in_words(figures: SensitivityFigures) -> str:
    everybody = figures.everybody
    if everybody is None or everybody.accepted is None:
        return ""
    if not everybody.accepted:
        return "No label is accepted yet, so that none can change."
    if not figures.changing:
        return f"All {everybody.accepted:,} accepted labels stay, whoever is left out."
    other = sum(any(change.after is not None for change in found.changes) for found in figures.latents)
    some = f"{figures.changing:,} of {everybody.accepted:,} accepted labels"
    said = f"{some} would not be accepted without some one rater, institution or round"
    return f"{said}; {other:,} would be another." if other else f"{said}; none would be another."


def _line(found: ChangingLatent, words: ItemWords, institutions: Mapping[str, str]) -> ChangeLine:
    without: dict[str, list[str]] = {}
    for change in found.changes:
        after = "no longer accepted" if change.after is None else words.label(change.after)
        without.setdefault(after, []).append(name_of(change.kind, change.left_out, institutions))
    return ChangeLine(
        found=found,
        before=words.label(found.changes[0].before),
        said=tuple(f"{after}: without {', '.join(names)}" for after, names in without.items()),
    )
