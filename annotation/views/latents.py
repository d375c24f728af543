"""The run's latents as a table, and one latent's page."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from annotation.enums import LatentFlag, LatentState, Role
from annotation.queries.concept_family import concept_family
from annotation.queries.imported_explanations import imported_explanations
from annotation.queries.latent_course import latent_course
from annotation.queries.latent_detail import LatentDetail, latent_detail
from annotation.queries.latent_list import SORTS, LatentFilter, LatentRow, LatentTable, latent_table
from annotation.queries.latent_profile import MatchesInSae, ProfileSheet, profile_sheet
from annotation.queries.results import freshness
from annotation.queries.rubric_words import RubricWords, rubric_words
from annotation.queries.sight import onlooker
from annotation.rules.blinding import raters_visible
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.consensus_words import ConsensusPanel, consensus_panel
from annotation.views.drawing.density import DensityMeter, density_meter
from annotation.views.latent_words import flag_words, match_words
from annotation.views.plain_words import short

DENSITIES = {
    "rare": ("Up to 0.1 % of tokens", 0.0, 0.001),
    "occasional": ("0.1 to 0.5 %", 0.001, 0.005),
    "common": ("0.5 to 2 %", 0.005, 0.02),
    "dense": ("Over 2 %", 0.02, 1.0),
    "never": ("Never fires", -1.0, 0.0),
}
"""Bands of density to filter by: label, open lower bound, closed upper bound."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of the table with its density drawn."""

    row: LatentRow
    meter: DensityMeter
    concept: str
    """The consensus concept in the rubric's words."""
    state: str
    """In a word; empty where it is hidden or the latent is not sampled."""


@require_safe
@in_study(Role.RESEARCHER)
@vary_on_headers("HX-Request")
def latents(request: HttpRequest, place: Place) -> HttpResponse:
    """The sampled latents, or all of the run."""
    study = place.study
    has_sample = study.sample.exists()
    viewer = onlooker(place.user, place.roles, study)
    wanted = _wanted(request.GET, has_sample, states=viewer.sees_results, flags=not viewer.may_yet_rate)
    words, results = rubric_words(study.rubric), freshness(study)
    table = latent_table(
        study,
        wanted,
        number=request.GET.get("page", 1),
        viewer=viewer,
        results=results.run,
        concept=words.concept_key,
    )
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Latents", "")),
        "table": table,
        "lines": _lines(table, words, study.maximum_density),
        "wanted": wanted,
        "has_sample": has_sample,
        "chosen": request.GET,
        "states": LatentState.choices if viewer.sees_results else [],
        "flags": [] if viewer.may_yet_rate else LatentFlag.choices,
        "densities": [(key, label) for key, (label, _, _) in DENSITIES.items()],
        "heads": _heads(request.GET, wanted),
        "query": _without(request.GET, "page"),
    }
    template = "partials/latent_table.html" if _swaps(request) else "latents/latents.html"
    return render(request, template, context)


@require_safe
@in_study(Role.RESEARCHER)
def latent(request: HttpRequest, place: Place, index: int) -> HttpResponse:
    """What one latent fires on, and what was made of it."""
    study = place.study
    words, results = rubric_words(study.rubric), freshness(study)
    viewer = onlooker(place.user, place.roles, study)
    detail = latent_detail(study, index, viewer=viewer, results=results.run)
    named = raters_visible(place.roles)
    panels = _panels(detail, words, raters=named)
    first = panels[0] if panels else None
    sees = detail.sight.results and detail.sampled is not None
    sees_hints = viewer.sees_hints(detail.latent.pk)
    imported = getattr(getattr(study.run, "imported", None), "tool", "")
    profile = profile_sheet(detail.latent, study.run, place.user) if sees_hints and study.run else None
    context = {
        **place.context,
        "detail": detail,
        "latent": detail.latent,
        "edges": (study.run.manifest or {}).get("histogram_edges", []) if study.run else [],
        "scale": max([detail.latent.max_activation, *(s.peak for g in detail.groups for s in g.snippets)]),
        "freshness": results,
        "first": first,
        "panels": panels[1:],
        "raters_hidden": sees and not named,
        "opinions": [
            (opinion, [detail.quotes[word] for word in opinion.evidence if word in detail.quotes])
            for opinion in detail.opinions
        ],
        "family": concept_family(study, first.row.classes) if first and first.words.key == words.concept_key else [],
        "course": latent_course(detail.sampled, roles=place.roles) if sees and detail.sampled else None,
        "profile": profile,
        "sees_hints": sees_hints,
        "elsewhere": imported_explanations(detail.latent, sees_hints=sees_hints),
        "imported": imported,
        "may_try": not viewer.may_yet_rate and not imported,
        "flags": [(flag, flag_words(flag, profile)) for flag in profile.flags] if profile else [],
        "matched": _said(profile) if profile else [],
        "breadcrumbs": breadcrumbs(place, ("Latents", "latents"), (f"Latent {index}", "")),
    }
    return render(request, "latents/latent.html", context)


