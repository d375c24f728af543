"""A release taken away in another tool's layout, as one zip."""

import tempfile

from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_GET

from annotation.actions.exporting_latents import TOOLS, export_latents_as_zip
from annotation.enums import Role
from annotation.models import Release
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study, say_refusal

IN_MEMORY = 4 * 1024 * 1024
"""Bytes of a zip above which it waits on the disk."""


@require_GET
@in_study(Role.RESEARCHER)
def export(request: HttpRequest, place: Place, number: int, tool: str) -> HttpResponseBase:
    """The zip, or the release's page with the sentence that says why there is none."""
    release = get_object_or_404(
        Release.objects.select_related("study__run__sae__language_model"), study=place.study, number=number
    )
    if tool not in TOOLS:
        raise Http404("There is no export for this tool.")
    into = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  closed by the response
    try:
        name = export_latents_as_zip(release=release, tool=tool, into=into, by=place.user, now=timezone.now())
    except Refused as error:
        into.close()
        say_refusal(request, error)
        return redirect("releases", place.study.slug)
    into.seek(0)
    response = FileResponse(into, as_attachment=True, filename=name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
