"""When a latent counts as settled: the study's thresholds, and what others would make of it before they are saved."""

from dataclasses import fields, replace
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotation.actions.study_settings import change_study
from annotation.enums import Role
from annotation.models import Study
from annotation.queries.judging import study_thresholds
from annotation.queries.results import newest_run
from annotation.queries.sight import onlooker
from annotation.queries.threshold_preview import Comparison, compare
from annotation.rules.answers import Incomplete
from annotation.rules.refusal import Refused
from annotation.rules.study_settings import ACCEPT, THRESHOLDS
from annotation.science.ambiguity import Thresholds
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.see_other import see_other
from annotation.views.threshold_words import FIELDS, in_words, missed_in_words, outcomes


class ThresholdsForm(forms.Form):
    """One field a threshold that the study stores, named as it is stored."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in THRESHOLDS:
            label, help_text = FIELDS.get(name, (name.removeprefix(ACCEPT).replace("_", " ").capitalize(), ""))
            self.fields[name] = forms.FloatField(
                label=label, help_text=help_text, widget=forms.NumberInput(attrs={"class": "input", "step": "any"})
            )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def thresholds(request: HttpRequest, place: Place) -> HttpResponse:
    """The form with the study as it is; saves."""
    if request.method != "POST":
        return _page(request, place, ThresholdsForm(initial=_initial(place.study)))
    form = ThresholdsForm(request.POST)
    if not form.is_valid():
        return _page(request, place, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        change_study(study=place.study, settings=form.cleaned_data, by=place.user, now=timezone.now())
    except Incomplete as error:
        for name, sentence in error.problems.items():
            form.add_error(name, sentence)
        return _page(request, place, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except Refused as error:
        form.add_error(None, str(error))
        return _page(request, place, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, "The thresholds are saved. The next verdicts follow them.")
    return see_other("thresholds", place.study.slug)


@never_cache
@require_POST
@in_study(Role.RESEARCHER)
def preview(request: HttpRequest, place: Place) -> HttpResponse:
    """What the thresholds in the form would do; nothing is saved. The part alone where htmx asks."""
    form = ThresholdsForm(request.POST)
    form.is_valid()
    htmx = request.htmx  # type: ignore[attr-defined]
    if not htmx:
        return _page(request, place, form)
    return render(request, "studies/threshold_preview.html", {"study": place.study, **_preview(place, form)})


def _initial(study: Study) -> dict[str, Any]:
    return {name: getattr(study, name) for name in THRESHOLDS}


def _page(request: HttpRequest, place: Place, form: ThresholdsForm, *, status: int = HTTPStatus.OK) -> HttpResponse:
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Thresholds", "")),
        "form": form,
        "defaults": [(form[name].label, getattr(place.study, name), getattr(Study(), name)) for name in THRESHOLDS],
        **_preview(place, form),
    }
    return render(request, "studies/thresholds.html", context, status=status)


def _preview(place: Place, form: ThresholdsForm) -> dict[str, Any]:
    """Empty figures where she may not see results, where there are none, or where the form does not hold together."""
    viewer = onlooker(place.user, place.roles, place.study)
    run = newest_run(place.study) if viewer.sees_results else None
    shown: dict[str, Any] = {"sees_results": viewer.sees_results, "run": run}
    wanted = _wanted(place.study, form)
    if run is None or wanted is None:
        return shown | {"incomplete": wanted is None}
    found: Comparison = compare(place.study, run, wanted)
    return shown | {
        "found": found,
        "said": in_words(found),
        "missed": missed_in_words(found),
        "now": outcomes(found.now),
        "then": outcomes(found.then),
    }


def _wanted(study: Study, form: ThresholdsForm) -> Thresholds | None:
    """The form's thresholds; None while one is missing or cannot be."""
    given = form.cleaned_data if form.is_bound else _initial(study)
    if set(given) != set(THRESHOLDS) or form.errors:
        return None
    known = {field.name for field in fields(Thresholds)}
    changed = {name.removeprefix(ACCEPT): value for name, value in given.items()}
    return replace(study_thresholds(study), **{name: value for name, value in changed.items() if name in known})
