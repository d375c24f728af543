"""The sampled latents with their consensus on one item, beside majority vote and Dawid-Skene."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from annotation.enums import LatentState
from annotation.models import SampledLatent
from annotation.queries.consensus_filters import Look
from annotation.queries.consensus_table import SORTS, ConsensusTable, consensus_table
from annotation.queries.results import consensus_items, freshness
from annotation.queries.rubric_words import ItemWords, rubric_words
from annotation.queries.sight import onlooker
from annotation.rules.blinding import check_study_results
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.consensus_words import ConsensusPanel, consensus_panel
from annotation.views.plain_words import short

ORDERS = {
    "position": "Place in the sample",
    "contested": "Most contested first",
    "unstable": "Least stable first",
    "fewest": "Fewest independent ratings first",
}
LOOKS = {
    Look.CONTESTED: "Contested: no answer has enough of opinion",
    Look.TIED: "Majority vote tied",
    Look.DIFFER: "Methods name different answers",
    Look.ONE_PERSON: "Answer hangs on one person",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One latent of the table; no panel while nobody has answered."""

    sampled: SampledLatent
    panel: ConsensusPanel | None

    @property
    def state(self) -> str:
        return short(LatentState(self.sampled.state))


@require_safe
@in_study()
@vary_on_headers("HX-Request")
def consensus(request: HttpRequest, place: Place) -> HttpResponse:
    """The newest consensus; refused to everyone whom it would unblind."""
    viewer = onlooker(place.user, place.roles, place.study)
    check_study_results(place.roles, may_yet_rate=viewer.may_yet_rate)
    newest = freshness(place.study)
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Consensus", "")),
        "freshness": newest,
        "run": newest.run,
    }
    if newest.run is None:
        return render(request, "consensus/consensus.html", context)
    words = rubric_words(place.study.rubric)
    offered = consensus_items(newest.run)
    item = _offered(request.GET.get("item", ""), offered, words.concept_key)
    state = request.GET.get("state", "")
    sort = _offered(request.GET.get("sort", ""), list(SORTS), "position")
    look = request.GET.get("look", "")
    table = consensus_table(
        place.study,
        newest.run,
        item=item,
        state=LatentState(state) if state in LatentState.values else None,
        sort=sort,
        number=request.GET.get("page", 1),
        look=Look(look) if look in {each.value for each in LOOKS} else None,
    )
    rest = request.GET.copy()
    rest.pop("page", None)
    context |= {
        "item": words.of(item),
        "items": [words.of(key) for key in offered],
        "state": state,
        "states": LatentState.choices,
        "look": look,
        "looks": [(each.value, label) for each, label in LOOKS.items()],
        "sort": sort,
        "orders": ORDERS.items(),
        "page": table.page,
        "lines": _lines(table, words.of(item)),
        "query": f"{rest.urlencode()}&" if rest else "",
    }
    htmx = request.htmx  # type: ignore[attr-defined]
    swaps = bool(htmx) and not htmx.history_restore_request
    return render(request, "partials/consensus_table.html" if swaps else "consensus/consensus.html", context)


def _lines(table: ConsensusTable, words: ItemWords) -> list[Line]:
    return [
        Line(sampled=row.sampled, panel=consensus_panel(row.consensus, words) if row.consensus else None)
        for row in table.rows
    ]


def _offered(wished: str, offered: list[str], default: str) -> str:
    """What the address asks for if there is such a thing, else the default, else the first."""
    if wished in offered:
        return wished
    return default if default in offered or not offered else offered[0]
