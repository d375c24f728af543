"""A study's rubric from draft to published version. What is published is never edited: a new version follows it."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import localtime

from annotation.actions import audit
from annotation.enums import AuditVerb, Role
from annotation.models import Rubric, RubricItem, RubricVersion, Study, User
from annotation.rules.described_rubric import DescribedRubric, described
from annotation.rules.membership import check_role
from annotation.rules.refusal import NotYours, Refused
from annotation.rules.rubric import check_rubric
from annotation.rules.rubric_diff import rubric_diff
from annotation.rules.rubric_item import KEY_LIMIT, QUESTION_LIMIT

GONE = "This draft has been published or thrown away meanwhile. The Rubric page shows how it stands."


class ChangedMeanwhile(Refused):
    """The draft was saved since this person read it; `theirs` is what is saved."""

    def __init__(self, theirs: DescribedRubric, *, saved: RubricVersion, by: User) -> None:
        self.theirs = theirs
        who = "you, in another window" if saved.saved_by_id == by.pk else str(saved.saved_by or "somebody else")
        self.who = f"{who}, {localtime(saved.saved_at):%H:%M}" if saved.saved_at else who
        """Who saved it last, and when."""
        super().__init__(
            f"This draft was saved ({self.who}) since you opened it. Nothing of yours was stored yet, and nothing that "
            "was saved is overwritten. Compare below, then keep one of the two."
        )


class Unsaveable(Refused):
    """Not even a draft can hold it; `problems` has a sentence by item, counted from 1."""

    def __init__(self, problems: Mapping[int, str]) -> None:
        self.problems = dict(problems)
        super().__init__(" ".join(f"Item {place}: {sentence}" for place, sentence in self.problems.items()))


@transaction.atomic
def start_draft(*, study: Study, by: User, now: datetime) -> RubricVersion:
    """The study's draft: the one there is, or a copy of the version in force.

    A shipped rubric is copied into one of the study's own, whose versions count on from it.
    """
    check_role(by, study, Role.RESEARCHER)
    study = Study.objects.select_for_update(no_key=True, of=("self",)).select_related("rubric__rubric").get(pk=study.pk)
    if draft := draft_of(study):
        return draft
    base = study.rubric
    own, _ = Rubric.objects.get_or_create(name=base.rubric.name, study=study)
    newest = own.versions.aggregate(Max("number"))["number__max"] or 0
    draft = RubricVersion.objects.create(rubric=own, number=max(newest, base.number) + 1, based_on=base)
    _write(draft, described(base), by, now)
    return draft


def draft_of(study: Study) -> RubricVersion | None:
    """A study has one draft at most. One statement."""
    return RubricVersion.objects.filter(rubric__study=study, published_at=None).select_related("rubric").first()


@transaction.atomic
def save_draft(
    *, version: RubricVersion, content: DescribedRubric, seen: str, by: User, now: datetime
) -> RubricVersion:
    """Store the draft, complete or not. `seen` is the edition that the person worked from.

    Raises ChangedMeanwhile if another is stored by now, Unsaveable for what no draft can hold; then nothing changes.
    """
    draft = _locked(version, by)
    stored = described(draft)
    if content.edition == stored.edition:
        return draft
    if seen != stored.edition:
        raise ChangedMeanwhile(stored, saved=draft, by=by)
    if problems := _unsaveable(content):
        raise Unsaveable(problems)
    _write(draft, content, by, now)
    return draft


@transaction.atomic
def discard_draft(*, version: RubricVersion, by: User, now: datetime) -> None:
    """Throw the draft away. Versions in force or published stay as they are."""
    draft = _locked(version, by)
    rubric = draft.rubric
    draft.items.all().delete()
    draft.delete()
    if not rubric.versions.exists():
        rubric.delete()


@transaction.atomic
def publish(*, version: RubricVersion, seen: str, by: User, now: datetime) -> RubricVersion:
    """Make the draft a version that the study may adopt, and that nobody edits any more.

    Raises Unsound with every problem, ChangedMeanwhile if it is not what the person saw, Refused if nothing is new.
    """
    draft = _locked(version, by)
    content = described(draft)
    if seen != content.edition:
        raise ChangedMeanwhile(content, saved=draft, by=by)
    check_rubric(content.items)
    if draft.based_on and rubric_diff(described(draft.based_on), content).empty:
        raise Refused("This draft changes nothing. Edit it first, or throw it away.")
    draft.published_at = now
    draft.save(update_fields=["published_at"])
    audit.record(
        AuditVerb.RUBRIC_PUBLISHED, draft, by=by, now=now, study=draft.rubric.study, number=draft.number,
        edition=content.edition,
    )  # fmt: skip
    return draft


def _locked(version: RubricVersion, by: User) -> RubricVersion:
    """The draft, to be written by nobody else until this is done. Raises Refused if it is none any more."""
    rows = RubricVersion.objects.select_for_update(no_key=True, of=("self",))
    draft = rows.select_related("rubric__study", "based_on", "saved_by").filter(pk=version.pk).first()
    if draft is None:
        raise Refused(GONE)
    if draft.rubric.study is None:
        raise NotYours("There is no such draft among yours.")
    check_role(by, draft.rubric.study, Role.RESEARCHER)
    if draft.published_at is not None:
        raise Refused(GONE)
    return draft


def _write(draft: RubricVersion, content: DescribedRubric, by: User, now: datetime) -> None:
    draft.guidance, draft.sources = content.guidance, content.sources
    draft.saved_by, draft.saved_at = by, now
    draft.save(update_fields=["guidance", "sources", "saved_by", "saved_at"])
    draft.items.all().delete()
    RubricItem.objects.bulk_create(content.rows(draft))


def _unsaveable(content: DescribedRubric) -> dict[int, str]:
    keys = Counter(item["key"] for item in content.items)
    problems = {}
    for place, item in enumerate(content.items, start=1):
        if keys[item["key"]] > 1:
            problems[place] = f"Another item is stored as “{item['key']}” too. Give each a name of its own."
        elif len(item["key"]) > KEY_LIMIT:
            problems[place] = (
                f"It is stored as “{item['key']}”, which is longer than {KEY_LIMIT} characters. Shorten it."
            )
        elif len(item["question"]) > QUESTION_LIMIT:
            problems[place] = f"The question is longer than {QUESTION_LIMIT} characters. Shorten it."
    return problems
