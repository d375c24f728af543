"""The panel's pages: which calibration latents wait for a reference, and one of them with its form."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotation.actions.references import correct_reference, set_reference
from annotation.enums import Role
from annotation.models import Reference, RubricItem, SampledLatent
from annotation.queries.calibration_sets import CalibrationSet, SetLatent, calibration_sets
from annotation.queries.references import in_force, panel_references
from annotation.queries.shown_snippets import snippet_groups
from annotation.rules.answers import Incomplete
from annotation.rules.blinding import reference_visible
from annotation.rules.referenced_items import referenced_items
from annotation.rules.refusal import NotYours, Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.drawing.reference import reference_bars
from annotation.views.reference_form import (
    WrittenReference,
    as_written,
    given_references,
    read_reference,
    reference_questions,
)
from annotation.views.see_other import see_other


@never_cache
@require_safe
@in_study(Role.ADJUDICATOR, Role.RESEARCHER)
def references(request: HttpRequest, place: Place) -> HttpResponse:
    """The calibration sets, latent by latent, with what she has still to set."""
    sets = calibration_sets(place.study, place.user)
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("References", "")),
        "sets": sets,
        "next": _next(sets),
        "researches": Role.RESEARCHER in place.roles,
    }
    return render(request, "references/references.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.ADJUDICATOR, Role.RESEARCHER)
def reference(request: HttpRequest, place: Place, latent: int) -> HttpResponse:
    """One latent with its snippets; POST sets her reference. The panel's mean is shown once hers is in."""
    sets = calibration_sets(place.study, place.user)
    found = next(((one, row) for one in sets for row in one.latents if row.pk == latent), None)
    if found is None:
        raise NotYours("There is no such calibration latent in this study.")
    if found[1].hers_to_rate:
        raise Refused("You rate this latent yourself, so that its reference is set by others and closed to you.")
    if request.method == "POST":
        return _set(request, place, *found)
    return _page(request, place, *found)


def _set(request: HttpRequest, place: Place, of_set: CalibrationSet, row: SetLatent) -> HttpResponse:
    written, corrects = read_reference(request.POST), "reason" in request.POST
    items = list(place.study.rubric.items.order_by("position"))
    sampled = SampledLatent.everything.select_related("study__rubric").get(pk=row.pk)
    try:
        given = given_references(items, written)
        if corrects:
            correct_reference(
                latent=sampled, given=given, reason=written.of("reason"), by=place.user, now=timezone.now()
            )
        else:
            set_reference(latent=sampled, given=given, by=place.user, now=timezone.now())
    except Incomplete as error:
        return _page(request, place, of_set, row, written=written, problems=error.problems)
    except Refused as error:
        say_refusal(request, error)
        return see_other("references", place.study.slug)
    done = "corrected" if corrects else "set"
    messages.success(request, f"Your reference for latent {row.number} of set {of_set.number} is {done}.")
    if corrects:
        return see_other("reference", place.study.slug, row.pk)
    following = _next(calibration_sets(place.study, place.user))
    if following is None:
        return see_other("references", place.study.slug)
    return see_other("reference", place.study.slug, following.pk)


def _page(
    request: HttpRequest,
    place: Place,
    of_set: CalibrationSet,
    row: SetLatent,
    *,
    written: WrittenReference | None = None,
    problems: dict[str, str] | None = None,
) -> HttpResponse:
    sampled = SampledLatent.everything.select_related("latent").get(pk=row.pk)
    items = list(place.study.rubric.items.order_by("position"))
    corrects = row.own and ("correct" in request.GET or written is not None)
    open_to_her = corrects or (not row.own and of_set.round is None)
    if corrects and written is None:
        written = _own(place, row, items)
    entered, told = written or WrittenReference(), problems or {}
    context: dict[str, Any] = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("References", "references"), (f"Set {of_set.number}, {row.number}", "")),
        "set": of_set,
        "row": row,
        "groups": snippet_groups(sampled.latent_id),
        "scale": sampled.latent.max_activation,
        "open_to_her": open_to_her,
        "corrects": corrects,
        "reason": {"value": entered.of("reason"), "error": told.get("reason", "")},
        "questions": reference_questions(items, entered, told) if open_to_her else (),
        "panel": _panel(place, row) if reference_visible(place.roles, own=row.own, open=bool(of_set.round)) else (),
        "problems": told,
        "concepts": list(place.study.concepts.filter(created_by=None).order_by("name").values_list("name", flat=True)),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return render(request, "references/reference.html", context, status=status)


def _own(place: Place, row: SetLatent, items: Sequence[RubricItem]) -> WrittenReference:
    """What she set, as the form has it."""
    own = in_force(Reference.objects.filter(latent=row.pk, set_by=place.user))
    return as_written(items, own.order_by("pk"))


def _panel(place: Place, row: SetLatent) -> list[dict[str, Any]]:
    """The mean of the panel, question by question."""
    found = panel_references([row.pk])
    return [
        {
            "question": question.question,
            "bars": reference_bars(found[row.pk, question.key].distribution, question.options),
            "reference": found[row.pk, question.key],
        }
        for question in referenced_items(place.study.rubric.items.order_by("position"))
        if (row.pk, question.key) in found
    ]


def _next(sets: tuple[CalibrationSet, ...]) -> SetLatent | None:
    return next((row for one in sets if (row := one.next_for_panel)), None)
