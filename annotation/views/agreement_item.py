"""Agreement on one item of the rubric: over which ratings, between whom, on which latents, and over time."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotation.models import PairAgreement
from annotation.queries.agreement_figures import Contested, agreement_items, by_scope, contested, pair_table
from annotation.queries.institution_names import institution_names
from annotation.queries.results import freshness
from annotation.queries.rubric_words import ItemWords, rubric_words
from annotation.queries.sight import onlooker
from annotation.rules.blinding import check_study_results, retests_visible
from annotation.rules.refusal import NotYours
from annotation.rules.scopes import ALL, KINDS, RETEST
from annotation.views import agreement_words as said
from annotation.views.access import Place, in_study
from annotation.views.agreement import by_item
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.drawing.pair_matrix import Pair


@dataclass(frozen=True, kw_only=True)
class ContestedLine:
    """A latent on which raters disagree, with what they said."""

    found: Contested
    answers: tuple[tuple[str, float], ...]
    """Answers with their votes, the most first; empty where consensus is sought on each flag apart."""


@require_safe
@in_study()
def agreement_item(request: HttpRequest, place: Place, item: str) -> HttpResponse:
    """Everything about one item; refused to everyone whom it would unblind."""
    viewer = onlooker(place.user, place.roles, place.study)
    check_study_results(place.roles, may_yet_rate=viewer.may_yet_rate)
    newest = freshness(place.study)
    offered = agreement_items(newest.run) if newest.run else []
    if newest.run is None or item not in offered:
        raise NotYours("The newest results have no such item.")
    words = rubric_words(place.study.rubric)
    kinds = [kind for kind in KINDS if kind != RETEST or retests_visible(place.roles)]
    rows = by_scope(newest.run, item=item, kinds=kinds)
    everybody = [row for row in rows if row.scope == ALL]
    pairs = pair_table(newest.run, item=item)
    near, sets = said.near_miss_estimates(rows), said.calibration_estimates(rows)
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Agreement", "agreement"), (words.of(item).name, "")),
        "freshness": newest,
        "run": newest.run,
        "item": words.of(item),
        "items": [words.of(key) for key in offered],
        "figures": by_item(everybody, words)[0] if everybody else None,
        "scopes": said.scope_estimates(rows, institution_names(place.study)),
        "institutions_said": said.institutions_in_words(rows),
        "near": near,
        "near_said": said.near_misses_in_words(rows),
        "pairs": [_pair(pair) for pair in pairs.pairs],
        "pair_table": pairs,
        "pairs_said": said.pairs_in_words(pairs),
        "contested": [_line(found, words.of(item)) for found in contested(newest.run, item=item)],
        "sets": sets,
        "sets_said": said.course_in_words(sets),
    }
    return render(request, "agreement/one_item.html", context)


def _pair(row: PairAgreement) -> Pair:
    return Pair(
        first=row.first, second=row.second, n=row.latents, value=row.kappa, raw=row.raw, reason=row.undefined_reason
    )


def _line(found: Contested, words: ItemWords) -> ContestedLine:
    consensus = found.consensus
    votes = zip(consensus.classes, consensus.votes, strict=True) if consensus else ()
    given = sorted(
        ((words.label(value), count) for value, count in votes if count), key=lambda pair: (-pair[1], pair[0])
    )
    return ContestedLine(found=found, answers=tuple(given))
