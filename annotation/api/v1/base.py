"""What every view of the API does first: who asks, from which study, as whom, with what leave."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.cache import patch_cache_control, patch_vary_headers
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from annotation.api.v1.authentication import TokenAuthentication
from annotation.api.v1.errors import as_problem
from annotation.api.v1.listing import read_query
from annotation.api.v1.operations import Operation, Operations
from annotation.api.v1.parsing import StrictJSONParser
from annotation.api.v1.throttling import Pace
from annotation.enums import Role
from annotation.models import ApiToken, Study, User
from annotation.queries.sight import Onlooker, onlooker
from annotation.rules.blinding import check_study_results
from annotation.rules.membership import check_entry
from annotation.rules.refusal import NotYours, Refused

NO_STUDY = "There is no such study among yours."


def user_of(request: Request) -> User:
    assert isinstance(request.user, User)  # The default permission lets nobody in who is not signed in.
    return request.user


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the caller is: the study, and her roles in it."""

    user: User
    study: Study
    roles: frozenset[Role]

    @property
    def onlooker(self) -> Onlooker:
        return onlooker(self.user, self.roles, self.study)


class ByAcceptAlone(DefaultContentNegotiation):
    """The format is chosen by the header Accept, never by a parameter."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        self.settings = _NoOverride  # type: ignore[assignment]
        return super().select_renderer(request, renderers, format_suffix)


class _NoOverride:
    URL_FORMAT_OVERRIDE = None


class ApiView(APIView):
    """Problems for every error, strict parameters, nothing kept in anybody's cache."""

    authentication_classes = [TokenAuthentication, SessionAuthentication]
    permission_classes = [IsAuthenticated]
    parser_classes = [StrictJSONParser]
    renderer_classes = [JSONRenderer]
    throttle_classes = [Pace]
    content_negotiation_class = ByAcceptAlone
    metadata_class = None
    schema = Operations()
    operation: Operation | None
    query: dict[str, Any]
    operations: ClassVar[Mapping[str, Operation]] = {}
    """By method."""

    def get_exception_handler(self) -> Any:
        return as_problem

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.operation = self.operations.get("GET" if request.method == "HEAD" else str(request.method))
        self.find(request, kwargs)
        self.query = read_query(request, self.operation.query) if self.operation else {}

    def find(self, request: Request, parts: Mapping[str, Any]) -> None:
        """For views of a study: the first thing to look up."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        patch_cache_control(answer, private=True, no_store=True)
        patch_vary_headers(answer, ("Authorization", "Cookie"))
        return answer


class StudyView(ApiView):
    """A stranger's study is none (404); a member reads whether role, scope or blinding forbids it (403)."""

    place: Place

    def find(self, request: Request, parts: Mapping[str, Any]) -> None:
        self.place = enter(request, parts["study"], self.operation)

    def check_results(self) -> None:
        """Raises PermissionDenied where agreement and consensus would unblind her."""
        try:
            check_study_results(self.place.roles, may_yet_rate=self.place.onlooker.may_yet_rate)
        except Refused as error:
            raise PermissionDenied(str(error)) from error


def enter(request: Request, slug: str, wanted: Operation | None) -> Place:
    """Raises NotYours for a stranger and for a token of another study, PermissionDenied for what it may not do."""
    user, token = user_of(request), request.auth
    study = Study.objects.defer("sample_frame").filter(slug=slug).first()
    if study is None or (isinstance(token, ApiToken) and token.study_id != study.pk):
        raise NotYours(NO_STUDY)
    roles = wanted.roles if wanted else ()
    try:
        held = check_entry(user, study, *roles)
    except NotYours:
        raise
    except Refused as error:
        raise PermissionDenied(str(error)) from error
    if wanted and wanted.scope and isinstance(token, ApiToken) and wanted.scope not in token.scopes:
        raise PermissionDenied(f"This token lacks the scope “{wanted.scope}”. Make one that has it.")
    return Place(user=user, study=study, roles=held)
