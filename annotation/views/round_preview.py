"""What opening or closing a round asks of people, before the researcher does either."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotation.enums import Role
from annotation.queries.round_preview import round_preview
from annotation.rules.blinding import retests_visible
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs


@never_cache
@require_safe
@in_study(Role.RESEARCHER)
def preview(request: HttpRequest, place: Place) -> HttpResponse:
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Rounds", "")),
        "preview": round_preview(place.study, retests=retests_visible(place.roles)),
    }
    return render(request, "studies/preview.html", context)
