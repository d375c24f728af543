"""Which trials this session has made: handles only, never a text. To any other session they do not exist."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import HttpRequest

from annotation.models import Study
from annotation.rules.refusal import NotYours

KEY = "trials"
KEPT = 8


@dataclass(frozen=True, kw_only=True)
class OwnTrial:
    """A trial as its session remembers it."""

    handle: str
    latent: int | None
    """Whose activation was asked for on every token."""
    made_at: datetime


def remember(request: HttpRequest, study: Study, trial: OwnTrial) -> None:
    """Keep the newest few."""
    kept = dict(request.session.get(KEY, {}))
    kept[trial.handle] = [study.pk, trial.latent, trial.made_at.timestamp()]
    newest = sorted(kept.items(), key=lambda item: item[1][2])[-KEPT:]
    request.session[KEY] = dict(newest)


def recall(request: HttpRequest, study: Study, handle: str) -> OwnTrial:
    """Raises NotYours for a handle that this session did not make in this study."""
    found = request.session.get(KEY, {}).get(handle)
    if found is None or found[0] != study.pk:
        raise NotYours("There is no such trial among yours. Paste the text again.")
    return OwnTrial(handle=handle, latent=found[1], made_at=datetime.fromtimestamp(found[2], tz=UTC))
