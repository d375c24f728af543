"""Cuts a release: numbered when it is asked for, written aside by the worker, renamed when it is complete."""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Max

from annotation.actions import audit
from annotation.actions.results import compute_results
from annotation.enums import AuditVerb, ReleaseState, Role
from annotation.export.columns import Kind, Table
from annotation.export.files import sha256_of
from annotation.export.folder import archive_name, write_folder
from annotation.export.manifest import MANIFEST
from annotation.export.schema import AnswerColumn, tables
from annotation.export.text import Unwritable
from annotation.models import Rating, Release, Study, User
from annotation.queries.release_facts import release_facts, revisions
from annotation.queries.release_progress import noting
from annotation.queries.release_rows import Cut, RatedItem, chosen, rated_items, rows, snapshot, weighed_items
from annotation.queries.results import freshness
from annotation.queries.sight import onlooker
from annotation.queries.watermarks import OF_RATINGS
from annotation.queue import enqueue
from annotation.rules.blinding import check_study_results
from annotation.rules.membership import check_role, roles_of
from annotation.rules.refusal import Refused

logger = logging.getLogger(__name__)
WRITE_TASK = "annotation.write_release"
TRIES = 3
UNFORESEEN = (
    "The release could not be written because of an error inside Consilium, which its log names. Nothing was released. "
    "Tell whoever runs this installation."
)


class CannotWrite(Exception):
    """The release cannot be written; the message is the sentence that its page shows. Asking for another may help."""


class _Moved(Exception):
    """Ratings came in between the computation of the results and the snapshot."""


@transaction.atomic
def request_release(*, study: Study, by: User, now: datetime) -> Release:
    """The study's next release, sent to the worker. While one is being written, that one.

    Raises Refused for anyone but a researcher who sees results, and for a study without ratings.
    """
    check_role(by, study, Role.RESEARCHER)
    roles = roles_of(by, study)
    check_study_results(roles, may_yet_rate=onlooker(by, roles, study).may_yet_rate)
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    # Calibration alone gives nothing to compute from.
    if not Rating.objects.filter(study=study, latent__calibration_set=None).exists():
        raise Refused("Nobody has rated in this study yet. A release needs at least one rating beside calibration.")
    waiting = Release.objects.filter(study=study, state=ReleaseState.BUILDING).first()
    if waiting:
        return waiting
    number = (study.releases.aggregate(Max("number"))["number__max"] or 0) + 1
    release = Release.objects.create(study=study, number=number, requested_by=by, requested_at=now)
    audit.record(AuditVerb.RELEASE_REQUESTED, release, by=by, now=now, study=study, number=number)
    enqueue(WRITE_TASK, release_id=release.pk)
    return release


def write_release(*, release_id: int, now: datetime) -> None:
    """Write the files and make the release ready, or note why not. Twice, or twice at once, is once."""
    with _alone(release_id) as alone:
        release = Release.objects.select_related("study__rubric__rubric").filter(pk=release_id).first()
        if not alone or release is None or release.state != ReleaseState.BUILDING:
            return
        try:
            _write(release, now)
        except CannotWrite as error:
            _fail(release, str(error), now)
        except Unwritable as error:
            _fail(release, f"{error} Nothing was released. Tell whoever runs this installation.", now)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            _fail(
                release, f"The files could not be written ({reason}). Make room or put it right, then cut again.", now
            )
        except (OperationalError, InterfaceError):
            # The database went away: the release waits, and the sweep sends it again.
            raise
        except Exception:
            logger.exception("Release %s of study %s", release.number, release.study_id)
            _fail(release, UNFORESEEN, now)


@contextmanager
def _alone(release_id: int) -> Iterator[bool]:
    """Whether no other worker is writing this release. The lock ends with the connection: no crash leaves one."""
    key = "SELECT {}(hashtextextended('consilium release', %s))"
    with connection.cursor() as cursor:
        cursor.execute(key.format("pg_try_advisory_lock"), [release_id])
        (alone,) = cursor.fetchone()
    try:
        yield bool(alone)
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute(key.format("pg_advisory_unlock"), [release_id])


