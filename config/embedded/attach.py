"""Let `manage.py` in another terminal join the site that `make run` keeps up."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from config.embedded.place import Place, is_held
from config.embedded.secret_files import write_private


@dataclass(frozen=True)
class Running:
    """The supervisor that is up: its process, its address, the variables that it gives its children."""

    pid: int
    address: str
    environment: dict[str, str]


def publish(place: Place, running: Running) -> None:
    write_private(place.state, json.dumps(asdict(running), indent=1))


def running(place: Place) -> Running | None:
    """The live supervisor of this `var/`, or None."""
    if not is_held(place.lock) or not place.state.exists():
        return None
    return Running(**json.loads(place.state.read_text()))


def additions(environ: Mapping[str, str], place: Place) -> dict[str, str]:
    """The variables to add; none where the caller names servers of its own or nothing runs here."""
    if environ.get("DATABASE_URL") or environ.get("REDIS_URL"):
        return {}
    live = running(place)
    return {} if live is None else {name: value for name, value in live.environment.items() if name not in environ}


def attach() -> None:
    """Add the live supervisor's variables to this process's environment; nothing that is set is changed."""
    os.environ.update(additions(os.environ, Place()))
