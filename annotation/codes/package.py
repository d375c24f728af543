"""Where a package lies and which version it is, without importing it: both are large once imported."""

from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path


def installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def folder_of(name: str, inside: str) -> Path | None:
    """A folder of an installed package; None where the package or the folder is missing."""
    found = installed(name)
    folder = Path(str(found.locate_file(inside))) if found else None
    return folder if folder and folder.is_dir() else None
