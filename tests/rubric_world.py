"""Rubric versions for the tests, made through the product's own actions."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from annotation.actions.adopting import adopt
from annotation.actions.rubrics import publish, save_draft, start_draft
from annotation.models import RubricVersion, Study, User
from annotation.queries.asking_again import Ask
from annotation.rules.described_rubric import DescribedRubric, complete_items, described
from tests.world import NOW

Edit = Callable[[DescribedRubric], DescribedRubric]
NONE, TOUCHED = Ask(what="none"), Ask(what="touched")


def edited(study: Study, by: User, edit: Edit) -> RubricVersion:
    """The study's draft after the edit."""
    draft = start_draft(study=study, by=by, now=NOW)
    before = described(draft)
    return save_draft(version=draft, content=edit(before), seen=before.edition, by=by, now=NOW)


def published(study: Study, by: User, edit: Edit) -> RubricVersion:
    draft = edited(study, by, edit)
    return publish(version=draft, seen=described(draft).edition, by=by, now=NOW)


def adopted(study: Study, by: User, edit: Edit, *, ask: Ask = NONE) -> RubricVersion:
    """A new version in force; `study` then has it."""
    version = published(study, by, edit)
    adopt(study=study, version=version, ask=ask, by=by, now=NOW)
    study.refresh_from_db()
    return version


def added(content: DescribedRubric, item: dict[str, Any], *, at: int | None = None) -> DescribedRubric:
    items = list(content.items)
    items.insert(at if at is not None else len(items), *complete_items([item]))
    return replace(content, items=tuple(items))


def removed(content: DescribedRubric, key: str) -> DescribedRubric:
    return replace(content, items=tuple(item for item in content.items if item["key"] != key))


def changed(content: DescribedRubric, key: str, **changes: Any) -> DescribedRubric:
    return replace(content, items=tuple({**item, **changes} if item["key"] == key else item for item in content.items))


def options(content: DescribedRubric, key: str) -> list[dict[str, Any]]:
    """A copy of the item's options, to be changed."""
    (item,) = (item for item in content.items if item["key"] == key)
    return [dict(option) for option in item["options"]]
