"""The study's raters by pseudonym: what each one's weight comes from, question by question."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotation.queries.rater_panel import PanelRater, rater_panel
from annotation.queries.results import consensus_items, freshness
from annotation.queries.rubric_words import rubric_words
from annotation.queries.sight import onlooker
from annotation.rules.blinding import check_study_results
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.drawing.forest import Estimate
from annotation.views.learnability_words import name_of as judge_name


@require_safe
@in_study()
def panel(request: HttpRequest, place: Place) -> HttpResponse:
    """By the newest results; refused to everyone whom they would unblind."""
    viewer = onlooker(place.user, place.roles, place.study)
    check_study_results(place.roles, may_yet_rate=viewer.may_yet_rate)
    newest = freshness(place.study)
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Raters", "")),
        "freshness": newest,
        "run": newest.run,
    }
    offered = consensus_items(newest.run) if newest.run else []
    if newest.run is None or not offered:
        return render(request, "reliability/panel.html", {**context, "run": None})
    words = rubric_words(place.study.rubric)
    item = request.GET.get("item", "")
    item = item if item in offered else words.concept_key if words.concept_key in offered else offered[0]
    found = rater_panel(newest.run, item)
    context |= {
        "item": words.of(item),
        "items": [words.of(key) for key in offered],
        "panel": found,
        "scorers": [(judge_name(row.scorer), row) for row in found.scorers],
        "estimates": [_estimate(one) for one in found.raters],
        "habits": [
            {
                "name": found.institutions.get(habit.institution, habit.institution),
                "habit": habit,
                "votes": 2 / (1 + habit.rho),
            }
            for habit in found.habits
            if habit.rho is not None
        ],
        "no_habits": next((habit.undefined_reason for habit in found.habits if not habit.institution), ""),
    }
    return render(request, "reliability/panel.html", context)


def _estimate(one: PanelRater) -> Estimate:
    row = one.found
    known = row.calibration + row.repeats
    return Estimate(
        label=row.pseudonym,
        n=known,
        value=row.mean,
        low=row.low,
        high=row.high,
        group=one.institution or "No institution",
    )
