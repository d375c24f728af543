"""What the concept field asks while she types, and when she has left it; for js/suggest.js and js/did_you_mean.js."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from annotation.enums import Role
from annotation.queries.concept_suggestions import suggestions
from annotation.queries.near_concept import near_concept
from annotation.rules.answers import CONCEPT_LIMIT
from annotation.views.access import Place, in_study


@never_cache
@require_GET
@in_study(Role.ANNOTATOR)
def suggest(request: HttpRequest, place: Place) -> JsonResponse:
    """GET ?q=&round= answers [{value, label, note, words}], at most eight."""
    text, number = _asked(request)
    found = suggestions(study=place.study, round_number=number, user=place.user, text=text)
    return JsonResponse([suggestion.option for suggestion in found], safe=False)


@never_cache
@require_GET
@in_study(Role.ANNOTATOR)
def did_you_mean(request: HttpRequest, place: Place) -> JsonResponse:
    """GET ?q=&round= answers the same, with the one term that she may have meant or none."""
    text, number = _asked(request)
    near = near_concept(study=place.study, round_number=number, user=place.user, text=text)
    return JsonResponse([near.option] if near else [], safe=False)


def _asked(request: HttpRequest) -> tuple[str, int]:
    """The text, no longer than a concept may be, and the round's number; 0, which no round has, for nonsense."""
    number = request.GET.get("round", "")
    known = number.isascii() and number.isdigit() and len(number) < 6
    return request.GET.get("q", "")[:CONCEPT_LIMIT], int(number) if known else 0
