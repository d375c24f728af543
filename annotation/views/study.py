"""The study page: what is rated, by whom, how far it is, and what comes next."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from annotation.actions import mining, rounds, sampling
from annotation.enums import Role, RoundKind
from annotation.models import MiningRun, Round
from annotation.queries.calibration_overview import calibration_overview
from annotation.queries.membership_totals import institutions_coordinated
from annotation.queries.reading_overview import reading_overview
from annotation.queries.run_provenance import run_provenance
from annotation.queries.sight import onlooker
from annotation.queries.study_overview import institution_overview, study_overview
from annotation.rules.blinding import retests_visible
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.run_progress import run_bar, under_way


@require_safe
@in_study(Role.RESEARCHER, Role.COORDINATOR)
def study(request: HttpRequest, place: Place) -> HttpResponse:
    """The whole study for its researcher; her own institution's totals for a coordinator."""
    shared = {**place.context, **_run_context(place), "breadcrumbs": breadcrumbs(place)}
    if Role.RESEARCHER not in place.roles:
        institutions = institutions_coordinated(place.user, place.study)
        own = institution_overview(place.study, institutions, retests=retests_visible(place.roles))
        return render(request, "studies/coordinator.html", {**shared, "overview": own})
    viewer = onlooker(place.user, place.roles, place.study)
    context = {
        **shared,
        "overview": study_overview(place.study, retests=retests_visible(place.roles)),
        "calibration": calibration_overview(place.study),
        "readings": reading_overview(place.study),
        "sees_results": viewer.sees_results,
        "may_try": not viewer.may_yet_rate,
        "provenance": run_provenance(place.study.run_id),
    }
    return render(request, "studies/study.html", context)


@require_safe
@in_study(Role.RESEARCHER, Role.COORDINATOR)
def progress(request: HttpRequest, place: Place) -> HttpResponse:
    """The run's bar, which asks for itself every two seconds; when the run has ended, the page comes anew."""
    context = _run_context(place)
    if request.htmx and not context["bar"]:  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()
    return render(request, "partials/run_progress.html", {**place.context, **context})


@require_POST
@in_study(Role.RESEARCHER)
def draw(request: HttpRequest, place: Place) -> HttpResponse:
    """Draw the sample of latents."""
    try:
        sample = sampling.draw_sample(study=place.study, by=place.user, now=_now())
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, f"{len(sample)} latents were drawn. Their snippets are on the Latents page.")
    return redirect("study", place.study.slug)


@require_POST
@in_study(Role.RESEARCHER)
def mine_again(request: HttpRequest, place: Place) -> HttpResponse:
    """Send a failed mining run again."""
    try:
        if place.study.run is None:
            raise Refused("The study has no mining run to send again.")
        mining.retry_run(run=place.study.run, by=place.user, now=_now())
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, "The mining run is on its way again.")
    return redirect("study", place.study.slug)


@require_POST
@in_study(Role.RESEARCHER)
def cancel_mining(request: HttpRequest, place: Place) -> HttpResponse:
    """Stop the mining run; what was mined stays."""
    try:
        mining.cancel_run(study=place.study, by=place.user, now=_now())
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, "The mining run is cancelled. What was mined is kept: you can resume it at any time.")
    return redirect("study", place.study.slug)


@require_POST
@in_study(Role.RESEARCHER)
def resume_mining(request: HttpRequest, place: Place) -> HttpResponse:
    """Let a cancelled mining run go on."""
    try:
        mining.resume_run(study=place.study, by=place.user, now=_now())
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, "The mining run goes on from what it had mined.")
    return redirect("study", place.study.slug)


@require_POST
@in_study(Role.RESEARCHER)
def open_round(request: HttpRequest, place: Place) -> HttpResponse:
    """Open an independent round over the sample."""
    try:
        opened = rounds.open_round(study=place.study, by=place.user, now=_now())
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, f"Round {opened.number} is open: raters find their next latent on the Rate page.")
    return redirect("study", place.study.slug)


@require_POST
@in_study(Role.RESEARCHER)
def close_round(request: HttpRequest, place: Place, number: int) -> HttpResponse:
    """Close a round; what was rated stays."""
    round_ = get_object_or_404(Round.objects.exclude(kind=RoundKind.RETEST), study=place.study, number=number)
    try:
        rounds.close_round(round_=round_, by=place.user, now=_now())
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, f"Round {number} is closed. Its ratings and results stay.")
    return redirect("study", place.study.slug)


def _run_context(place: Place) -> dict[str, Any]:
    """The run with what it rests on, and its bar while it is under way. One statement at most."""
    run = None
    if place.study.run_id:
        run = MiningRun.objects.select_related("sae__language_model", "corpus").get(pk=place.study.run_id)
        place.study.run = run
    return {"run": run, "bar": run_bar(run) if run and under_way(run) else None}


def _now() -> datetime:
    return timezone.now()
