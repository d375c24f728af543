"""How well rationales let people and programs foretell unseen snippets, for the study's researcher."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from annotation.actions.asking_scores import ask_again
from annotation.enums import Role
from annotation.queries.judge_figures import judge_figures
from annotation.queries.learnable_rationales import ScoredRationale, extremes
from annotation.queries.reading_overview import reading_overview
from annotation.queries.results import freshness
from annotation.queries.scoring_progress import ScoringProgress, scoring_progress
from annotation.queries.sight import onlooker
from annotation.rules.blinding import check_study_results
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.learnability_words import JudgePanel, name_of, panel, side_by_side
from annotation.views.see_other import see_other


@require_safe
@in_study(Role.RESEARCHER)
def learnability(request: HttpRequest, place: Place) -> HttpResponse:
    """The newest figures; refused to everyone whom they would unblind."""
    _check(place)
    under_way = {one.scorer: one for one in scoring_progress(place.study)}
    panels = tuple(panel(figures, under_way.get(figures.judge)) for figures in judge_figures(place.study))  # type: ignore[call-overload]
    found = extremes(place.study)
    context: dict[str, Any] = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Learnability", "")),
        "freshness": freshness(place.study),
        "readings": reading_overview(place.study),
        "panels": panels,
        "compared": side_by_side(_judging(panels)),
        "anything": any(one.trials for one in panels),
        "extremes": [
            {"title": "Most learnable", "note": "these taught their judges most", "rows": _named(found.most)},
            {
                "title": "Least learnable",
                "note": "vague, or of a latent without one idea",
                "rows": _named(found.least),
            },
        ],
        "scoring": _bars(tuple(under_way.values())),
        "busy": any(one.under_way or one.failure for one in under_way.values()),
    }
    return render(request, "learnability/learnability.html", context)


@require_safe
@in_study(Role.RESEARCHER)
def progress(request: HttpRequest, place: Place) -> HttpResponse:
    """The bars of what is being scored, which ask for themselves; at the end the page comes anew."""
    _check(place)
    scoring = _bars(scoring_progress(place.study))
    if request.htmx and not any(bar["under_way"] for bar in scoring):  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()
    return render(request, "learnability/scoring.html", {**place.context, "scoring": scoring})


@require_POST
@in_study(Role.RESEARCHER)
def again(request: HttpRequest, place: Place) -> HttpResponse:
    """Ask anew for what a program could not judge."""
    try:
        sent = ask_again(study=place.study, by=place.user, now=timezone.now())
    except Refused as error:
        say_refusal(request, error)
    else:
        messages.success(request, f"{sent} rationales are asked for again." if sent else "Nothing waits for an answer.")
    return see_other("learnability", place.study.slug)


def _named(rows: tuple[ScoredRationale, ...]) -> list[dict[str, Any]]:
    return [
        {"row": one, "judges": [{"name": name_of(judge), "value": value} for judge, value in one.scores]}
        for one in rows
    ]


def _check(place: Place) -> None:
    viewer = onlooker(place.user, place.roles, place.study)
    check_study_results(place.roles, may_yet_rate=viewer.may_yet_rate)


def _judging(panels: tuple[JudgePanel, ...]) -> tuple[JudgePanel, ...]:
    return tuple(one for one in panels if one.trials)


def _bars(found: tuple[ScoringProgress, ...]) -> list[dict[str, Any]]:
    return [
        {"name": name_of(one.scorer), "progress": one, "under_way": one.under_way, "id": f"scoring-{one.scorer}"}
        for one in found
        if one.total
    ]
