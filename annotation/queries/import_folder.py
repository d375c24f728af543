"""What the installation offers a study to import: entries of one folder, of the study's own name, and nothing else.

A name that comes from a form is compared with the entries that are there: it is never made into a path, so that it
leads nowhere else.
"""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from annotation.models import Study
from annotation.rules.refusal import Refused

MOST = 500
"""Entries that are listed."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    name: str
    is_folder: bool
    bytes: int
    """Of a file; 0 for a folder."""


def folder_of(study: Study) -> Path | None:
    """None where the installation has no such folder: links count as none."""
    if settings.IMPORT_ROOT is None:
        return None
    folder = settings.IMPORT_ROOT / study.slug
    return folder if folder.is_dir() and not folder.is_symlink() else None


def offers(study: Study) -> tuple[Offer, ...]:
    """By name. Hidden entries, links and special files are not among them."""
    folder = folder_of(study)
    if folder is None:
        return ()
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".") and not entry.is_symlink()]
    plain = sorted((entry for entry in entries if entry.is_file() or entry.is_dir()), key=lambda entry: entry.name)
    return tuple(
        Offer(name=entry.name, is_folder=entry.is_dir(), bytes=0 if entry.is_dir() else entry.stat().st_size)
        for entry in plain[:MOST]
    )


def offered_path(study: Study, name: str) -> Path:
    """Raises Refused where nothing of this name is offered."""
    folder = folder_of(study)
    if folder is None or name not in {offer.name for offer in offers(study)}:
        raise Refused("There is no such file in the study's import folder. Choose one of those on the page.")
    return folder / name
