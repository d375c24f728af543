"""POST rate/decline/: the latent before her is not her field. The next one comes."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from annotation.actions.declining import decline as give_back
from annotation.actions.tickets import read_ticket
from annotation.enums import Role
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.see_other import see_other

GIVEN_BACK = "Given back: a colleague gets that latent, and it does not come to you again. Here is the next."


@require_POST
@in_study(Role.ANNOTATOR)
def decline(request: HttpRequest, place: Place) -> HttpResponse:
    try:
        ticket = read_ticket(request.POST.get("ticket", ""), by=place.user)
        give_back(ticket=ticket, by=place.user, now=timezone.now())
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, GIVEN_BACK)
    return see_other("rate", place.study.slug)
