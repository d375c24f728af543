"""What an address does by one method: said once, for who may, for what is read, and for the OpenAPI description."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from annotation.api.v1 import problems
from annotation.api.v1.examples import example_of
from annotation.api.v1.listing import NoQuery
from annotation.api.v1.strict import StrictShape
from annotation.enums import Role, TokenScope

Shape = type[serializers.Serializer[Any]]
FILE = "application/octet-stream"
IN_PATHS = {
    "study": "Slug of the study.",
    "index": "Of the latent in its SAE.",
    "version": "Id of the rubric version.",
    "number": "Of the round or release in its study.",
    "name": "Of the place, or of the file, as its list names it.",
    "rating": "Id of any revision of the rating.",
    "case": "Number of the case.",
}
"""What a part of an address is."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    id: str
    """What a generated client calls it."""
    tag: str
    summary: str
    description: str = ""
    scope: TokenScope | None = None
    """Of a token; None where none is asked for."""
    roles: tuple[Role, ...] = ()
    """One of these; none named: any member of the study, or anybody who is signed in where there is no study."""
    public: bool = False
    query: Shape = NoQuery
    request: Shape | None = None
    answers: Mapping[int, Shape | str | None] = field(default_factory=dict)
    """By status: a shape, FILE, or None for no body."""
    conflicts: bool = False
    """The state may forbid it: 409."""
    tagged: bool = False
    """The answer has an ETag; a change has to name it by If-Match."""
    ranges: bool = False
    """Takes a Range, and refuses what lies behind the end: 416."""
    once: bool = False
    """Takes an Idempotency-Key."""

    @property
    def who(self) -> str:
        """For the description."""
        if self.public:
            return "Open to everybody."
        who = ", ".join(role.label.lower() for role in self.roles) or "any member"
        return f"Scope `{self.scope.value}`. Role: {who}." if self.scope else "Anybody who is signed in, or any token."


class ProblemError(serializers.Serializer[Any]):
    """One thing that is wrong, and where: a field of the body, or a parameter."""

    pointer = serializers.CharField(required=False, help_text="JSON pointer into the body.")
    parameter = serializers.CharField(required=False, help_text="Of the address, or a header.")
    detail = serializers.CharField(help_text="A sentence that says what to do.")


class ProblemDetails(serializers.Serializer[Any]):
    """RFC 9457: what went wrong. Programs compare `type`; `detail` is a sentence for people."""

    type = serializers.CharField(help_text="Names the kind of problem; where it is explained.")
    title = serializers.CharField()
    status = serializers.IntegerField(min_value=400, max_value=599)
    detail = serializers.CharField()
    instance = serializers.CharField(required=False, help_text="Path of the request.")
    errors = ProblemError(many=True, required=False)  # type: ignore[assignment]


class Operations(AutoSchema):
    """Writes an operation's part of the OpenAPI description from its `Operation`."""

    @property
    def operation(self) -> Operation:
        told: Operation = self.view.operations[self.method]  # type: ignore[attr-defined]
        return told

    def get_operation_id(self) -> str:
        return self.operation.id

    def get_tags(self) -> list[str]:
        return [self.operation.tag]

    def get_summary(self) -> str:
        return self.operation.summary

    def get_description(self) -> str:  # type: ignore[override]
        return " ".join(part for part in (self.operation.description, self.operation.who) if part)

    def get_auth(self) -> list[dict[str, list[str]]]:
        scope = [self.operation.scope.value] if self.operation.scope else []
        return [{}] if self.operation.public else [{"token": scope}, {"session": []}]

    def get_request_serializer(self) -> Any:
        return self.operation.request

    def get_override_parameters(self) -> list[Any]:
        found: list[Any] = [] if self.operation.query is NoQuery else [self.operation.query]
        return [
            *found,
            *(
                OpenApiParameter(name, str, "header", description=why, required=must, pattern=pattern)
                for name, why, must, pattern in self._headers()
            ),
        ]

    def get_response_serializers(self) -> Any:
        return {
            str(status): OpenApiResponse(response=shape if shape != FILE else None, description=_said(status))
            for status, shape in self.operation.answers.items()
        }

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        return str(super().get_serializer_name(serializer, direction)).replace("Shape", "")

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        found = super().get_operation(*args, **kwargs) or {}
        for parameter in found.get("parameters", ()):
            if parameter["in"] == "path":
                parameter["description"] = IN_PATHS[parameter["name"]]
        for told in (found.get("requestBody", {}), *found.get("responses", {}).values()):
            for media in told.get("content", {}).values():
                name = media["schema"].get("$ref", "").rpartition("/")[2]
                if (example := example_of(name)) is not None:
                    media["example"] = example
        return found

    def _map_serializer(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        found: dict[str, Any] = super()._map_serializer(serializer, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        if isinstance(serializer, StrictShape):
            found["additionalProperties"] = False
        return found

    def _headers(self) -> list[tuple[str, str, bool, str | None]]:
        found: list[tuple[str, str, bool, str | None]] = []
        if self.operation.once:
            why = "A key of your own choosing, new for each request: sent again, it is answered as before."
            found.append(("Idempotency-Key", why, False, r"^[\x21-\x7e]{1,255}$"))
        if self.operation.ranges:
            found.append(("Range", "One range of bytes, to go on where a download was cut off.", False, None))
        if self.operation.tagged and self.method == "GET":
            found.append(("If-None-Match", "The ETag that you have: 304 if nothing has changed.", False, None))
        elif self.operation.tagged:
            found.append(("If-Match", "The ETag of what you read and change.", True, r'^(\*|"[0-9a-f]{32}")$'))
        return found

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        for status, shape in self.operation.answers.items():
            if shape == FILE:
                bodies[str(status)]["content"] = {FILE: {"schema": {"type": "string", "format": "binary"}}}
            if self.operation.tagged and status < 300:
                bodies[str(status)].setdefault("headers", {})["ETag"] = {"schema": {"type": "string"}}
        if self.operation.tagged and self.method == "GET":
            bodies["304"] = {"description": "You have it already."}
        for status in self._refusals():
            told = OpenApiResponse(response=ProblemDetails, description=problems.OF_STATUS[status].title)
            bodies[str(status)] = self._get_response_for_code(  # type: ignore[no-untyped-call]
                told, str(status), media_types=[problems.MEDIA_TYPE]
            )
        return bodies

    def _refusals(self) -> list[int]:
        operation = self.operation
        found = {406, 422, 429, 500, 503}
        if not operation.public:
            found.add(401)
            found.add(403)
        if "{" in self.path:
            found.add(404)
        if operation.ranges:
            found.add(416)
        if operation.request is not None:
            found |= {400, 413, 415}
        if operation.conflicts or operation.once:
            found.add(409)
        if operation.tagged and self.method != "GET":
            found |= {412, 428}
        return sorted(found)


def _said(status: int) -> str:
    return {200: "Done.", 201: "Made.", 202: "Begun.", 204: "Nothing to tell.", 206: "A part."}.get(status, "")


def of_items(shape: Shape) -> Shape:
    """The shape of a list's page."""
    name = f"{shape.__name__}Page"
    fields = {
        "__doc__": f"A page of a list. One item: {(shape.__doc__ or '').strip()}",
        "items": shape(many=True),
        "next": serializers.URLField(allow_null=True, help_text="Address of the following page; null on the last."),
    }
    return type(name, (serializers.Serializer,), fields)