def _write(release: Release, now: datetime) -> None:
    place = settings.ARTIFACT_ROOT / "releases" / release.study.slug
    place.mkdir(parents=True, exist_ok=True)
    for left in place.glob(f".{release.number}.*"):
        shutil.rmtree(left)
    aside = Path(tempfile.mkdtemp(prefix=f".{release.number}.", dir=place))
    try:
        manifest = _fill(aside, release, now)
        _publish(aside, place / str(release.number), release, manifest, now)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _fill(aside: Path, release: Release, now: datetime) -> dict[str, Any]:
    for attempt in range(TRIES):
        if attempt > 0 or _stale(release.study):
            # Reads every rating into memory; what was computed already is only streamed.
            compute_results(study_id=release.study_id, now=now)
        try:
            return _fill_from_snapshot(aside, release, now)
        except _Moved:
            continue
    raise CannotWrite("Ratings kept coming in while the results were computed. Cut the release again in a minute.")


def _stale(study: Study) -> bool:
    found = freshness(study)
    return found.run is None or bool(found.changed)


def _fill_from_snapshot(aside: Path, release: Release, now: datetime) -> dict[str, Any]:
    """All tables as they are at one moment. Raises _Moved if the results do not fit the ratings of that moment."""
    with snapshot():
        study = Study.objects.select_related("rubric__rubric", "run__sae__language_model", "run__corpus").get(
            pk=release.study_id
        )
        release.study = study
        fresh = freshness(study)
        run = fresh.run
        if run is None or fresh.changed - OF_RATINGS or revisions(study, run)[1] != run.ratings:
            raise _Moved
        cut = Cut(
            study=study,
            run=run,
            items=tuple(rated_items(study)),
            weighed=tuple(weighed_items(run)),
            chosen=chosen(study),
        )
        out = released_tables(cut)
        streams = ((table, rows(cut, table.name, table.schema)) for table in out)
        return write_folder(
            aside,
            noting(release.pk, streams, tables=len(out)),
            release_facts(release, run),
            simulated=study.simulated,
            cut_at=now,
        )


def released_tables(cut: Cut) -> tuple[Table, ...]:
    """The column dictionary for this study's rubric and what it chose to let leave."""
    return tables([_answer_column(item) for item in cut.items], cut.weighed, cut.chosen)


def _answer_column(item: RatedItem) -> AnswerColumn:
    kind = Kind.LIST if item.is_list else Kind.INTEGER if item.is_number else Kind.TEXT
    return AnswerColumn(item=item.key, kind=kind, question=item.question)


def _publish(aside: Path, final: Path, release: Release, manifest: dict[str, Any], now: datetime) -> None:
    """Rename and make ready. What a crash left between the two is replaced."""
    digests = {
        "manifest": sha256_of(aside / MANIFEST),
        "archive": sha256_of(aside / archive_name(release.study.slug, release.number, simulated=manifest["simulated"])),
    }
    aside.chmod(0o755)
    with transaction.atomic():
        release = (
            Release.objects.select_for_update(of=("self",), no_key=True)
            .select_related("study", "requested_by")
            .get(pk=release.pk)
        )
        if release.state != ReleaseState.BUILDING:
            return
        if final.exists():
            shutil.rmtree(final)
        aside.rename(final)
        release.state, release.cut_at, release.manifest = ReleaseState.READY, now, manifest
        release.folder = str(final.relative_to(settings.ARTIFACT_ROOT))
        release.save(update_fields=["state", "cut_at", "manifest", "folder"])
        audit.record(
            AuditVerb.RELEASE_CUT, release, by=None, now=now, study=release.study, number=release.number, **digests
        )


@transaction.atomic
def _fail(release: Release, why: str, now: datetime) -> None:
    logger.warning("Release %s of study %s failed: %s", release.number, release.study_id, why)
    Release.objects.filter(pk=release.pk, state=ReleaseState.BUILDING).update(state=ReleaseState.FAILED, failure=why)
    audit.record(AuditVerb.RELEASE_FAILED, release, by=None, now=now, study=release.study, number=release.number)


def note_download(*, release: Release, name: str, by: User, now: datetime) -> None:
    """Who took which file away."""
    audit.record(
        AuditVerb.RELEASE_DOWNLOADED, release, by=by, now=now, study=release.study, number=release.number, file=name
    )
