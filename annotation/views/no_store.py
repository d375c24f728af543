"""A page with the key of what a device keeps is in no browser's cache: the key would lie beside what it opens."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers

MARK = "carries_device_key"


def no_store(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware. views.context marks the requests whose pages draw the key."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if getattr(request, MARK, False):
            add_never_cache_headers(response)
        return response

    return answer
