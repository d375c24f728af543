"""POST rate/ from the page's script: the rating is taken, and the answer says how it stands; no page is drawn."""

from http import HTTPStatus

from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from annotation.models import Rating
from annotation.queries.same_rating import says_the_same
from annotation.rules.answers import Incomplete
from annotation.rules.device import PERSON_HEADER, SOMEONE_ELSE, is_hers
from annotation.rules.refusal import Refused
from annotation.views.access import Place
from annotation.views.after_rating import after_rating
from annotation.views.rating_words import SURPLUS, saved, sent_before
from annotation.views.sent_rating import SentRating, keep_as_draft, read_rating, take_rating


def submit_as_json(request: HttpRequest, place: Place) -> JsonResponse:
    """200 {saved_at, message, surplus, differs, next}; the same form again answers the same, whatever the network did.

    differs: the form had been sent before, with other answers, and those count; next: where the page way leads.
    422 {problems: {field: sentence}}, the form kept as a draft; 409 {detail}: it cannot be taken; 401 {detail}: the
    page was another person's.
    """
    if not is_hers(request.headers.get(PERSON_HEADER), place.user):
        return JsonResponse({"detail": SOMEONE_ELSE}, status=HTTPStatus.UNAUTHORIZED)
    now = timezone.now()
    try:
        sent = read_rating(request, place)
    except Refused as error:
        return JsonResponse({"detail": str(error)}, status=HTTPStatus.CONFLICT)
    try:
        rating = take_rating(sent, place, now)
    except Incomplete as error:
        keep_as_draft(sent, place)
        return JsonResponse({"problems": error.problems}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except Refused as error:
        return JsonResponse({"detail": str(error)}, status=HTTPStatus.CONFLICT)
    return _taken(rating, sent, place, again=rating.submitted_at != now)


def _taken(rating: Rating, sent: SentRating, place: Place, *, again: bool) -> JsonResponse:
    differs = again and not says_the_same(rating, sent.answers)
    surplus = rating.slot_id is None
    words = [sent_before(rating)] if differs else [saved(rating)]
    return JsonResponse(
        {
            "saved_at": rating.submitted_at,
            "message": " ".join([*words, SURPLUS] if surplus else words),
            "surplus": surplus,
            "differs": differs,
            "next": after_rating(place.study, rating),
        }
    )
