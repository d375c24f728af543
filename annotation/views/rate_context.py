"""GET rate/context/<snippet>/: more of the note around a snippet, within the rating page or as a page of its own."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotation.enums import Role
from annotation.queries.wider_context import wider_context
from annotation.rules.refusal import NotYours, Refused
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs


@never_cache
@require_safe
@in_study(Role.ANNOTATOR)
def context(request: HttpRequest, place: Place, snippet: int) -> HttpResponse:
    """The part that rate/context.js puts around the snippet; without JavaScript a page with the way back."""
    alone = not request.htmx  # type: ignore[attr-defined]
    try:
        shown = {"context": wider_context(snippet=snippet, study=place.study, user=place.user)}
    except NotYours:
        raise
    except Refused as error:
        if alone:
            raise
        return render(request, "rate/context.html", {"sentence": str(error)}, status=HTTPStatus.CONFLICT)
    if not alone:
        return render(request, "rate/context.html", shown)
    crumbs = {"breadcrumbs": breadcrumbs(place, ("Rate", "rate"), ("Wider context", ""))}
    return render(request, "rate/context_page.html", {**place.context, **crumbs, **shown})
