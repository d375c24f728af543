"""PUT /api/case-drafts/: keep what an adjudicator has entered so far."""

from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.actions.case_drafts import save_case_draft
from annotation.models import User
from annotation.queries.case_to_draft import case_to_draft
from annotation.rules.draft_windows import read_number
from annotation.rules.refusal import NotYours, Refused

DECIDED = "This case has been decided already, in another window or by another adjudicator."


class CaseDrafts(APIView):
    """Takes the form's fields flat beside `case`, the case's number, and answers {saved_at}.

    A refusal is {detail: a sentence}: 409 where the state forbids it, 404 for a stranger, 400 for no draft at all.
    """

    http_method_names = ["put"]

    def put(self, request: Request) -> Response:
        user = request.user
        assert isinstance(user, User)  # The default permission lets nobody in who is not signed in.
        if not isinstance(request.data, dict) or not read_number(request.data.get("case")):
            raise ValidationError({"detail": "A draft needs the number of its case. Reload the page."})
        try:
            case = case_to_draft(read_number(request.data["case"]), user=user)
            draft = save_case_draft(case=case, answers=request.data, by=user, now=timezone.now())
        except NotYours as error:
            return Response({"detail": str(error)}, status=status.HTTP_404_NOT_FOUND)
        except Refused as error:
            return Response({"detail": str(error)}, status=status.HTTP_409_CONFLICT)
        if draft is None:
            return Response({"detail": DECIDED}, status=status.HTTP_409_CONFLICT)
        return Response({"saved_at": draft.saved_at})
