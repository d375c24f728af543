"""How far raters agree beyond chance, item by item, with interval, n and a sentence each."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotation.models import Agreement
from annotation.queries.results import agreements, freshness, scopes
from annotation.queries.rubric_words import ItemWords, RubricWords, rubric_words
from annotation.queries.sight import onlooker
from annotation.rules.blinding import check_study_results
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.drawing.forest import Estimate
from annotation.views.plain_words import in_words, name_of, prevalence_note


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One coefficient of one item."""

    name: str
    row: Agreement
    words: str


@dataclass(frozen=True, kw_only=True)
class ItemAgreement:
    """All coefficients of one item, alpha first."""

    words: ItemWords
    figures: tuple[Figure, ...]
    note: str


@require_safe
@in_study()
def agreement(request: HttpRequest, place: Place) -> HttpResponse:
    """The newest figures; refused to everyone whom they would unblind."""
    viewer = onlooker(place.user, place.roles, place.study)
    check_study_results(place.roles, may_yet_rate=viewer.may_yet_rate)
    newest = freshness(place.study)
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Agreement", "")),
        "freshness": newest,
        "run": newest.run,
    }
    if newest.run is None:
        return render(request, "agreement/agreement.html", context)
    offered = scopes(newest.run)
    scope = request.GET.get("scope", "all")
    scope = scope if scope in offered else "all"
    words = rubric_words(place.study.rubric)
    items = by_item(agreements(newest.run, scope=scope), words)
    context |= {"scopes": offered, "scope": scope, "items": items, "estimates": estimates(items)}
    return render(request, "agreement/agreement.html", context)


def by_item(rows: list[Agreement], words: RubricWords) -> list[ItemAgreement]:
    """Rows grouped by item, in the order in which they were computed."""
    groups: dict[str, dict[str, Agreement]] = {}
    for row in rows:
        groups.setdefault(row.item, {})[row.coefficient] = row
    return [
        ItemAgreement(
            words=words.of(item),
            figures=tuple(
                Figure(name=name_of(row.coefficient), row=row, words=in_words(row)) for row in group.values()
            ),
            note=prevalence_note(group),
        )
        for item, group in groups.items()
    ]


def estimates(items: list[ItemAgreement]) -> list[Estimate]:
    """Alpha of every item for the forest plot."""
    return [
        Estimate(
            label=item.words.name,
            n=figure.row.units,
            value=figure.row.value,
            low=figure.row.low,
            high=figure.row.high,
            reason=figure.row.undefined_reason or figure.row.interval_reason,
        )
        for item in items
        for figure in item.figures
        if figure.row.coefficient == "alpha"
    ]
