"""How many raters and latents the next study takes, learned from the ratings so far."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from annotation.actions.planning import ask_for_plan
from annotation.enums import Role
from annotation.models import ResultRun
from annotation.queries.agreement_figures import agreement_items
from annotation.queries.results import freshness
from annotation.queries.rubric_words import rubric_words
from annotation.queries.sight import onlooker
from annotation.queries.study_plan import LATENTS, MOST_PEOPLE, Size, StudyPlan, plan_digest, stored_plan, usual_pool
from annotation.queries.work_cost import Pace, study_pace
from annotation.rules.blinding import check_study_results
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.drawing.figures import decimal, duration

USUAL_WIDTH = 0.2


class PlanForm(forms.Form):
    item = forms.ChoiceField(
        label="Rubric item",
        help_text="On which agreement is to be known.",
        widget=forms.Select(attrs={"class": "input"}),
    )
    width = forms.FloatField(
        label="Width of the 95 % interval of α",
        help_text="0.2 is 0.1 to either side, as 0.35 to 0.55.",
        min_value=0.01,
        max_value=1.5,
        widget=forms.NumberInput(attrs={"class": "input", "step": "any"}),
    )
    pool = forms.IntegerField(
        label="Raters in the study",
        help_text="Among whom the latents are shared out; each latent has as many of them as the plan says.",
        min_value=2,
        max_value=MOST_PEOPLE,
        widget=forms.NumberInput(attrs={"class": "input"}),
    )


@dataclass(frozen=True, kw_only=True)
class GridCell:
    size: Size | None
    reaches: bool
    cheapest: bool


@dataclass(frozen=True, kw_only=True)
class GridRow:
    raters: int
    cells: tuple[GridCell, ...]


@never_cache
@require_safe
@in_study(Role.RESEARCHER)
def planning(request: HttpRequest, place: Place) -> HttpResponse:
    """The wish, and the plan if it is there; refused to everyone whom it would unblind."""
    _check(place)
    newest = freshness(place.study)
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Planning", "")),
        "freshness": newest,
        "run": newest.run,
    }
    if newest.run is None:
        return render(request, "planning/planning.html", context)
    form = _form(place, newest.run, request.GET if "item" in request.GET else None)
    context["form"] = form
    if form.is_bound and form.is_valid():
        context |= _shown(place, newest.run, form.cleaned_data)
    return render(request, "planning/planning.html", context)


@require_POST
@in_study(Role.RESEARCHER)
def ask_plan(request: HttpRequest, place: Place) -> HttpResponse:
    """Has it drawn, unless it is there; then shows the page of this wish."""
    _check(place)
    run = freshness(place.study).run
    wish = {name: request.POST.get(name, "") for name in PlanForm.base_fields}
    form = _form(place, run, request.POST) if run else None
    if form is not None and form.is_valid():
        given = form.cleaned_data
        try:
            ask_for_plan(study=place.study, item=given["item"], pool=given["pool"], by=place.user)
        except Refused as error:
            say_refusal(request, error)
    return HttpResponseRedirect(f"{reverse('planning', args=[place.study.slug])}?{urlencode(wish)}", status=303)


@never_cache
@require_safe
@in_study(Role.RESEARCHER)
def progress(request: HttpRequest, place: Place) -> HttpResponse:
    """The bar, which asks for itself; once the plan is there the page comes anew."""
    _check(place)
    run = freshness(place.study).run
    form = _form(place, run, request.GET) if run else None
    if run is None or form is None or not form.is_valid() or _found(run, form.cleaned_data) is not None:
        return HttpResponseClientRefresh()
    return render(request, "planning/progress.html", {"poll": request.get_full_path()})


def _check(place: Place) -> None:
    viewer = onlooker(place.user, place.roles, place.study)
    check_study_results(place.roles, may_yet_rate=viewer.may_yet_rate)


def _form(place: Place, run: ResultRun, given: Any) -> PlanForm:
    words = rubric_words(place.study.rubric)
    items = agreement_items(run)
    first = words.concept_key if words.concept_key in items else next(iter(items), "")
    form = PlanForm(given, initial={"item": first, "width": USUAL_WIDTH, "pool": usual_pool(place.study, run)})
    form.fields["item"].choices = [(key, words.of(key).name) for key in items]  # type: ignore[attr-defined]
    return form


def _found(run: ResultRun, wish: dict[str, Any]) -> StudyPlan | None:
    return stored_plan(plan_digest(run, item=wish["item"], pool=wish["pool"]))


def _shown(place: Place, run: ResultRun, wish: dict[str, Any]) -> dict[str, Any]:
    found = _found(run, wish)
    if found is None:
        query = urlencode(wish)
        return {"poll": f"{reverse('planning_progress', args=[place.study.slug])}?{query}"}
    pace, wanted = study_pace(place.study), wish["width"]
    return {
        "found": found,
        "said": in_words(found, wanted, pace),
        "pace": pace,
        "wanted": wanted,
        "latents": LATENTS,
        "rows": grid(found, wanted),
    }


def grid(found: StudyPlan, wanted: float) -> list[GridRow]:
    """Raters a latent down, latents across."""
    cheapest = found.cheapest(wanted)
    by_size = {(size.raters, size.latents): size for size in found.sizes}
    return [
        GridRow(
            raters=raters, cells=tuple(_cell(by_size.get((raters, latents)), wanted, cheapest) for latents in LATENTS)
        )
        for raters in sorted({size.raters for size in found.sizes})
    ]


def _cell(size: Size | None, wanted: float, cheapest: Size | None) -> GridCell:
    return GridCell(
        size=size,
        reaches=size is not None and size.reaches(wanted),
        cheapest=size is not None and size == cheapest,
    )


def in_words(found: StudyPlan, wanted: float, pace: Pace) -> str:
    """The cheapest plan and what it costs, or what comes nearest."""
    best = found.cheapest(wanted)
    if best is not None and best.width is not None:
        said = f"{best.raters} raters on each of {best.latents} latents: {best.ratings:,} ratings"
        return f"The cheapest that reaches {decimal(wanted)}: {said}, {cost(best.ratings, pace)}. {_likely(best)}"
    nearest = found.nearest()
    if nearest is None or nearest.width is None:
        return "No size that was tried gives an interval."
    return (
        f"No size that was tried reaches {decimal(wanted)}. {nearest.raters} raters on {nearest.latents} latents come "
        f"nearest, with {decimal(nearest.width)}: wish for less, or ask more raters."
    )


def cost(ratings: int, pace: Pace) -> str:
    """Time and, where the study pays, money."""
    time = f"about {duration(ratings * pace.seconds)} of rating"
    money: Decimal | None = pace.money(ratings)
    return time if money is None else f"{time}, {pace.currency} {money:,}"


def _likely(size: Size) -> str:
    if size.low is None or size.high is None or size.width is None:
        return ""
    return (
        f"Its interval is expected to be {decimal(size.width)} wide; in four of five such studies it is "
        f"{decimal(size.low)} to {decimal(size.high)}."
    )
