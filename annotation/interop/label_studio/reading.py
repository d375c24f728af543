"""Answers in a JSON export of Label Studio, as they stand there: who gave them is known by a key of the file alone."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from annotation.interop.files import check_plain
from annotation.interop.label_studio.controls import OUTCOME, RATER, RATIONALE
from annotation.interop.unreadable import Unreadable

FILE_LIMIT = 256 * 1024 * 1024
"""Bytes: some hundred thousand ratings."""


@dataclass(frozen=True, kw_only=True)
class ForeignAnswer:
    """One annotation."""

    place: str
    """For sentences."""
    latent: int
    identity: str
    annotator: str
    """As the file names her: an id, an e-mail address, or a pseudonym. It is stored nowhere."""
    raw: dict[str, Any]
    """By control: a text, a choice, or a list of choices."""
    at: datetime | None
    rubric_version: int | None
    """That the task says it was made for."""
    released: str
    """sha256 of the manifest of the release from which the answer itself comes; empty for one that was given there."""


@dataclass(kw_only=True)
class Export:
    """A file's answers and what of it was passed over."""

    digest: str
    answers: list[ForeignAnswer]
    tasks: int
    passed: Counter[str] = field(default_factory=Counter)


def read_export(path: Path) -> Export:
    """Raises Unreadable for what is no export, or lacks what tells which latent a task is about."""
    check_plain(path, limit=FILE_LIMIT)
    content = path.read_bytes()
    tasks = _tasks(path.name, content)
    export = Export(digest=hashlib.sha256(content).hexdigest(), answers=[], tasks=len(tasks))
    for number, task in enumerate(tasks, start=1):
        export.answers += _answers(f"{path.name}, task {number}", task, export.passed)
    return export


def _tasks(name: str, content: bytes) -> list[Any]:
    try:
        tasks = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{name}: no JSON, or nested too deeply. Export from Label Studio as JSON.") from error
    if not isinstance(tasks, list):
        raise Unreadable(f"{name}: no list of tasks. Export from Label Studio as JSON, not as JSON-MIN or CSV.")
    return tasks


def _answers(place: str, task: Any, passed: Counter[str]) -> Iterator[ForeignAnswer]:
    data = task.get("data") if isinstance(task, dict) else None
    annotations = task.get("annotations") if isinstance(task, dict) else None
    if not isinstance(data, dict) or not isinstance(annotations, list):
        raise Unreadable(f"{place}: lacks `data` or `annotations`. Export from Label Studio as JSON, not as JSON-MIN.")
    latent, identity = data.get("latent"), data.get("identity")
    if not isinstance(latent, int) or isinstance(latent, bool) or not isinstance(identity, str):
        raise Unreadable(
            f"{place}: its data do not say which latent it is about. Make tasks from a release: they have `latent` "
            "and `identity`."
        )
    version = data.get("rubric_version")
    for number, annotation in enumerate(annotations, start=1):
        where = f"{place}, annotation {number}"
        if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
            raise Unreadable(f"{where}: has no list of results.")
        if annotation.get("was_cancelled"):
            passed["skipped by their annotator"] += 1
            continue
        raw = _raw(where, annotation["result"])
        rater = raw.pop(RATER, "")
        yield ForeignAnswer(
            place=where,
            latent=latent,
            identity=identity,
            annotator=str(rater) or _annotator(where, annotation.get("completed_by")),
            raw=raw,
            at=_moment(annotation.get("created_at")),
            rubric_version=version if isinstance(version, int) else None,
            released=str(data.get("manifest_sha256") or "") if rater else "",
        )


def _raw(place: str, results: list[Any]) -> dict[str, Any]:
    """By control. A control that occurs twice says nothing sure."""
    found: dict[str, Any] = {}
    for result in results:
        value = result.get("value") if isinstance(result, dict) else None
        name = result.get("from_name") if isinstance(result, dict) else None
        if not isinstance(value, dict) or not isinstance(name, str):
            raise Unreadable(f"{place}: a result lacks `from_name` or `value`.")
        if name in found:
            raise Unreadable(f"{place}: answers “{name[:40]}” twice.")
        given = value.get("choices", value.get("text"))
        given = [given] if isinstance(given, str) else given
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
            raise Unreadable(f"{place}: what it says of “{name[:40]}” is neither choices nor text.")
        found[name] = given if len(given) != 1 else given[0]
    if isinstance(found.get(RATIONALE), list):
        found[RATIONALE] = "\n".join(found[RATIONALE])
    found.setdefault(OUTCOME, "answered")
    return found


def _annotator(place: str, completed_by: Any) -> str:
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("id") or completed_by.get("email")
    if completed_by in (None, "", False):
        raise Unreadable(f"{place}: does not say who gave it. Export with annotators (`completed_by`).")
    return str(completed_by)[:254]


def _moment(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo else None
