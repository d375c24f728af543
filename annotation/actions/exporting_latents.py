"""A release written for another tool. Everything said of latents comes from the release's own files: what may leave was
decided when it was cut, and text of the corpus is among it only where the release holds it."""

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import transaction

from annotation.actions import audit
from annotation.enums import AuditVerb, ReleaseState, Role
from annotation.export.files import sha256_of
from annotation.export.manifest import MANIFEST, UnreadableManifest, read_manifest
from annotation.interop.delphi.writing import hook_point_for_delphi, write_explanations
from annotation.interop.label_studio.writing import write_tasks
from annotation.interop.layer_of import layer_of
from annotation.interop.neuronpedia.writing import BOTH, Target, write_source
from annotation.interop.released import Released, slug
from annotation.interop.unreadable import Unreadable
from annotation.models import MiningRun, Release, User
from annotation.queries.exported_features import exported_features
from annotation.queries.shown_snippet_ids import shown_snippet_ids
from annotation.queries.sight import onlooker
from annotation.rules.blinding import check_study_results
from annotation.rules.membership import check_role, roles_of
from annotation.rules.refusal import Refused

NEURONPEDIA, DELPHI, LABEL_STUDIO = "neuronpedia", "delphi", "label-studio"
TOOLS = {NEURONPEDIA: "Neuronpedia", DELPHI: "delphi", LABEL_STUDIO: "Label Studio"}
README = "README.txt"
MOST_ON_A_PAGE = 100_000
"""Ratings of a release that a web process writes while somebody waits: some seconds."""
ABOUT = {
    NEURONPEDIA: (
        "Neuronpedia's bulk layout: features without activations, and explanations. Before they are imported there, "
        "a user “{user}” must exist, who becomes their author. `notes` of an explanation holds the whole "
        "distribution, or one rater's answers, as JSON."
    ),
    DELPHI: (
        "Explanation files for delphi. Copy the folder `explanations` of one point of view into results/<name>/ of a "
        "run whose cache has the hook point {hook_point}, and run delphi with `--explainer none`, limited to the "
        "latents that have a file."
    ),
    LABEL_STUDIO: (
        "Tasks for Label Studio, one a latent, with every rater's answer as an annotation. Make a project whose "
        "labeling config is config.xml, then import tasks.json. Raters are the control `rater`, not its users."
    ),
}


@dataclass(frozen=True, kw_only=True)
class Names:
    """What things are called over there; what is left empty is derived from the run."""

    model: str = ""
    source: str = ""
    user: str = "consilium"
    hook_point: str = ""


@transaction.atomic
def export_latents(
    *,
    release: Release,
    tool: str,
    folder: Path,
    by: User | None,
    now: datetime,
    names: Names = Names(),
    which: str = BOTH,
) -> dict[str, int]:
    """Write the release for the tool into a new folder, whole or not at all; returns what was written, by kind.

    Raises Refused for anyone but a researcher who sees results, where the release is not ready or its files are gone,
    and where there is something in the folder already.
    """
    _check_may(release, by)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} is there already and not empty. Name a new folder.")
    with _aside(folder) as aside:
        written = _write(aside, release, tool, names, which)
    audit.record(
        AuditVerb.LATENTS_EXPORTED,
        release,
        by=by,
        now=now,
        study=release.study_id,
        number=release.number,
        tool=tool,
        written=written,
    )
    return written


def export_latents_as_zip(
    *,
    release: Release,
    tool: str,
    into: IO[bytes],
    by: User,
    now: datetime,
    names: Names = Names(),
) -> str:
    """The same as one zip, for the page; returns its name."""
    name = f"{release.study.slug}-release-{release.number}-{tool}"
    rows = ((release.manifest or {}).get("tables", {}).get("ratings") or {}).get("rows", 0)
    if rows > MOST_ON_A_PAGE:
        raise Refused(
            f"This release has {rows:,} ratings: writing them for {TOOLS.get(tool, tool)} takes longer than a page "
            "may. Ask whoever runs this installation for `manage.py export_latents`."
        )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / name
        export_latents(release=release, tool=tool, folder=folder, by=by, now=now, names=names)
        with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                archive.write(path, path.relative_to(folder.parent))
    return f"{name}.zip"


def _check_may(release: Release, by: User | None) -> None:
    study = release.study
    if by is not None:
        check_role(by, study, Role.RESEARCHER)
        roles = roles_of(by, study)
        check_study_results(roles, may_yet_rate=onlooker(by, roles, study).may_yet_rate)
    if release.state != ReleaseState.READY:
        raise Refused(
            f"Release {release.number} is {release.get_state_display().lower()}. Only a ready one is exported."
        )
    if study.run is None:
        raise Refused("The study has no mining run, so that there are no latents to name.")


def _write(folder: Path, release: Release, tool: str, names: Names, which: str) -> dict[str, int]:
    run = release.study.run
    assert run is not None  # _check_may stands in front.
    place = settings.ARTIFACT_ROOT / release.folder
    try:
        released = Released(place, read_manifest(place), sha256_of(place / MANIFEST))
        target = _target(run, names)
        hook_point = names.hook_point or hook_point_for_delphi(_hook(run))
        if tool == NEURONPEDIA:
            written = write_source(folder, released, exported_features(release.study), target, which=which)
        elif tool == DELPHI:
            written = write_explanations(folder, released, hook_point)
        elif tool == LABEL_STUDIO:
            written = write_tasks(folder, released, shown_snippet_ids(release.study))
        else:
            raise Refused(f"There is no export for “{tool}”; there are {' and '.join(TOOLS)}.")
    except (Unreadable, UnreadableManifest) as error:
        raise Refused(str(error)) from error
    except FileNotFoundError as error:
        raise Refused(
            "The files of this release are no longer where they were written. Restore them from a backup."
        ) from error
    about = ABOUT[tool].format(user=target.user, hook_point=hook_point)
    (folder / README).write_text(_readme(released, about), encoding="utf-8")
    return written


def _target(run: MiningRun, names: Names) -> Target:
    """Back to where an imported run came from; else names made of this run's."""
    imported = run.request if hasattr(run, "imported") and run.imported.tool != DELPHI else {}
    hook_point = _hook(run)
    return Target(
        model=slug(names.model or imported.get("model") or run.sae.language_model.name),
        source=slug(names.source or imported.get("sae") or f"{layer_of(hook_point)}-{run.sae.name}"),
        user=names.user,
        hook_name=names.hook_point or hook_point,
    )


def _hook(run: MiningRun) -> str:
    return str((run.manifest or {}).get("hook_point") or run.sae.hook_point)


def _readme(released: Released, about: str) -> str:
    label = released.label
    simulated = "SIMULATED: no person rated; a program gave these answers.\n\n" if released.simulated else ""
    return (
        f"{simulated}{about}\n\n"
        f"Made from release {label['release']} of the study “{label['study']}”, cut {label['cut_at']}, whose manifest "
        f"has the SHA-256 {label['manifest_sha256']}. Raters are named by the pseudonyms of that release. No text of "
        "the corpus is among these files; rationales are in the raters' own words.\n"
    )


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """A folder beside, which takes its name when all of it has been written."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise Refused(f"{folder} cannot be written ({error.strerror}). Name another place.") from error
    try:
        yield aside
        aside.chmod(0o755)
        aside.replace(folder)
    except OSError as error:
        raise Refused(f"{folder} could not be written ({error.strerror}). Nothing of it stays.") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
