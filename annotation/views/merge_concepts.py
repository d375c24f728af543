"""Are these one concept? Two side by side, agreement before and after, and the merge with its reason."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from annotation.actions.concepts import merge_concepts
from annotation.enums import Role
from annotation.models import Concept
from annotation.queries.concept_agreement import MergeEffect, merge_effect
from annotation.queries.concept_examples import concept_examples
from annotation.queries.concept_list import ConceptRow, concept_rows
from annotation.queries.concept_names import concept_graph
from annotation.queries.concept_pairs import default_direction
from annotation.rules.answers import CONCEPT_LIMIT
from annotation.rules.calibration import fold
from annotation.rules.concept_facts import REASON_LIMIT
from annotation.rules.concept_graph import ConceptGraph
from annotation.rules.refusal import Refused
from annotation.science.types import Estimate as Found
from annotation.science.types import Undefined
from annotation.views.access import Place, in_study
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.concept import find_concept, text
from annotation.views.concepts import check_open
from annotation.views.drawing.figures import decimal
from annotation.views.drawing.forest import Estimate
from annotation.views.see_other import SeeOther, see_other

SAME, NEAR = "Same concept or not", "With near misses: a broader one in common counts in part"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def merge(request: HttpRequest, place: Place) -> HttpResponse:
    """GET without ?one= and ?other= (ids) asks for the two; POST with names finds them; POST with `stays` merges."""
    check_open(place)
    graph = concept_graph(place.study)
    rows = {row.pk: row for row in concept_rows(place.study, graph)}
    if request.method == "POST" and "first" in request.POST:
        return _find(request, place, graph, rows)
    asked = [request.POST.get(name) or request.GET.get(name, "") for name in ("one", "other")]
    chosen = [graph.survivor(int(pk)) for pk in asked if pk.isdecimal() and int(pk) in graph.typed]
    if len(set(chosen)) < 2:
        first = rows[chosen[0]].name if chosen else ""
        return _choose(request, place, rows, first=first)
    goes, stays = default_direction(rows[chosen[0]], rows[chosen[1]])
    if request.method == "POST":
        return _merge(request, place, graph, goes, stays)
    return _compare(request, place, graph, goes, stays)


def _find(request: HttpRequest, place: Place, graph: ConceptGraph, rows: dict[int, ConceptRow]) -> HttpResponse:
    """From the names that were typed to the comparison; names stay out of addresses."""
    by_name = {fold(name): graph.survivor(concept) for concept, name in graph.typed.items()}
    first, second = text(request, "first"), text(request, "second")
    found = [by_name.get(fold(name)) for name in (first, second)]
    problems = {
        name: "" if pk else "No concept of the study has this name. Choose one from the list."
        for name, pk in zip(("first", "second"), found, strict=True)
    }
    if all(found) and found[0] == found[1]:
        problems["second"] = "This counts as the same concept already. Choose another one."
    if any(problems.values()):
        return _choose(request, place, rows, first=first, second=second, problems=problems)
    return SeeOther(f"{reverse('merge_concepts', args=[place.study.slug])}?one={found[0]}&other={found[1]}")


def _choose(
    request: HttpRequest,
    place: Place,
    rows: dict[int, ConceptRow],
    *,
    first: str = "",
    second: str = "",
    problems: dict[str, str] | None = None,
) -> HttpResponse:
    context = {
        **_shared(place),
        "names": [{"value": row.name, "note": _note(row)} for row in rows.values()],
        "first": first,
        "second": second,
        "problems": problems or {},
        "limit": CONCEPT_LIMIT,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return render(request, "concepts/choose.html", context, status=status)


def _note(row: ConceptRow) -> str:
    return f"{row.use.ratings} rating{'' if row.use.ratings == 1 else 's'}"


def _merge(
    request: HttpRequest, place: Place, graph: ConceptGraph, goes: ConceptRow, stays: ConceptRow
) -> HttpResponse:
    if text(request, "stays") == str(goes.pk):
        goes, stays = stays, goes
    elif text(request, "stays") != str(stays.pk):
        return _compare(request, place, graph, goes, stays, problems={"stays": "Say which name stays."})
    concept, into = (find_concept(place.study, row.pk) for row in (goes, stays))
    try:
        merge_concepts(concept=concept, into=into, reason=text(request, "reason"), by=place.user, now=timezone.now())
    except Refused as error:
        field = "reason" if "reason" in str(error) or str(error).startswith("Say why") else "stays"
        return _compare(request, place, graph, goes, stays, problems={field: str(error)})
    messages.success(
        request,
        f"“{goes.name}” counts as “{stays.name}” from now on. Ratings keep what was typed; results are computed again.",
    )
    return see_other("concepts", place.study.slug)


def _compare(
    request: HttpRequest,
    place: Place,
    graph: ConceptGraph,
    goes: ConceptRow,
    stays: ConceptRow,
    *,
    problems: dict[str, str] | None = None,
) -> HttpResponse:
    pair = (goes, stays)
    context = {
        **_shared(place),
        "sides": [(row, concept_examples(place.study, graph.members[row.pk])) for row in pair],
        "goes": goes,
        "stays": stays,
        "options": [
            {"value": row.pk, "label": row.name, "key": str(number), "help": _why_it_may_stay(row)}
            for number, row in enumerate((stays, goes), start=1)
        ],
        "chosen": text(request, "stays") or str(stays.pk),
        "reason": text(request, "reason"),
        "reason_limit": REASON_LIMIT,
        "problems": problems or {},
        **(_effect_context(place, graph, goes, stays) if request.GET.get("agreement") else {}),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return render(request, "concepts/merge.html", context, status=status)


def _why_it_may_stay(row: ConceptRow) -> str:
    return f"{'On the list that raters are offered. ' if row.listed else ''}{_note(row)}"


@never_cache
@require_safe
@in_study(Role.RESEARCHER)
@vary_on_headers("HX-Request")
def merge_agreement(request: HttpRequest, place: Place, one: int, other: int) -> HttpResponse:
    """The part of the comparison that takes a moment: agreement before and after."""
    check_open(place)
    graph = concept_graph(place.study)
    for pk in (one, other):
        find_concept(place.study, pk)
    if graph.survivor(one) == graph.survivor(other):
        raise Refused("These two count as one concept already. Choose another pair on the page of concepts.")
    context = _effect_context(place, graph, *(Concept.objects.get(pk=pk) for pk in (one, other)))
    return render(request, "concepts/effect.html", context)


def _effect_context(
    place: Place, graph: ConceptGraph, goes: ConceptRow | Concept, stays: ConceptRow | Concept
) -> dict[str, object]:
    effect = merge_effect(place.study, graph, concept=goes.pk, into=stays.pk)
    if effect is None:
        return {"asked": True, "effect": None}
    return {"asked": True, "effect": effect, "estimates": estimates(effect), "sentence": in_words(effect)}


def estimates(effect: MergeEffect) -> list[Estimate]:
    """Four rows of the forest plot: before and after, plainly and with near misses."""
    return [
        _row(label, group, getattr(side, level))
        for group, level in ((SAME, "nominal"), (NEAR, "hierarchy"))
        for label, side in (("Now", effect.before), ("After the merge", effect.after))
    ]


def _row(label: str, group: str, found: Found | Undefined) -> Estimate:
    if isinstance(found, Undefined):
        return Estimate(label=label, group=group, n=0, reason=found.reason)
    return Estimate(
        label=label,
        group=group,
        n=found.n_units,
        value=found.value,
        low=found.low,
        high=found.high,
        reason=found.interval_reason,
    )


def in_words(effect: MergeEffect) -> str:
    """One sentence on what the merge does to plain agreement."""
    before, after = effect.before.nominal, effect.after.nominal
    if isinstance(before, Undefined) or isinstance(after, Undefined):
        return "Agreement is undefined without the merge or with it; the reasons stand beside."
    latents = "1 latent" if effect.together == 1 else f"{effect.together} latents"
    if not effect.together:
        return (
            "No latent was given both names, so that the merge settles no disagreement; chance alone is counted anew."
        )
    return (
        f"{latents} {'was' if effect.together == 1 else 'were'} given both names: there the merge turns disagreement "
        f"into agreement, and α goes from {decimal(before.value)} to {decimal(after.value)}."
    )


def _shared(place: Place) -> dict[str, object]:
    return {**place.context, "breadcrumbs": breadcrumbs(place, ("Concepts", "concepts"), ("Compare two", ""))}
