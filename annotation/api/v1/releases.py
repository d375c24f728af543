"""Releases: which there are, cutting the next, taking their files away."""

from typing import Any, ClassVar

from django.utils import timezone
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from annotation.actions.releasing import note_download, request_release
from annotation.api.v1.base import ByAcceptAlone, StudyView
from annotation.api.v1.listing import PageQuery, listed, of_list
from annotation.api.v1.once import idempotent
from annotation.api.v1.operations import FILE, Operation, of_items
from annotation.api.v1.preconditions import tagged
from annotation.enums import ReleaseState, Role, TokenScope
from annotation.http.ranged_file import ranged_file
from annotation.models import Release
from annotation.queries.release_list import digest_of, path_of, release_card
from annotation.rules.refusal import NotYours

TAG = "Releases"
RESEARCHER = (Role.RESEARCHER,)


class ReleaseSummary(serializers.Serializer[Any]):
    """A frozen, numbered set of files. `building` becomes `ready` or `failed` by itself."""

    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=ReleaseState.choices)
    requested_at = serializers.DateTimeField()
    cut_at = serializers.DateTimeField(allow_null=True)
    failure = serializers.CharField(help_text="Why it failed; empty where it did not.")


class ReleaseFileShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    table = serializers.CharField(
        allow_null=True, help_text="Null for the manifest, the README, checksums and the archive."
    )
    format = serializers.CharField()
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField(help_text="Hex; empty for the list of checksums itself.")
    url = serializers.CharField()


class ReleaseDetail(ReleaseSummary):
    """A release with its files; none until it is ready."""

    files = ReleaseFileShape(many=True)


class ReleasesView(StudyView):
    """A release holds ratings: whoever may still rate sees none, whatever else she is."""

    def find(self, request: Request, parts: Any) -> None:
        super().find(request, parts)
        if self.operation:
            self.check_results()

    def release(self, number: int) -> Release:
        found = Release.objects.filter(study=self.place.study, number=number).first()
        if found is None:
            raise NotYours(f"The study has no release {number}.")
        return found


class Releases(ReleasesView):
    operations: ClassVar = {
        "GET": Operation(
            id="list_releases",
            tag=TAG,
            summary="The study's releases",
            scope=TokenScope.READ,
            roles=RESEARCHER,
            query=PageQuery,
            answers={200: of_items(ReleaseSummary)},
        ),
        "POST": Operation(
            id="cut_release",
            tag=TAG,
            summary="Cut the next release",
            description="It is written in the background. While one is being written, that one is answered.",
            scope=TokenScope.RELEASE,
            roles=RESEARCHER,
            answers={202: ReleaseSummary},
            conflicts=True,
            once=True,
        ),
    }

    def get(self, request: Request, study: str) -> Response:
        page = of_list(Release.objects.filter(study=self.place.study), self.query, key=lambda release: release.number)
        return listed(request, page, ReleaseSummary(page.rows, many=True).data)

    @idempotent
    def post(self, request: Request, study: str) -> Response:
        release = request_release(study=self.place.study, by=self.place.user, now=timezone.now())
        address = reverse("api_release", args=[study, release.number], request=request)
        return Response(ReleaseSummary(release).data, status=202, headers={"Location": address})


class OneRelease(ReleasesView):
    operations: ClassVar = {
        "GET": Operation(
            id="get_release",
            tag=TAG,
            summary="One release with its files",
            scope=TokenScope.READ,
            roles=RESEARCHER,
            answers={200: ReleaseDetail},
            tagged=True,
        )
    }

    def get(self, request: Request, study: str, number: int) -> Any:
        found = self.release(number)
        card = release_card(found)
        files = [(file, table.name) for table in card.tables for file in table.files]
        beside = [(file, None) for file in (*card.about, *([card.archive] if card.archive else []))]
        told = {name: getattr(found, name) for name in ("number", "state", "requested_at", "cut_at", "failure")}
        told["files"] = [
            {
                **{name: getattr(file, name) for name in ("name", "format", "bytes", "sha256")},
                "table": table,
                "url": reverse("api_release_file", args=[study, number, file.name], request=request),
            }
            for file, table in [*files, *beside]
        ]
        return tagged(request, ReleaseDetail(told).data)


class _AnyMedia(ByAcceptAlone):
    """A file goes as it is, whatever the caller accepts."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return JSONRenderer(), JSONRenderer.media_type


class ReleaseFiles(ReleasesView):
    content_negotiation_class = _AnyMedia
    operations: ClassVar = {
        "GET": Operation(
            id="get_release_file",
            tag=TAG,
            summary="A file of a release",
            description="By one of the names that the release lists. A download that was cut off goes on by `Range`.",
            scope=TokenScope.RELEASE,
            roles=RESEARCHER,
            answers={200: FILE, 206: FILE},
            ranges=True,
        )
    }

    def get(self, request: Request, study: str, number: int, name: str) -> Any:
        found = self.release(number)
        path = path_of(found, name)
        if path is None:
            raise NotYours("This release has no such file.")
        if request.method == "GET":
            note_download(release=found, name=name, by=self.place.user, now=timezone.now())
        response = ranged_file(request, path, name=name, sha256=digest_of(found, name))
        response["X-Content-Type-Options"], response["Content-Type"] = "nosniff", FILE
        return response