def _lines(table: LatentTable, words: RubricWords, bound: float) -> list[Line]:
    concepts = words.of(words.concept_key)
    return [
        Line(
            row=row,
            meter=density_meter(row.latent.density, bound),
            concept=concepts.label(row.concept) if row.concept else "",
            state=short(row.state) if row.state else "",
        )
        for row in table.rows
    ]


def _wanted(chosen: QueryDict, has_sample: bool, *, states: bool, flags: bool) -> LatentFilter:
    """The filter that the address asks for; what is not offered is ignored.

    states: whether she may filter by state. A state tells what others said, also to somebody who only counts rows.
    flags: whether she may filter by flag, which hints at what a latent is.
    """
    flag = chosen.get("flag", "")
    state, sort = chosen.get("state", ""), chosen.get("sort", "")
    field = sort.removeprefix("-")
    density = DENSITIES.get(chosen.get("density", ""))
    sampled = has_sample and chosen.get("show") != "all"
    return LatentFilter(
        sampled=sampled,
        state=LatentState(state) if sampled and states and state in LatentState.values else None,
        density=density[1:] if density else None,
        flag=LatentFlag(flag) if flags and flag in LatentFlag.values else None,
        sort=field if field in SORTS else "position",
        descending=sort.startswith("-") and field in SORTS,
    )


def _heads(chosen: QueryDict, wanted: LatentFilter) -> list[dict[str, Any]]:
    """Sortable column heads: a second click turns the order round."""
    labels = {
        **({"position": "Place"} if wanted.sampled else {}),
        "index": "Latent",
        "density": "Density",
        "documents": "Documents",
        "activation": "Max. activation",
    }
    current = "index" if wanted.sort == "position" and not wanted.sampled else wanted.sort
    return [
        {
            "key": key,
            "label": label,
            "number": key in ("documents", "activation"),
            "sorted": ("descending" if wanted.descending else "ascending") if key == current else "",
            "query": f"{_without(chosen, 'page', 'sort')}sort={_next_order(key, current, wanted.descending)}",
        }
        for key, label in labels.items()
    ]


def _next_order(key: str, current: str, descending: bool) -> str:
    """Numbers of interest begin with the largest, names and places with the first."""
    if key != current:
        return key if key in ("position", "index") else f"-{key}"
    return key if descending else f"-{key}"


def _without(chosen: QueryDict, *names: str) -> str:
    """The address's other parameters, ready to be followed by one more."""
    rest = chosen.copy()
    for name in names:
        rest.pop(name, None)
    return f"{rest.urlencode()}&" if rest else ""


def _swaps(request: HttpRequest) -> bool:
    """Whether htmx asks for the table alone."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request


def _panels(detail: LatentDetail, words: RubricWords, *, raters: bool) -> list[ConsensusPanel]:
    """The open item first: it is the one that decides what becomes of the latent."""
    panels = [consensus_panel(row, words.of(row.item), raters=raters) for row in detail.consensuses]
    return sorted(panels, key=lambda panel: panel.words.key != words.concept_key)


def _said(profile: ProfileSheet) -> list[tuple[str, MatchesInSae]]:
    """What each other SAE makes of the latent, in a sentence, with the latents in question."""
    return [(match_words(found), found) for found in profile.matched]
