"""Ratings that were made elsewhere: what is here of them, and a file of the study's folder that comes in."""

from pathlib import Path

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotation.actions.importing_ratings import Provenance, import_ratings, survey_ratings
from annotation.enums import Role
from annotation.models import Institution
from annotation.queries.external_rounds import external_rounds, survey_lines
from annotation.queries.import_folder import folder_of, offered_path, offers
from annotation.queries.sight import onlooker
from annotation.rules.blinding import check_study_results
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.see_other import see_other

FIELDS = ("file", "source", "exported_by", "institution", "institution_name", "rubric_version", "counts")
COUNTS = [
    {"value": "no", "label": "Set aside", "help": "Kept, released and marked. No statistics take them."},
    {"value": "yes", "label": "Counted", "help": "Agreement and consensus take them like ratings made here. Final."},
]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def external(request: HttpRequest, place: Place) -> HttpResponse:
    """GET lists them; POST reads the file and says what it holds, or, asked so, imports it."""
    viewer = onlooker(place.user, place.roles, place.study)
    check_study_results(place.roles, may_yet_rate=viewer.may_yet_rate)
    if request.method != "POST":
        return _page(request, place, {})
    given = {name: request.POST.get(name, "").strip() for name in FIELDS}
    try:
        version = _number(given["rubric_version"])
        path = offered_path(place.study, given["file"])
        if request.POST.get("do") != "import":
            return _page(request, place, given, found=_survey(place, path, version))
        said = Provenance(
            source=given["source"],
            exported_by=given["exported_by"],
            institution=given["institution"],
            institution_name=given["institution_name"],
            rubric_version=version,
            counts=_said(given["counts"]),
        )
        found = import_ratings(study=place.study, path=path, said=said, by=place.user, now=timezone.now())
    except Refused as error:
        return _page(request, place, given, problem=str(error), status=422)
    messages.success(request, f"The ratings of {found.file} are round {found.round.number}.")
    return see_other("external_rounds", place.study.slug)


def _survey(place: Place, path: Path, version: int | None) -> list[str]:
    return survey_lines(survey_ratings(study=place.study, path=path, rubric_version=version, by=place.user))


def _number(given: str) -> int | None:
    if given and not given.isdecimal():
        raise Refused("The rubric version is a number, such as 2. Leave it empty where the file says it.")
    return int(given) if given else None


def _said(counts: str) -> bool:
    if counts not in ("yes", "no"):
        raise Refused("Say whether the statistics take these ratings.")
    return counts == "yes"


def _page(
    request: HttpRequest,
    place: Place,
    given: dict[str, str],
    *,
    found: list[str] | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "rows": external_rounds(place.study),
        "offers": [offer for offer in offers(place.study) if offer.name.endswith(".json")],
        "has_folder": folder_of(place.study) is not None,
        "institutions": [{"value": one.code, "note": one.name} for one in Institution.objects.order_by("code")],
        "counts_options": COUNTS,
        "given": given,
        "found": found,
        "full": request.POST.get("do") == "import",
        "problem": problem,
        "breadcrumbs": breadcrumbs(place, ("Rated elsewhere", "")),
    }
    return render(request, "external/external.html", {**place.context, **context}, status=status)
