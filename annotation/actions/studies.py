"""Sets up a study: its rubric version, its thresholds, the concepts it begins with."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from annotation.actions import audit
from annotation.enums import AuditVerb
from annotation.models import Concept, MiningRun, Rubric, RubricItem, RubricVersion, Study, User
from annotation.rules.described_rubric import DescribedRubric, complete_items, described
from annotation.rules.rubric import check_rubric


@transaction.atomic
def publish_rubric(
    *, name: str, guidance: str, items: Iterable[Mapping[str, Any]], by: User | None, now: datetime, sources: str = ""
) -> RubricVersion:
    """The next version of a rubric that ships, or the newest if it is the same.

    Each item has key, kind, question, and where it needs them help, options, required, examples and condition.
    """
    wanted = DescribedRubric(guidance=guidance, sources=sources, items=complete_items(items))
    check_rubric(wanted.items)
    rubric, _ = Rubric.objects.get_or_create(name=name, study=None)
    newest = rubric.versions.order_by("-number").first()
    if newest and described(newest).edition == wanted.edition:
        return newest
    version = RubricVersion.objects.create(
        rubric=rubric, number=newest.number + 1 if newest else 1, guidance=guidance, sources=sources, based_on=newest
    )
    RubricItem.objects.bulk_create(wanted.rows(version))
    version.published_at = now  # Last: from then on neither it nor its items can be changed.
    version.save(update_fields=["published_at"])
    audit.record(AuditVerb.RUBRIC_PUBLISHED, version, by=by, now=now, number=version.number)
    return version


@transaction.atomic
def create_study(
    *,
    slug: str,
    name: str,
    purpose: str,
    rubric: RubricVersion,
    concepts: Iterable[str],
    by: User,
    now: datetime,
    run: MiningRun | None = None,
    simulated: bool = False,
    **settings_: Any,
) -> Study:
    """A study with the concepts that its raters are offered. The same slug again returns the study that is there."""
    existing = Study.objects.filter(slug=slug).first()
    if existing:
        return existing
    study = Study.objects.create(
        slug=slug,
        name=name,
        purpose=purpose,
        rubric=rubric,
        run=run,
        simulated=simulated,
        created_at=now,
        created_by=by,
        **settings_,
    )
    names = {" ".join(name.split()).lower(): " ".join(name.split()) for name in concepts}
    Concept.objects.bulk_create(Concept(study=study, name=name, created_at=now) for name in names.values() if name)
    audit.record(AuditVerb.STUDY_CREATED, study, by=by, now=now, study=study, simulated=simulated)
    return study
