"""How far raters agree beyond chance, item by item, with interval, n and a sentence each."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotation.models import Agreement
from annotation.queries.agreement_figures import in_order
from annotation.queries.institution_names import institution_names
from annotation.queries.results import agreements, freshness, scopes
from annotation.queries.rubric_words import ItemWords, RubricWords, rubric_words
from annotation.queries.sight import onlooker
from annotation.rules.blinding import check_study_results, retests_visible
from annotation.rules.scopes import ALL, RETEST, scope_in_words
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.drawing.forest import Estimate
from annotation.views.plain_words import in_words, level_of, name_of, prevalence_note


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One coefficient of one item."""

    name: str
    row: Agreement
    words: str

    @property
    def level(self) -> str:
        return level_of(self.row.level)


@dataclass(frozen=True, kw_only=True)
class ItemAgreement:
    """All coefficients of one item, alpha first."""

    words: ItemWords
    figures: tuple[Figure, ...]
    note: str

    @property
    def alpha(self) -> Figure | None:
        """At the item's own level."""
        return next((figure for figure in self.figures if figure.row.coefficient == "alpha"), None)


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
    offered = [scope for scope in scopes(newest.run) if scope != RETEST or retests_visible(place.roles)]
    scope = request.GET.get("scope", ALL)
    scope = scope if scope in offered else ALL
    words = rubric_words(place.study.rubric)
    items = by_item(agreements(newest.run, scope=scope), words)
    names = institution_names(place.study)
    context |= {
        "scopes": [(each, scope_in_words(each, names)) for each in offered],
        "scope": scope,
        "scope_said": scope_in_words(scope, names),
        "items": items,
        "estimates": estimates(items),
    }
    return render(request, "agreement/agreement.html", context)


def by_item(rows: list[Agreement], words: RubricWords) -> list[ItemAgreement]:
    """Rows grouped by item, in the order in which they were computed."""
    groups: dict[str, list[Agreement]] = {}
    for row in rows:
        groups.setdefault(row.item, []).append(row)
    return [
        ItemAgreement(
            words=words.of(item),
            figures=tuple(
                Figure(name=name_of(row.coefficient), row=row, words=in_words(row))
                for row in sorted(group, key=in_order)
            ),
            note=prevalence_note({row.coefficient: row for row in group if row.level != "hierarchy"}),
        )
        for item, group in groups.items()
    ]


def estimates(items: list[ItemAgreement]) -> list[Estimate]:
    """Alpha of every item at its own level for the forest plot."""
    return [
        Estimate(
            label=item.words.name,
            n=item.alpha.row.units,
            value=item.alpha.row.value,
            low=item.alpha.row.low,
            high=item.alpha.row.high,
            reason=item.alpha.row.undefined_reason or item.alpha.row.interval_reason,
        )
        for item in items
        if item.alpha
    ]
