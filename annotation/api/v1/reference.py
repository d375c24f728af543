"""The page on which the API is read: drawn from its OpenAPI description, without a script and from this host alone."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotation.api.v1.description import VERSION, description
from annotation.api.v1.problems import PROBLEMS
from annotation.api.v1.reading import operations_by_tag, shapes
from annotation.enums import TokenScope


@login_not_required
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    told = description()
    context = {
        "groups": operations_by_tag(told).items(),
        "shapes": shapes(told),
        "problems": PROBLEMS,
        "scopes": TokenScope.choices,
        "api_version": VERSION,
    }
    return render(request, "api/reference.html", context)
