"""What the researcher says of concepts: one is another, is narrower, has a code. Each is a new fact; none is changed.

The researcher alone: whoever judges whether two terms are one must see who used them how often and what agreement makes
of it, and an adjudicator sees of the study only the latents that came to her.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from annotation.actions import audit
from annotation.actions.rating import find_or_add_concepts
from annotation.actions.recomputing import recompute_soon
from annotation.codes.open_index import index_of
from annotation.codes.systems import origin
from annotation.enums import AuditVerb, ConceptFactKind, Role
from annotation.models import Concept, ConceptFact, Study, User
from annotation.queries.concept_names import concept_graph
from annotation.queries.sight import onlooker
from annotation.rules.blinding import check_study_results
from annotation.rules.concept_facts import check_merge, check_name, check_placing, check_reason, check_uncoded
from annotation.rules.membership import check_role, roles_of
from annotation.rules.refusal import Refused

VERBS: Mapping[ConceptFactKind, AuditVerb] = {
    ConceptFactKind.MERGED: AuditVerb.CONCEPTS_MERGED,
    ConceptFactKind.NARROWER: AuditVerb.CONCEPT_PLACED,
    ConceptFactKind.CODED: AuditVerb.CONCEPT_CODED,
    ConceptFactKind.WITHDRAWN: AuditVerb.CONCEPT_FACT_WITHDRAWN,
}


@transaction.atomic
def merge_concepts(*, concept: Concept, into: Concept, reason: str, by: User, now: datetime) -> ConceptFact:
    """From now on `concept` counts under the name of `into`; ratings keep what was typed.

    Raises Refused where one of them is merged already, or one is narrower than the other.
    """
    study = _check_may(concept.study, by)
    check_merge(concept_graph(study), concept.pk, into.pk)
    return _state(ConceptFactKind.MERGED, concept, study=study, by=by, now=now, other=into, reason=check_reason(reason))


@transaction.atomic
def place_concept(*, concept: Concept, under: str, reason: str, by: User, now: datetime) -> ConceptFact:
    """The concept of the name `under`, which nobody need have typed, is broader: between the two is a near miss.

    Raises Refused where that goes in a circle.
    """
    study = _check_may(concept.study, by)
    name = check_name(under)
    (broader,) = find_or_add_concepts(study=study, names=[name], by=by, now=now)
    check_placing(concept_graph(study), concept.pk, broader.pk)
    reason = check_reason(reason)
    return _state(ConceptFactKind.NARROWER, concept, study=study, by=by, now=now, other=broader, reason=reason)


@transaction.atomic
def code_concept(*, concept: Concept, system: str, code: str, reason: str = "", by: User, now: datetime) -> ConceptFact:
    """The concept is what this code of the installed release stands for. The fact keeps what is above the code there.

    Raises Refused for what is no code, and where the concept has one of this system.
    """
    study = _check_may(concept.study, by)
    check_uncoded(concept_graph(study), concept.pk, system)
    told = origin(system)
    index = index_of(system, settings.ARTIFACT_ROOT / "codes") if told else None
    if told is None or index is None:
        raise Refused("The terms of this code system are not ready. Try again in half a minute.")
    above = index.above(code)
    if not above or not index.is_code(code):
        raise Refused(f"“{code}” is no code of {told.name}, {told.version}. Choose one from the list.")
    said = {
        "system": system,
        "code": code,
        "term": above[0].label,
        "release": told.version,
        "above": [[node.code, node.label, list(node.parents)] for node in above],
        "reason": check_reason(reason, required=False),
    }
    return _state(ConceptFactKind.CODED, concept, study=study, by=by, now=now, **said)


@transaction.atomic
def code_concepts(*, chosen: Sequence[tuple[Concept, str, str]], by: User, now: datetime) -> list[ConceptFact]:
    """Several at once, each (concept, system, code): all or none."""
    if not chosen:
        raise Refused("Nothing is chosen. Tick the concepts that stand for what the code says.")
    return [code_concept(concept=concept, system=system, code=code, by=by, now=now) for concept, system, code in chosen]


@transaction.atomic
def take_back_fact(*, fact: ConceptFact, reason: str, by: User, now: datetime) -> ConceptFact:
    """A new fact by which this one no longer stands. Both stay in the history. Raises Refused if it is taken back."""
    study = _check_may(fact.study, by)
    if fact.kind == ConceptFactKind.WITHDRAWN or ConceptFact.objects.filter(withdraws=fact).exists():
        raise Refused("This does not stand any more. State it anew if it should.")
    reason = check_reason(reason)
    return _state(ConceptFactKind.WITHDRAWN, fact.concept, study=study, by=by, now=now, withdraws=fact, reason=reason)


def _check_may(study: Study, by: User) -> Study:
    check_role(by, study, Role.RESEARCHER)
    roles = roles_of(by, study)
    check_study_results(roles, may_yet_rate=onlooker(by, roles, study).may_yet_rate)
    return study


def _state(
    kind: ConceptFactKind, concept: Concept, *, study: Study, by: User, now: datetime, **said: Any
) -> ConceptFact:
    try:
        with transaction.atomic():
            fact = ConceptFact.objects.create(
                study=study, kind=kind, concept=concept, stated_by=by, stated_at=now, **said
            )
    except IntegrityError as error:
        raise Refused("Something else was said of these concepts meanwhile. Look at them again.") from error
    told = {key: value.pk for key, value in said.items() if key in ("other", "withdraws")}
    code = {key: value for key, value in said.items() if key in ("system", "code")}
    audit.record(VERBS[kind], fact, by=by, now=now, study=study, concept=concept.pk, **told, **code)
    recompute_soon(study_id=study.pk)
    return fact
