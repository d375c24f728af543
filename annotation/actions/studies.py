"""Sets up a study: its rubric version, its thresholds, the concepts it begins with."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from annotation.actions import audit
from annotation.enums import AuditVerb
from annotation.models import Concept, MiningRun, Rubric, RubricItem, RubricVersion, Study, User
from annotation.rules.refusal import Refused
from annotation.rules.rubric import check_rubric


@transaction.atomic
def publish_rubric(
    *, name: str, guidance: str, items: Iterable[Mapping[str, Any]], by: User | None, now: datetime
) -> RubricVersion:
    """The next version of the rubric, or the newest if its items are the same.

    Each item has key, kind, question, help, options [{value, label, help}] and required.
    """
    wanted = [_item_fields(position, item) for position, item in enumerate(items, start=1)]
    check_rubric(wanted)
    rubric, _ = Rubric.objects.get_or_create(name=name)
    newest = rubric.versions.order_by("-number").first()
    if newest and newest.guidance == guidance and [_stored_fields(item) for item in newest.items.all()] == wanted:
        return newest
    version = RubricVersion.objects.create(
        rubric=rubric, number=newest.number + 1 if newest else 1, guidance=guidance, published_at=now
    )
    RubricItem.objects.bulk_create(RubricItem(version=version, **fields) for fields in wanted)
    audit.record(AuditVerb.RUBRIC_PUBLISHED, version, by=by, now=now, number=version.number)
    return version


def _item_fields(position: int, item: Mapping[str, Any]) -> dict[str, Any]:
    if missing := {"key", "kind", "question"} - set(item):
        raise Refused(f"Item {position} of the rubric lacks {' and '.join(sorted(missing))}.")
    return {
        "key": item["key"],
        "kind": item["kind"],
        "position": position,
        "question": item["question"],
        "help": item.get("help", ""),
        "options": item.get("options", []),
        "required": item.get("required", True),
    }


def _stored_fields(item: RubricItem) -> dict[str, Any]:
    return {
        field: getattr(item, field) for field in ("key", "kind", "position", "question", "help", "options", "required")
    }


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
