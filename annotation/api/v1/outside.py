"""What goes wrong outside the API's views is told as a problem too, not as a page."""

import json
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from annotation.api.v1 import problems

ROOT = "/api/v1/"


def problems_only(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware, the outermost: pages of errors under the API's root become problems."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not _is_page_of_error(request, response):
            return response
        problem = problems.OF_STATUS.get(response.status_code, problems.INTERNAL)
        body = json.dumps(problem.body(problem.meaning, instance=request.path)).encode()
        told = HttpResponse(body, status=response.status_code, content_type=problems.MEDIA_TYPE)
        for name in ("Allow", "Content-Range", "Retry-After", "WWW-Authenticate"):
            if name in response:
                told[name] = response[name]
        return told

    return answer


def _is_page_of_error(request: HttpRequest, response: HttpResponseBase) -> bool:
    page = response.headers.get("Content-Type", "").startswith("text/html")
    return response.status_code >= 400 and page and request.path.startswith(ROOT) and "reference" not in request.path
