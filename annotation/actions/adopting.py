"""Puts a published rubric version in force, and asks for those ratings again that the researcher chose."""

from datetime import datetime

from django.db import transaction

from annotation.actions import audit
from annotation.actions.asking_again import ask_again
from annotation.actions.recomputing import recompute_soon
from annotation.enums import AuditVerb, Role
from annotation.models import RubricVersion, Study, User
from annotation.queries.asking_again import Ask, ratings_to_ask
from annotation.queries.rubric_versions import find_version
from annotation.rules.membership import check_role
from annotation.rules.refusal import Refused


@transaction.atomic
def adopt(*, study: Study, version: RubricVersion, ask: Ask, by: User, now: datetime) -> Study:
    """Rounds from now on ask this version; rounds that are open go on with theirs. Results are computed anew.

    Raises Refused for a draft, and for the version that is in force already.
    """
    check_role(by, study, Role.RESEARCHER)
    study = Study.objects.select_for_update(no_key=True, of=("self",)).select_related("rubric").get(pk=study.pk)
    version = find_version(study, version.pk)
    if version.published_at is None:
        raise Refused("This is a draft. Publish it first: then it stays as it is, and can be adopted.")
    if version.pk == study.rubric_id:
        raise Refused("This rubric version is in force already.")
    before = study.rubric
    study.rubric = version
    study.save(update_fields=["rubric"])
    wanted = ratings_to_ask(study, version, ask)
    if wanted:  # Before the event: it lays places (actions.audit says in which order locks are taken).
        ask_again(study=study, ratings=wanted, by=by, now=now)
    audit.record(
        AuditVerb.RUBRIC_ADOPTED, version, by=by, now=now, study=study, before=before.pk, asked_again=len(wanted)
    )
    recompute_soon(study_id=study.pk)
    return study
