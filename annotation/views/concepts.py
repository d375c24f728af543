"""A study's concepts: the list with who named what, pairs that may be one, the hierarchy, and what was said of them."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotation.actions.concepts import code_concepts
from annotation.enums import Role
from annotation.models import Concept
from annotation.queries.code_terms import every_index, installed_origins
from annotation.queries.concept_codes import proposals
from annotation.queries.concept_history import concept_history
from annotation.queries.concept_list import concept_rows, matching
from annotation.queries.concept_names import concept_graph
from annotation.queries.concept_pairs import suggested_pairs
from annotation.queries.concept_tree import outline
from annotation.queries.sight import onlooker
from annotation.rules.blinding import check_study_results
from annotation.rules.refusal import Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.see_other import see_other

ROWS, PAIRS = 50, 8


def check_open(place: Place) -> None:
    """Raises Refused for whom the concepts would unblind: they say what raters made of latents."""
    viewer = onlooker(place.user, place.roles, place.study)
    check_study_results(place.roles, may_yet_rate=viewer.may_yet_rate)


@never_cache
@require_safe
@in_study(Role.RESEARCHER)
def concepts(request: HttpRequest, place: Place) -> HttpResponse:
    """Surviving concepts, the most used first; refused to a researcher who may still rate."""
    check_open(place)
    graph = concept_graph(place.study)
    rows = concept_rows(place.study, graph)
    pairs = suggested_pairs(rows, graph)
    text = request.GET.get("q", "").strip()
    page = Paginator(matching(rows, text) if text else rows, ROWS).get_page(request.GET.get("page", 1))
    rest = QueryDict(mutable=True)
    if text:
        rest["q"] = text
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Concepts", "")),
        "page": page,
        "text": text,
        "query": f"{rest.urlencode()}&" if text else "",
        "typed": len(graph.typed),
        "counted": len(graph.members),
        "pairs": pairs[:PAIRS],
        "more_pairs": max(0, len(pairs) - PAIRS),
        "outline": outline(graph, rows),
        "history": concept_history(place.study),
    }
    return render(request, "concepts/concepts.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def concept_codes(request: HttpRequest, place: Place) -> HttpResponse:
    """Concepts whose name is a term of a code system, to be linked to it: as many at once as are ticked."""
    check_open(place)
    if request.method == "POST":
        return _link(request, place)
    found = proposals(concept_rows(place.study, concept_graph(place.study)))
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Concepts", "concepts"), ("Codes", "")),
        "proposals": found[:ROWS],
        "more": max(0, len(found) - ROWS),
        "origins": installed_origins(),
        "ready": bool(every_index()),
    }
    return render(request, "concepts/codes.html", context)


def _link(request: HttpRequest, place: Place) -> HttpResponse:
    try:
        facts = code_concepts(chosen=_chosen(request.POST, place), by=place.user, now=timezone.now())
    except Refused as error:
        say_refusal(request, error)
        return see_other("concept_codes", place.study.slug)
    count = len(facts)
    messages.success(request, f"{count} concept{'s have their codes' if count > 1 else ' has its code'}.")
    return see_other("concepts", place.study.slug)


def _chosen(post: QueryDict, place: Place) -> list[tuple[Concept, str, str]]:
    """Of "12 icd-10-cm I21" each: what is of another form, or of no concept here, is left out."""
    parts = [value.split(" ", 2) for value in post.getlist("chosen")]
    wanted = [(part[0], part[1], part[2]) for part in parts if len(part) == 3 and part[0].isdecimal()]
    held = Concept.objects.filter(study=place.study).in_bulk([int(pk) for pk, _, _ in wanted])
    return [(held[int(pk)], system, code) for pk, system, code in wanted if int(pk) in held]
