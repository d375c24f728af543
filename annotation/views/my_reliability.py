"""A rater's own page: how close she is to the panel, how steady with herself. Nobody else opens it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotation.enums import Role
from annotation.queries.own_reliability import OwnQuestion, own_reliability
from annotation.queries.rubric_words import rubric_words
from annotation.rules.membership import check_role
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.drawing.forest import Estimate


@never_cache
@require_safe
@in_study(Role.ANNOTATOR)
def my_reliability(request: HttpRequest, place: Place) -> HttpResponse:
    """From her own answers alone (queries.own_reliability says why)."""
    membership = check_role(place.user, place.study, Role.ANNOTATOR)
    membership.study = place.study
    found = own_reliability(membership)
    words = rubric_words(place.study.rubric)
    lines = [{"name": words.of(one.question.key).name, "found": one} for one in found.questions]
    context = {
        "own": found,
        "lines": lines,
        "estimates": [_estimate(words.of(one.question.key).name, one) for one in found.questions if one.known],
        "breadcrumbs": breadcrumbs(place, ("How steady and how close", "")),
    }
    return render(request, "reliability/mine.html", {**place.context, **context})


def _estimate(name: str, one: OwnQuestion) -> Estimate:
    return Estimate(label=name, n=one.known, value=one.prior.mean, low=one.prior.low, high=one.prior.high)
