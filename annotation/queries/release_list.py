"""A study's releases as their page shows them, and which of their files may be fetched."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count, Q

from annotation.enums import CaseState, RaterAttribute, ReleaseState
from annotation.models import Case, Membership, Rating, Release, Study
from annotation.queries.release_progress import ReleaseProgress, release_progress
from annotation.queries.release_raters import anonymity_facts
from annotation.queries.text_leaving import TextLeaving, text_leaving
from annotation.queries.withheld import withheld

FORMATS = {"csv": "CSV", "jsonl": "JSON Lines", "parquet": "Parquet"}
ABOUT = ("manifest.json", "README.md", "README.txt", "SHA256SUMS")
"""Releases of earlier versions have no README.md, the data card."""


@dataclass(frozen=True, kw_only=True)
class ReleaseFile:
    name: str
    format: str
    bytes: int
    sha256: str
    """Hex; empty for the list of checksums itself."""


@dataclass(frozen=True, kw_only=True)
class ReleaseTable:
    name: str
    rows: int
    one_row_is: str
    files: tuple[ReleaseFile, ...]


@dataclass(frozen=True, kw_only=True)
class ReleaseCard:
    release: Release
    by: str
    """Pseudonym of who asked for it."""
    tables: tuple[ReleaseTable, ...] = ()
    about: tuple[ReleaseFile, ...] = ()
    archive: ReleaseFile | None = None
    """All files in one zip. None while it is being written, and if the folder is gone from the artifact root."""
    progress: ReleaseProgress | None = None
    """While it is being written, once the first table is begun."""

    @property
    def number(self) -> int:
        return self.release.number

    @property
    def building(self) -> bool:
        return self.release.state == ReleaseState.BUILDING

    @property
    def ready(self) -> bool:
        return self.release.state == ReleaseState.READY

    @property
    def file_count(self) -> int:
        return sum(len(table.files) for table in self.tables) + len(self.about)


@dataclass(frozen=True, kw_only=True)
class NextRelease:
    """What a release cut now would be."""

    number: int
    ratings: int
    raters: int
    latents: int
    """Latents with a rating."""
    decisions: int
    building: bool
    to_compute_from: int
    """Ratings beside those of calibration, from which alone nothing is computed."""
    text: TextLeaving
    anonymity: Mapping[str, Any]
    """Who shares all that it says of her with too few others to be hidden among them (release_raters)."""
    releases_raters: bool

    @property
    def name(self) -> str:
        return str(self.number)

    @property
    def attributes(self) -> str:
        """What it says of people: `role, institution and specialty`."""
        *others, last = self.anonymity["attributes"]
        return f"{', '.join(others)} and {last}"

    @property
    def without(self) -> tuple[tuple[str, str, int], ...]:
        """Attributes that may be left out: value, name, and how many would still stand in a small group."""
        left = self.anonymity["alone_without"]
        return tuple((name, RaterAttribute(name).label, alone) for name, alone in left.items())


def next_release(study: Study) -> NextRelease:
    """Seven statements."""
    ratings = Rating.objects.filter(~withheld(), study=study).aggregate(
        ratings=Count("pk"),
        raters=Count("rater", distinct=True),
        latents=Count("latent", distinct=True),
        to_compute_from=Count("pk", filter=Q(latent__calibration_set=None)),
    )
    numbers = dict(study.releases.values_list("number", "state"))
    return NextRelease(
        number=max(numbers, default=0) + 1,
        decisions=Case.objects.filter(study=study, state=CaseState.DECIDED).count(),
        building=ReleaseState.BUILDING in numbers.values(),
        text=text_leaving(study),
        anonymity=anonymity_facts(study),
        releases_raters=study.release_raters,
        **ratings,
    )


def release_cards(releases: Iterable[Release]) -> tuple[ReleaseCard, ...]:
    """Cards in the order given; file sizes and digests come from each release's own folder."""
    return tuple(release_card(release) for release in releases)


def release_card(release: Release) -> ReleaseCard:
    asked = Membership.objects.filter(study=release.study_id, user=release.requested_by_id, role="researcher")
    by = asked.values_list("pseudonym", flat=True).first() or "–"
    if release.state != ReleaseState.READY:
        building = release.state == ReleaseState.BUILDING
        return ReleaseCard(release=release, by=by, progress=release_progress(release.pk) if building else None)
    manifest: Mapping[str, Any] = release.manifest or {}
    # Postgres keeps the order of a list, not of an object's keys.
    names = dict.fromkeys(file["table"] for file in manifest["files"])
    tables = tuple(_table(name, manifest["tables"][name], manifest["files"]) for name in names)
    about, archive = _beside(_folder(release))
    return ReleaseCard(release=release, by=by, tables=tables, about=about, archive=archive)


def digest_of(release: Release, name: str) -> str:
    """sha256 of one of its files, in hex: as listed, or read where it is the list itself."""
    listed = {file["name"]: file["sha256"] for file in (release.manifest or {})["files"]}
    about, archive = _beside(_folder(release))
    listed |= {file.name: file.sha256 for file in (*about, *((archive,) if archive else ()))}
    if listed.get(name):
        return str(listed[name])
    with (_folder(release) / name).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def path_of(release: Release, name: str) -> Path | None:
    """Where the release's file of this name lies; None for every name that is not one of its files."""
    if release.state != ReleaseState.READY:
        return None
    card = release_card(release)
    files = [file for table in card.tables for file in table.files] + list(card.about)
    if card.archive:
        files.append(card.archive)
    if name not in {file.name for file in files}:
        return None
    path = _folder(release) / name
    return path if path.is_file() else None


def _folder(release: Release) -> Path:
    return Path(settings.ARTIFACT_ROOT) / release.folder


def _table(name: str, table: Mapping[str, Any], files: Iterable[Mapping[str, Any]]) -> ReleaseTable:
    own = tuple(
        ReleaseFile(name=f["name"], format=FORMATS[f["format"]], bytes=f["bytes"], sha256=f["sha256"])
        for f in files
        if f["table"] == name
    )
    return ReleaseTable(name=name, rows=table["rows"], one_row_is=table["one_row_is"], files=own)


def _beside(folder: Path) -> tuple[tuple[ReleaseFile, ...], ReleaseFile | None]:
    """Manifest, README and checksums, then the zip, with what the folder itself says of them."""
    if not folder.is_dir():
        return (), None
    listed = _digests(folder / "SHA256SUMS")
    about = tuple(
        _file(folder / name, "JSON" if name.endswith(".json") else "Text", listed.get(name, ""))
        for name in ABOUT
        if (folder / name).is_file()
    )
    found = next(folder.glob("*.zip"), None)
    archive = _file(found, "Zip", _digests(folder / f"{found.name}.sha256").get(found.name, "")) if found else None
    return about, archive


def _file(path: Path, format_: str, sha256: str) -> ReleaseFile:
    return ReleaseFile(name=path.name, format=format_, bytes=path.stat().st_size, sha256=sha256)


def _digests(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
