"""Changes a study's settings between rounds, and those that touch no open round at any time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from annotation.actions import audit
from annotation.actions.asking_scores import score_soon
from annotation.actions.recomputing import recompute_soon
from annotation.actions.rounds import open_missing_twins
from annotation.enums import AuditVerb, RoundKind, RoundState
from annotation.models import Study, User
from annotation.rules.membership import check_researcher
from annotation.rules.study_settings import check_changes


@transaction.atomic
def change_study(*, study: Study, settings: Mapping[str, Any], by: User, now: datetime) -> Study:
    """Give the study these settings, by name as in rules.study_settings. Those that stay as they are are no change.

    Raises Incomplete with a sentence a setting, and then changes nothing.
    """
    check_researcher(by, study)
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    changes = {name: value for name, value in settings.items() if value != getattr(study, name, None)}
    if not changes:
        return study
    open_kinds = study.rounds.filter(state=RoundState.OPEN).values_list("kind", flat=True)
    check_changes(changes, open_kinds=[RoundKind(kind) for kind in open_kinds], rated=study.ratings.exists())
    before = {name: getattr(study, name) for name in changes}
    for name, value in changes.items():
        setattr(study, name, value)
    study.save(update_fields=list(changes))
    if study.retest_share > 0:
        open_missing_twins(study=study, now=now)
    if "scorers" in changes:
        score_soon(study_id=study.pk)
        recompute_soon(study_id=study.pk)
    told = {name: [_plain(before[name]), _plain(value)] for name, value in changes.items()}
    audit.record(AuditVerb.STUDY_CHANGED, study, by=by, now=now, study=study, changed=told)
    return study


def _plain(value: Any) -> Any:
    """As JSON holds it: an amount of money as its digits."""
    return value if value is None or isinstance(value, int | float | str | list) else str(value)
