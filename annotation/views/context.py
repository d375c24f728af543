"""What every page's frame draws, whoever made the page."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version

from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, str]:
    """The software's version, for the footer."""
    return {"version": VERSION}


def _version() -> str:
    try:
        return installed_version("consilium")
    except PackageNotFoundError:
        return "source"


VERSION = _version()
