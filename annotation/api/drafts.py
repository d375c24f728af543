"""PUT /api/drafts/: keep what a rater has entered so far."""

from dataclasses import dataclass
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
from annotation.models import Draft, Study, User
from annotation.rules.device import PERSON_HEADER, SOMEONE_ELSE, is_hers
from annotation.rules.draft_windows import REVISES, NewerDraft, read_number, read_window
from annotation.rules.membership import check_role
from annotation.rules.refusal import NotYours, Refused

OF_THE_WINDOW = ("ticket", "window", "draft_number")
"""Fields of the form that say where a draft comes from; they are no answers."""
RATED = "You have rated this latent already, in another window. That rating is kept; the next latent is waiting."


class Drafts(APIView):
    """Takes {ticket, window, draft_number, answers}, or the form's fields flat beside them; answers {saved_at, number}.

    The ticket says whose draft of which latent it is: without a good one nothing is read or written. draft_number is
    the number of the draft that the window saw last, 0 for none. An answer "revises" names the rating that the form
    revises.
    A refusal is {detail: a sentence}: 409 where the state forbids it, with {newer: {answers, saved_at, number}} where
    another window of hers saved later; 401 where the page was another person's; 404 for a stranger; 400 for no draft.
    """

    http_method_names = ["put"]

    def put(self, request: Request) -> Response:
        user = request.user
        assert isinstance(user, User)  # The default permission lets nobody in who is not signed in.
        if not is_hers(request.headers.get(PERSON_HEADER), user):
            return Response({"detail": SOMEONE_ELSE}, status=status.HTTP_401_UNAUTHORIZED)
        sent = _read(request.data)
        try:
            ticket = read_ticket(sent.ticket, by=user)
            check_role(user, Study.objects.get(rounds=ticket.round), Role.ANNOTATOR)
            draft = save_draft(
                ticket=ticket,
                answers=sent.answers,
                by=user,
                now=timezone.now(),
                window=sent.window,
                number=sent.number,
                revises=read_number(sent.answers.get(REVISES)),
            )
        except NotYours as error:
            return Response({"detail": str(error)}, status=status.HTTP_404_NOT_FOUND)
        except NewerDraft as error:
            return Response({"detail": str(error), "newer": _shown(error.draft)}, status=status.HTTP_409_CONFLICT)
        except Refused as error:
            return Response({"detail": str(error)}, status=status.HTTP_409_CONFLICT)
        if draft is None:
            return Response({"detail": RATED}, status=status.HTTP_409_CONFLICT)
        return Response({"saved_at": draft.saved_at, "number": draft.number})


def _shown(draft: Draft) -> dict[str, Any]:
    return {"answers": draft.answers, "saved_at": draft.saved_at, "number": draft.number}


@dataclass(frozen=True, kw_only=True)
class _Sent:
    ticket: str
    answers: dict[str, Any]
    window: str
    number: int


def _read(data: Any) -> _Sent:
    if not isinstance(data, dict) or not isinstance(data.get("ticket"), str):
        raise ValidationError({"detail": "A draft needs the ticket of its form. Reload the page."})
    answers = data["answers"] if "answers" in data else {key: data[key] for key in data if key not in OF_THE_WINDOW}
    if not isinstance(answers, dict):
        raise ValidationError({"detail": "A draft's answers are an object by item key."})
    window, number = read_window(data.get("window")), read_number(data.get("draft_number"))
    return _Sent(ticket=data["ticket"], answers=answers, window=window, number=number)
