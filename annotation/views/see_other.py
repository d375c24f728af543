"""After a form was taken: the browser asks for the next page by GET, so that reloading it sends nothing twice."""

from http import HTTPStatus

from django.http import HttpResponseRedirect
from django.urls import reverse


class SeeOther(HttpResponseRedirect):
    status_code = HTTPStatus.SEE_OTHER


def see_other(name: str, *parts: object) -> SeeOther:
    """303 to the page with this name."""
    return SeeOther(reverse(name, args=parts))
