"""The rubric that comes with the product, and any other kept in a file of the same form."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation.actions.studies import publish_rubric
from annotation.models import RubricVersion, User
from annotation.rules.refusal import Refused

SHIPPED = settings.DEMO_ROOT / "rubric.json"
"""For clinical latents: anchors, worked examples, sources."""


def publish_from_file(path: Path = SHIPPED, *, by: User | None, now: datetime) -> RubricVersion:
    """The rubric of the file; a version that is there already if it says the same.

    The file is a JSON object with name, guidance and items, and may have sources. Raises Refused for anything else.
    """
    rubric = _read(path)
    if missing := {"name", "guidance", "items"} - set(rubric):
        raise Refused(f"{path} is no rubric: it lacks {' and '.join(sorted(missing))}.")
    if not isinstance(rubric["items"], list):
        raise Refused(f"{path} is no rubric: its items are not a list.")
    return publish_rubric(
        name=str(rubric["name"]),
        guidance=str(rubric["guidance"]),
        sources=str(rubric.get("sources", "")),
        items=rubric["items"],
        by=by,
        now=now,
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(found, dict):
        raise Refused(f"{path} is no rubric: it is no JSON object.")
    return found
