"""What changed from one release of a study to another."""

from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotation.enums import ReleaseState, Role
from annotation.export.compare import compare
from annotation.models import Release
from annotation.queries.rubric_words import rubric_words
from annotation.queries.sight import onlooker
from annotation.rules.blinding import check_study_results
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs

SHOWN = 200


@require_safe
@in_study(Role.RESEARCHER)
def release_changes(request: HttpRequest, place: Place, number: int) -> HttpResponse:
    """From the release before, or from ?since=, to this one."""
    viewer = onlooker(place.user, place.roles, place.study)
    check_study_results(place.roles, may_yet_rate=viewer.may_yet_rate)
    ready = place.study.releases.filter(state=ReleaseState.READY).order_by("-number")
    after = ready.filter(number=number).first()
    earlier = [release for release in ready if release.number < number]
    if after is None or not earlier:
        raise Http404("There is no such release, or none before it to compare with.")
    wished = request.GET.get("since", "")
    before = next((release for release in earlier if str(release.number) == wished), earlier[0])
    words = rubric_words(place.study.rubric)
    changes = compare(_folder(before), _folder(after), (before.manifest or {}, after.manifest or {}), words.concept_key)
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Releases", "releases"), (f"What changed in release {number}", "")),
        "before": before,
        "after": after,
        "earlier": earlier,
        "changes": changes,
        "labels": sum(change.label_changed for change in changes.latents),
        "latents": changes.latents[:SHOWN],
        "more": max(0, len(changes.latents) - SHOWN),
    }
    return render(request, "releases/changes.html", context)


def _folder(release: Release) -> Path:
    """Raises Refused where somebody took the files away."""
    folder = Path(settings.ARTIFACT_ROOT) / release.folder
    if not folder.is_dir():
        raise Refused(f"The files of release {release.number} are not on this server any more.")
    return folder
