"""Calibration as the researcher and a coordinator see it: the sets, their state, and where each rater stands."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from annotation.actions.calibrating import REASON_LIMIT, let_through, open_calibration
from annotation.actions.calibration_sets import LARGEST, SMALLEST, draw_calibration_sets
from annotation.enums import Role
from annotation.models import Membership
from annotation.queries.calibration_overview import calibration_overview
from annotation.queries.calibration_raters import calibrated_raters
from annotation.queries.membership_totals import institutions_coordinated
from annotation.rules.refusal import NotYours, Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.see_other import see_other

USUAL_LATENTS = 6


@never_cache
@require_safe
@in_study(Role.RESEARCHER, Role.COORDINATOR)
def calibration(request: HttpRequest, place: Place) -> HttpResponse:
    """A researcher sees every rater by pseudonym, a coordinator her own institution's by name."""
    directs = Role.RESEARCHER in place.roles
    own = None if directs else institutions_coordinated(place.user, place.study)
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Calibration", "")),
        "overview": calibration_overview(place.study),
        "raters": calibrated_raters(place.study, institutions=own),
        "directs": directs,
        "smallest": SMALLEST,
        "largest": LARGEST,
        "usual": USUAL_LATENTS,
        "reason_limit": REASON_LIMIT,
    }
    return render(request, "calibration/calibration.html", context)


@require_POST
@in_study(Role.RESEARCHER)
def draw(request: HttpRequest, place: Place) -> HttpResponse:
    """Draw both sets."""
    wanted = request.POST.get("latents", "")
    latents = int(wanted) if wanted.isdecimal() and len(wanted) < 5 else 0
    try:
        drawn = draw_calibration_sets(study=place.study, latents=latents, by=place.user, now=timezone.now())
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(
            request, f"{len(drawn)} latents were drawn, half for each set. Next, the panel sets references."
        )
    return see_other("calibration", place.study.slug)


@require_POST
@in_study(Role.RESEARCHER)
def open_set(request: HttpRequest, place: Place, number: int) -> HttpResponse:
    """Ask raters for a set before anything else."""
    try:
        open_calibration(study=place.study, set_number=number, by=place.user, now=timezone.now())
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, f"Calibration set {number} is open. Raters who have not passed meet it first.")
    return see_other("calibration", place.study.slug)


@require_POST
@in_study(Role.RESEARCHER, Role.COORDINATOR)
def let_rater_through(request: HttpRequest, place: Place, membership: int) -> HttpResponse:
    """Open the study's rounds to a rater who passed no set."""
    rater = Membership.objects.filter(pk=membership, study=place.study).select_related("study").first()
    if rater is None:
        raise NotYours("There is no such rater in this study.")
    try:
        let_through(membership=rater, reason=request.POST.get("reason", ""), by=place.user, now=timezone.now())
    except NotYours:
        raise
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, f"{rater.pseudonym} may rate from now on. The reason is in the audit.")
    return see_other("calibration", place.study.slug)
