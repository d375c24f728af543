"""PUT /api/drafts/: keep what a rater has entered so far."""

from typing import Any

from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.actions.drafting import save_draft
from annotation.actions.tickets import read_ticket
from annotation.enums import Role
from annotation.models import Study, User
from annotation.rules.membership import check_role
from annotation.rules.refusal import NotYours, Refused

RATED = "You have rated this latent already, in another window. That rating is kept; the next latent is waiting."


class Drafts(APIView):
    """Takes {ticket, answers}, or the form's fields flat beside the ticket, and answers {saved_at}.

    The ticket says whose draft of which latent it is: without a good one nothing is read or written.
    A refusal is {detail: a sentence}: 409 where the state forbids it, 404 for a stranger, 400 for no draft at all.
    """

    http_method_names = ["put"]

    def put(self, request: Request) -> Response:
        user = request.user
        assert isinstance(user, User)  # The default permission lets nobody in who is not signed in.
        ticket_text, answers = _read(request.data)
        try:
            ticket = read_ticket(ticket_text, by=user)
            check_role(user, Study.objects.get(rounds=ticket.round), Role.ANNOTATOR)
            draft = save_draft(ticket=ticket, answers=answers, by=user, now=timezone.now())
        except NotYours as error:
            return Response({"detail": str(error)}, status=status.HTTP_404_NOT_FOUND)
        except Refused as error:
            return Response({"detail": str(error)}, status=status.HTTP_409_CONFLICT)
        if draft is None:
            return Response({"detail": RATED}, status=status.HTTP_409_CONFLICT)
        return Response({"saved_at": draft.saved_at})


def _read(data: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(data, dict) or not isinstance(data.get("ticket"), str):
        raise ValidationError({"detail": "A draft needs the ticket of its form. Reload the page."})
    answers = data["answers"] if "answers" in data else {key: data[key] for key in data if key != "ticket"}
    if not isinstance(answers, dict):
        raise ValidationError({"detail": "A draft's answers are an object by item key."})
    return data["ticket"], answers
