"""PUT /api/reading-drafts/: keep what a reader has judged so far."""

from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.actions.reading_drafts import save_reading_draft
from annotation.actions.reading_tickets import read_reading_ticket
from annotation.models import User
from annotation.rules.refusal import NotYours, Refused

READ = "You have read this rationale already, in another window. That reading is kept."


class ReadingDrafts(APIView):
    """Takes the form's fields flat beside its ticket, and answers {saved_at}.

    A refusal is {detail: a sentence}: 409 where the state forbids it, 404 for a stranger, 400 for no draft at all.
    """

    http_method_names = ["put"]

    def put(self, request: Request) -> Response:
        user = request.user
        assert isinstance(user, User)  # The default permission lets nobody in who is not signed in.
        if not isinstance(request.data, dict) or not isinstance(request.data.get("ticket"), str):
            raise ValidationError({"detail": "A draft needs the ticket of its form. Reload the page."})
        try:
            ticket = read_reading_ticket(request.data["ticket"], by=user)
            draft = save_reading_draft(ticket=ticket, answers=request.data, by=user, now=timezone.now())
        except NotYours as error:
            return Response({"detail": str(error)}, status=status.HTTP_404_NOT_FOUND)
        except Refused as error:
            return Response({"detail": str(error)}, status=status.HTTP_409_CONFLICT)
        if draft is None:
            return Response({"detail": READ}, status=status.HTTP_409_CONFLICT)
        return Response({"saved_at": draft.saved_at})
