"""What a rater reads in calibration: each answer beside the panel's, and how the set went."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotation.enums import Role
from annotation.models import Membership
from annotation.queries.calibration_feedback import calibration_feedback, newest_set, set_summary
from annotation.queries.calibration_result import ComparedAnswer
from annotation.rules.membership import check_role
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.drawing.reference import reference_bars


@never_cache
@require_safe
@in_study(Role.ANNOTATOR)
def feedback(request: HttpRequest, place: Place, number: int, latent: int) -> HttpResponse:
    """Her answers to one latent of a set beside the panel's reference."""
    found = calibration_feedback(_membership(place), set_number=number, latent=latent)
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Rate", "rate"), ("Calibration", "")),
        "feedback": found,
        "compared": [_compared(answer) for answer in found.answers],
        "next_url": _next_url(place, number, finished=found.finished),
    }
    return render(request, "calibration/feedback.html", context)


@never_cache
@require_safe
@in_study(Role.ANNOTATOR)
def summary(request: HttpRequest, place: Place, number: int) -> HttpResponse:
    """How a set went, and what comes next."""
    return render(request, "calibration/summary.html", summary_context(place, number))


def summary_context(place: Place, number: int = 0) -> dict[str, Any]:
    """Of a set, or of the one that she answered last."""
    membership = _membership(place)
    return {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Rate", "rate"), ("Calibration", "")),
        "summary": set_summary(membership, set_number=number or newest_set(membership)),
    }


def _membership(place: Place) -> Membership:
    membership = check_role(place.user, place.study, Role.ANNOTATOR)
    membership.study = place.study
    return membership


def _next_url(place: Place, number: int, *, finished: bool) -> str:
    if finished:
        return reverse("calibration_summary", args=[place.study.slug, number])
    return reverse("rate", args=[place.study.slug])


def _compared(answer: ComparedAnswer) -> dict[str, Any]:
    """Inputs of calibration/compared.html."""
    question = answer.question
    return {
        "question": question.question,
        "yours": "Cannot tell" if answer.answer is None else question.label(answer.answer),
        "bars": reference_bars(answer.reference.distribution, question.options, answer.answer),
        "share": answer.share,
        "credit": answer.credit,
        "reference": answer.reference,
    }
