"""What every page's frame draws, whoever made the page."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from typing import Any

from django.http import HttpRequest

from annotation.models import User
from annotation.rules.device import device_key, device_owner
from annotation.views.no_store import MARK


def frame(request: HttpRequest) -> dict[str, Any]:
    """The software's version, for the footer; whose page it is, for the scripts that keep unsent answers."""
    return {"version": VERSION, "device": lambda: _device(request)}


def _device(request: HttpRequest) -> dict[str, str]:
    """Asked for by the template only, so that answers without a frame need not know who is signed in."""
    user = getattr(request, "user", None)  # None where a request was refused before it was known who asks.
    if not isinstance(user, User):
        return {}
    setattr(request, MARK, True)
    return {"owner": device_owner(user), "key": device_key(user)}


def _version() -> str:
    try:
        return installed_version("consilium")
    except PackageNotFoundError:
        return "source"


VERSION = _version()
