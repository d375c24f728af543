"""From an address to a study and what the person may do there: the same first step for every page."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from annotation.enums import Role
from annotation.models import Study, User
from annotation.models.prepared import prepared
from annotation.rules.membership import check_entry
from annotation.rules.refusal import NotYours, Refused
from annotation.views.navigation import navigation
from annotation.views.wants_json import wants_json

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the person is: the study and her roles in it."""

    user: User
    study: Study
    roles: frozenset[Role]
    path: str = ""
    """The address, to mark in the navigation where it belongs."""

    @property
    def context(self) -> dict[str, Any]:
        """What base.html draws of it."""
        return {"study": self.study, "roles": self.roles, "nav": navigation(self.study.slug, self.roles, self.path)}


def in_study(*allowed: Role) -> Callable[[View], View]:
    """Give the view a `Place` in place of the slug. A stranger gets 404, a member in another role 403 with a sentence.

    Without roles any member may enter. A Refused that the view lets through becomes a page with its sentence, or
    {detail} where a script asks for JSON.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def entered(request: HttpRequest, slug: str, **parts: Any) -> HttpResponseBase:
            place: Place | None = None
            try:
                place = _place(request, slug, allowed)
                return view(request, place, **parts)
            except NotYours as error:
                if wants_json(request):
                    return JsonResponse({"detail": str(error)}, status=404)
                raise Http404(str(error)) from error
            except Refused as error:
                if wants_json(request):
                    return JsonResponse({"detail": str(error)}, status=409)
                context = place.context if place else {}
                return render(request, "403.html", {**context, "sentence": str(error)}, status=403)

        return entered

    return decorate


def _place(request: HttpRequest, slug: str, allowed: tuple[Role, ...]) -> Place:
    user = request.user
    assert isinstance(user, User)  # LoginRequiredMiddleware stands in front of every page of a study.
    found = _named(slug)
    if not found:
        raise NotYours("There is no such study among yours.")
    study = found[0]
    roles = check_entry(user, study, *allowed)
    return Place(user=user, study=study, roles=roles, path=request.path)


@prepared
def _named(slug: str) -> QuerySet[Study]:
    # The frame is as long as the SAE is wide, and few pages draw it.
    return Study.objects.defer("sample_frame").filter(slug=slug)


def say_refusal(request: HttpRequest, error: Refused) -> None:
    """For a form that goes back to its page: the sentence as a message there."""
    messages.error(request, str(error))
