"""A study's rubric: the version in force, the others, what a new one changes, and putting one in force."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotation.actions.adopting import adopt as adopt_version
from annotation.actions.rubrics import discard_draft, draft_of, start_draft
from annotation.actions.rubrics import publish as publish_draft
from annotation.enums import LatentState, Role, RoundState
from annotation.models import RubricVersion
from annotation.queries.asking_again import Ask, asking_again
from annotation.queries.rubric_versions import diff_of, find_version, rubric_overview
from annotation.rules.described_rubric import described
from annotation.rules.refusal import NotYours, Refused
from annotation.rules.rubric import Unsound, rubric_problems
from annotation.rules.rubric_diff import rubric_diff
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.rubric_editor import NO_DRAFT, trial_page
from annotation.views.rubric_form import rubric_form
from annotation.views.see_other import see_other


@require_safe
@in_study(Role.RESEARCHER)
def rubric(request: HttpRequest, place: Place) -> HttpResponse:
    """The version in force with its questions, the draft, and every other version."""
    overview = rubric_overview(place.study)
    items = list(overview.in_force.version.items.order_by("position"))
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Rubric", "")),
        "overview": overview,
        "questions": rubric_form(items, {}).questions,
    }
    return render(request, "rubric/rubric.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def version(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    """One version as raters see it, to be tried out."""
    return trial_page(request, place, find_version(place.study, pk), back="rubric")


@require_POST
@in_study(Role.RESEARCHER)
def start(request: HttpRequest, place: Place) -> HttpResponseBase:
    """A draft of the next version."""
    start_draft(study=place.study, by=place.user, now=timezone.now())
    return see_other("edit_rubric", place.study.slug)


@require_POST
@in_study(Role.RESEARCHER)
def discard(request: HttpRequest, place: Place) -> HttpResponseBase:
    """Throw the draft away."""
    try:
        discard_draft(version=_draft(place), by=place.user, now=timezone.now())
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, "The draft is thrown away. The version in force is as it was.")
    return see_other("rubric", place.study.slug)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def publish(request: HttpRequest, place: Place) -> HttpResponseBase:
    """GET shows what the draft changes; POST makes it a version, and goes on to adopting it."""
    draft = draft_of(place.study)
    if draft is None:
        messages.info(request, NO_DRAFT)
        return see_other("rubric", place.study.slug)
    if request.method == "POST":
        try:
            made = publish_draft(version=draft, seen=request.POST.get("seen", ""), by=place.user, now=timezone.now())
        except Unsound:
            messages.error(request, "The draft cannot be published yet. What it lacks stands below.")
        except Refused as error:
            say_refusal(request, error)
        else:
            messages.success(request, f"Version {made.number} is published. Adopt it, and the next round asks it.")
            return see_other("adopt_rubric", place.study.slug, made.pk)
        return see_other("publish_rubric", place.study.slug)
    content = described(draft)
    base = described(draft.based_on) if draft.based_on else None
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Rubric", "rubric"), ("Publish", "")),
        "draft": draft,
        "seen": content.edition,
        "problems": _named_problems(content.items),
        "diff": rubric_diff(base, content) if base else None,
        "against": f"against {draft.based_on}" if draft.based_on else "",
    }
    return render(request, "rubric/publish.html", context)


def _draft(place: Place) -> RubricVersion:
    draft = draft_of(place.study)
    if draft is None:
        raise Refused(NO_DRAFT)
    return draft


def _named_problems(items: Any) -> list[tuple[str, tuple[str, ...]]]:
    """(what, sentences), the rubric as a whole first."""
    return [
        (f"{place}. {items[place - 1]['question'] or 'No question yet'}" if place else "The rubric", sentences)
        for place, sentences in rubric_problems(items).items()
    ]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def adopt(request: HttpRequest, place: Place, pk: int) -> HttpResponseBase:
    """GET shows what changes and what asking again would cost; POST puts the version in force."""
    wanted = find_version(place.study, pk)
    if wanted.published_at is None:
        raise NotYours("There is no such published version.")
    if wanted.pk == place.study.rubric_id:
        messages.info(request, f"Version {wanted.number} is in force.")
        return see_other("rubric", place.study.slug)
    if request.method == "POST":
        try:
            ask = read_ask(request.POST)
            adopt_version(study=place.study, version=wanted, ask=ask, by=place.user, now=timezone.now())
        except Refused as error:
            return _adopting(request, place, wanted, problem=str(error))
        messages.success(request, f"Version {wanted.number} is in force. Rounds that you open from now on ask it.")
        return see_other("rubric", place.study.slug)
    return _adopting(request, place, wanted)


def read_ask(post: QueryDict) -> Ask:
    """The researcher's choice. Raises Refused where she made none."""
    what = post.get("ask", "")
    if what == "states":
        states = frozenset(LatentState(state) for state in post.getlist("state") if state in LatentState.values)
        if not states:
            raise Refused("Choose at least one state, or ask for no rating again.")
        return Ask(what="states", states=states)
    if what == "touched":
        return Ask(what="touched")
    if what == "none":
        return Ask(what="none")
    raise Refused("Say first which ratings are asked for again.")


def _still_open(place: Place) -> str:
    """What becomes of rounds that are open, in a sentence."""
    open_now = place.study.rounds.filter(state=RoundState.OPEN).order_by("number")
    numbers = [str(number) for number in open_now.values_list("number", flat=True)]
    if not numbers:
        return ""
    which = f"Round {numbers[0]} is" if len(numbers) == 1 else f"Rounds {', '.join(numbers)} are"
    return (
        f"{which} open and will go on asking the version before. Close what should not go on so; "
        "rounds that you open after adopting ask the new version."
    )


def _adopting(request: HttpRequest, place: Place, wanted: RubricVersion, *, problem: str = "") -> HttpResponse:
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Rubric", "rubric"), ("Adopt", "")),
        "wanted": wanted,
        "diff": diff_of(place.study.rubric, wanted),
        "asking": asking_again(place.study, wanted),
        "chosen": request.POST.get("ask", ""),
        "states": request.POST.getlist("state"),
        "problem": problem,
        "still_open": _still_open(place),
    }
    return render(
        request, "rubric/adopt.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    )
