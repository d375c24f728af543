"""The rubric editor: a card an item, every button works without JavaScript, and nobody overwrites anybody unasked."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotation.actions.rubrics import ChangedMeanwhile, Unsaveable, draft_of, save_draft
from annotation.enums import Role
from annotation.models import RubricVersion
from annotation.rules.answers import Answers, Incomplete, check_answers
from annotation.rules.described_rubric import DescribedRubric, described
from annotation.rules.refusal import Refused
from annotation.rules.rubric import WHOLE, rubric_problems
from annotation.rules.rubric_diff import rubric_diff
from annotation.rules.rubric_editing import Wish, granted
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.rubric_cards import item_cards, new_kinds
from annotation.views.rubric_fields import field_names, read_rubric
from annotation.views.rubric_form import read_answers, rubric_form
from annotation.views.see_other import SeeOther, see_other

NO_DRAFT = "There is no draft of a new rubric version. Start one here."
PAGES = {"preview": "rubric_preview", "publish": "publish_rubric"}
"""Buttons that save and go on to another page."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def edit(request: HttpRequest, place: Place) -> HttpResponseBase:
    """GET shows the draft; POST saves what the form has, and does what its button says."""
    draft = draft_of(place.study)
    if draft is None:
        messages.info(request, NO_DRAFT)
        return see_other("rubric", place.study.slug)
    if request.method != "POST":
        return _page(request, place, draft, described(draft), at=_at(request))
    return _save(request, place, draft)


def _save(request: HttpRequest, place: Place, draft: RubricVersion) -> HttpResponseBase:
    post, by_script = request.POST, request.accepts("application/json") and not request.accepts("text/html")
    stored = described(draft)
    content = read_rubric(post, stored=stored, fixed=_fixed(draft))
    button, wish = post.get("do", "save"), None
    now = timezone.now()
    try:
        if ":" in button:
            content, wish = granted(content, Wish.read(button))
        save_draft(
            version=draft, content=content, seen=post.get("over") or post.get("seen", ""), by=place.user, now=now
        )
    except ChangedMeanwhile as error:
        if by_script:
            return JsonResponse({"detail": str(error)}, status=HTTPStatus.CONFLICT)
        return _page(request, place, draft, content, theirs=error, status=HTTPStatus.CONFLICT)
    except Unsaveable as error:
        if by_script:
            return JsonResponse({"detail": str(error)}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        told = {item: [sentence] for item, sentence in error.problems.items()}
        return _page(request, place, draft, content, refused=told, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if by_script:
        return JsonResponse({"saved_at": now.isoformat(), "seen": content.edition, "names": field_names(content)})
    if button in PAGES:
        return see_other(PAGES[button], place.study.slug)
    messages.success(request, f"Saved {timezone.localtime(now):%H:%M}.")
    return _back(place, wish)


def _back(place: Place, wish: Wish | None) -> SeeOther:
    """To the editor, at what was changed."""
    if wish is None:
        return see_other("edit_rubric", place.study.slug)
    at = urlencode({"at": ":".join([wish.what, str(wish.item), str(wish.part)])})
    return SeeOther(f"{reverse('edit_rubric', args=[place.study.slug])}?{at}")


def _at(request: HttpRequest) -> Wish | None:
    what, *places = request.GET.get("at", "").split(":")
    if len(places) != 2 or not all(place.isdecimal() for place in places):
        return None
    return Wish(what=what, item=int(places[0]), part=int(places[1]))


def _page(
    request: HttpRequest,
    place: Place,
    draft: RubricVersion,
    content: DescribedRubric,
    *,
    at: Wish | None = None,
    theirs: ChangedMeanwhile | None = None,
    refused: Mapping[int, Sequence[str]] | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    problems = {**rubric_problems(content.items), **(refused or {})}
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Rubric", "rubric"), ("Edit", "")),
        "draft": draft,
        "content": content,
        "seen": request.POST.get("seen") or content.edition,
        "cards": item_cards(content, fixed=_fixed(draft), problems=problems, at=at),
        "problems": problems.get(WHOLE, ()),
        "unready": sum(len(sentences) for sentences in problems.values()),
        "kinds": new_kinds(),
        "theirs": theirs.theirs if theirs else None,
        "saved_by": theirs.who if theirs else "",
        "against_theirs": rubric_diff(theirs.theirs, content) if theirs else None,
        "refused": bool(refused),
    }
    return render(request, "rubric/edit.html", context, status=status)


def _fixed(draft: RubricVersion) -> dict[str, set[str]]:
    """Keys of the version that the draft rests on, each with its options' values: answers are stored under them."""
    if draft.based_on is None:
        return {}
    items = described(draft.based_on).items
    return {item["key"]: {str(option["value"]) for option in item["options"]} for item in items}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def preview(request: HttpRequest, place: Place) -> HttpResponseBase:
    """The draft's questions as raters see them. POST tries an answer: it is checked as a rating's, and not stored."""
    draft = draft_of(place.study)
    if draft is None:
        messages.info(request, NO_DRAFT)
        return see_other("rubric", place.study.slug)
    return trial_page(request, place, draft, back="edit_rubric")


def _stored(answers: Answers) -> list[tuple[str, str]]:
    """(name, value) as a rating holds them."""
    rows = [("concept", answers.concept), *answers.values.items()]
    written = [(key, ", ".join(map(str, value)) if isinstance(value, list) else str(value)) for key, value in rows]
    return [*((key, value or "none") for key, value in written), ("rationale", answers.rationale)]


def trial_page(request: HttpRequest, place: Place, version: RubricVersion, *, back: str) -> HttpResponse:
    """Any version's questions, to be tried out."""
    items = list(version.items.order_by("position"))
    answers = read_answers(items, request.POST) if request.method == "POST" else {}
    context: dict[str, Any] = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Rubric", "rubric"), ("As raters see it", "")),
        "tried": version,
        "back": back,
    }
    problems: dict[str, str] = {}
    if answers:
        try:
            context["stored"] = _stored(check_answers(items, answers))
        except Incomplete as error:
            problems = error.problems
        except Refused as error:
            messages.error(request, str(error))
    context |= {"form": rubric_form(items, answers, problems), "problems": problems}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return render(request, "rubric/trial.html", context, status=status)
