"""Corpora of a study: what it has, and text that comes in from the folder that the installation has for it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from annotation.actions.importing_text import begin_reading, begin_storing, discard_import, propose_import
from annotation.actions.permitting_text import permit_text
from annotation.enums import Role
from annotation.interop.corpora.columns import ROW_NUMBER
from annotation.interop.corpora.sources import TITLES, Format
from annotation.models import CorpusImport
from annotation.queries.corpus_imports import corpora_of, study_corpora
from annotation.queries.corpus_report import report_lines
from annotation.queries.import_folder import folder_of, offered_path, offers
from annotation.rules.importing_text import OPEN, UNDER_WAY
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.corpus_form import LEGACY_OPTIONS, columns_shown, initial_wish, wish_of
from annotation.views.see_other import see_other


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def corpora(request: HttpRequest, place: Place) -> HttpResponse:
    """GET lists them and what can be imported; POST looks at a file or folder and proposes its columns."""
    if request.method == "POST":
        return _propose(request, place)
    found = study_corpora(place.study)
    context = {
        "found": found,
        "may_permit": place.user.is_superuser,
        "offers": offers(place.study),
        "has_folder": folder_of(place.study) is not None,
        "legacy_options": LEGACY_OPTIONS,
        "breadcrumbs": breadcrumbs(place, ("Corpora", "")),
    }
    return render(request, "corpora/corpora.html", {**place.context, **context})


@require_POST
@in_study(Role.RESEARCHER)
def corpus_text(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    """An administrator says whether text of a corpus may leave in releases."""
    corpus = get_object_or_404(corpora_of(place.study), pk=pk)
    wanted = request.POST.get("may_leave") == "yes"
    try:
        permit_text(
            corpus=corpus,
            may_leave=wanted,
            words=request.POST.get("words", ""),
            by=place.user,
            now=timezone.now(),
            study=place.study,
        )
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, f"Noted: snippets of “{corpus.name}” {'may leave' if wanted else 'stay'}.")
    return see_other("corpora", place.study.slug)


def _propose(request: HttpRequest, place: Place) -> HttpResponse:
    try:
        proposed = propose_import(
            paths=[offered_path(place.study, request.POST.get("name", ""))],
            study=place.study,
            by=place.user,
            now=timezone.now(),
            legacy=request.POST.get("legacy", ""),
        )
    except Refused as error:
        say_refusal(request, error)
        return see_other("corpora", place.study.slug)
    return see_other("corpus_import", place.study.slug, proposed.pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def corpus_import(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    """One import at whatever step it is; POST takes the next."""
    wished = get_object_or_404(CorpusImport.objects.select_related("corpus"), study=place.study, pk=pk)
    if request.method == "POST":
        return _step(request, place, wished)
    context = {
        "wished": wished,
        "format": TITLES[Format(wished.format)],
        "files": [path.rsplit("/", 1)[-1] for path in wished.paths],
        "report": report_lines(wished) if wished.report else [],
        "lacking": sum(one["documents"] for one in (wished.report or {}).get("left_out", [])),
        "columns": columns_shown(wished),
        "row_number": ROW_NUMBER,
        "wish": initial_wish(wished),
        "legacy_options": LEGACY_OPTIONS,
        "under_way": wished.state in UNDER_WAY,
        "open": wished.state in OPEN,
        "breadcrumbs": breadcrumbs(place, ("Corpora", "corpora"), ("Import", "")),
    }
    return render(request, "corpora/import.html", {**place.context, **context})


def _step(request: HttpRequest, place: Place, wished: CorpusImport) -> HttpResponse:
    do, now = request.POST.get("do", ""), timezone.now()
    try:
        if do == "discard":
            discard_import(wished=wished, by=place.user, now=now)
            messages.success(request, "The import was discarded. Nothing of it stays.")
            return see_other("corpora", place.study.slug)
        if do == "read":
            begin_reading(wished=wished, wish=wish_of(request.POST), by=place.user, now=now)
        else:
            begin_storing(
                wished=wished,
                leave_out="leave_out" in request.POST,
                drop_duplicates="drop_duplicates" in request.POST,
                by=place.user,
                now=now,
            )
    except Refused as error:
        say_refusal(request, error)
    return see_other("corpus_import", place.study.slug, wished.pk)


@require_safe
@in_study(Role.RESEARCHER)
def corpus_import_progress(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    """The bar, which asks for itself while a worker is at it; then the page comes anew."""
    wished = get_object_or_404(CorpusImport, study=place.study, pk=pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("corpus_import", place.study.slug, pk)
    if wished.state not in UNDER_WAY:
        return HttpResponseClientRefresh()
    return render(request, "corpora/progress.html", {"wished": wished, "study": place.study})
