"""One concept: who named it, what was said of it; placed under a broader one, or linked to a code, one at a time."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotation.actions.concepts import code_concept, place_concept, take_back_fact
from annotation.enums import Role
from annotation.models import Concept, ConceptFact, Study
from annotation.queries.code_terms import every_index
from annotation.queries.concept_codes import code_choices
from annotation.queries.concept_examples import concept_examples
from annotation.queries.concept_history import concept_history, in_words
from annotation.queries.concept_list import concept_rows
from annotation.queries.concept_names import concept_graph
from annotation.rules.answers import CONCEPT_LIMIT
from annotation.rules.concept_facts import REASON_LIMIT
from annotation.rules.refusal import NotYours, Refused
from annotation.views.access import Place, in_study, say_refusal
from annotation.views.breadcrumbs import breadcrumbs
from annotation.views.concepts import check_open
from annotation.views.see_other import see_other

PLACE, CODE = "place", "code"


def find_concept(study: Study, pk: int) -> Concept:
    """Raises NotYours where the study has no such concept."""
    found = Concept.objects.select_related("study").filter(study=study, pk=pk).first()
    if found is None:
        raise NotYours("There is no such concept in this study.")
    return found


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def concept(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    """GET ?do=place or ?do=code asks for that; POST says it."""
    check_open(place)
    held = find_concept(place.study, pk)
    if request.method != "POST":
        return _page(request, place, held, do=request.GET.get("do", ""))
    do = request.POST.get("do", "")
    try:
        said = _say(request, place, held, do)
    except Refused as error:
        return _page(request, place, held, do=do, problem=str(error))
    messages.success(request, f"{said} Results are computed again.")
    return see_other("concept", place.study.slug, held.pk)


def _say(request: HttpRequest, place: Place, held: Concept, do: str) -> str:
    """The fact that the form states, in words."""
    now, reason = timezone.now(), text(request, "reason")
    if do == PLACE:
        fact = place_concept(concept=held, under=text(request, "under"), reason=reason, by=place.user, now=now)
    elif do == CODE:
        system, _, code = text(request, "choice").partition(" ")
        if not code:
            raise Refused("Choose the code that says what the concept means.")
        fact = code_concept(concept=held, system=system, code=code, reason=reason, by=place.user, now=now)
    else:
        raise Refused("Choose first what to say of this concept.")
    return f"{in_words(fact)}."


def _page(request: HttpRequest, place: Place, held: Concept, *, do: str, problem: str = "") -> HttpResponse:
    graph = concept_graph(place.study)
    rows = {row.pk: row for row in concept_rows(place.study, graph)}
    survivor = graph.survivor(held.pk)
    searched = (request.GET.get("q") or request.POST.get("q") or held.name).replace("\x00", "")[:CONCEPT_LIMIT]
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Concepts", "concepts"), (held.name, "")),
        "concept": held,
        "row": rows[survivor],
        "merged_into": rows[survivor] if survivor != held.pk else None,
        "broader": sorted((rows[other] for other in graph.parents.get(survivor, ())), key=lambda row: row.name),
        "narrower": sorted((row for row in rows.values() if survivor in graph.parents.get(row.pk, ())), key=_name),
        "examples": concept_examples(place.study, graph.members[survivor]),
        "history": concept_history(place.study, concept=held),
        "do": do if survivor == held.pk and do in (PLACE, CODE) else "",
        "names": [row.name for row in rows.values() if row.pk != survivor] if do == PLACE else [],
        "under": text(request, "under") or _asked_name(request, graph.typed),
        "searched": searched,
        "choices": code_choices(searched) if do == CODE else [],
        "choice": text(request, "choice"),
        "ready": bool(every_index()) if do == CODE else True,
        "reason": text(request, "reason"),
        "problem": problem,
        "limit": CONCEPT_LIMIT,
        "reason_limit": REASON_LIMIT,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    return render(request, "concepts/concept.html", context, status=status)


def _name(row: object) -> str:
    return str(getattr(row, "name", "")).lower()


def _asked_name(request: HttpRequest, typed: object) -> str:
    """The name of ?under=12, with which the comparison of two concepts leads here."""
    asked = request.GET.get("under", "")
    return typed.get(int(asked), "") if asked.isdecimal() and isinstance(typed, dict) else ""


def text(request: HttpRequest, name: str) -> str:
    """What the form sent, without NUL characters, which Postgres cannot store."""
    return request.POST.get(name, "").replace("\x00", "")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_study(Role.RESEARCHER)
def take_back(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    """Asks why a fact should no longer stand; POST takes it back."""
    check_open(place)
    fact = ConceptFact.objects.select_related("study", "concept", "other", "withdraws").filter(pk=pk).first()
    if fact is None or fact.study_id != place.study.pk:
        raise NotYours("There is no such fact in this study.")
    problem = ""
    if request.method == "POST":
        try:
            take_back_fact(fact=fact, reason=text(request, "reason"), by=place.user, now=timezone.now())
        except Refused as error:
            if ConceptFact.objects.filter(withdraws=fact).exists():
                say_refusal(request, error)
                return see_other("concepts", place.study.slug)
            problem = str(error)
        else:
            messages.success(request, f"{in_words(fact)}: that is taken back. Results are computed again.")
            return see_other("concept", place.study.slug, fact.concept_id)
    context = {
        **place.context,
        "breadcrumbs": breadcrumbs(place, ("Concepts", "concepts"), ("Take back", "")),
        "fact": fact,
        "words": in_words(fact),
        "reason": text(request, "reason"),
        "problem": problem,
        "reason_limit": REASON_LIMIT,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    return render(request, "concepts/take_back.html", context, status=status)
