"""Text comes in by steps: files are looked at and columns proposed; all of it is read and waits; it becomes a corpus.

What was read waits in the database, batch by batch, so that a killed import goes on where it was; it becomes documents
in one transaction, whole or not at all. Reading is the dry run: what is imported is what was read, not the files again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from annotation.actions import audit
from annotation.actions.alone import alone
from annotation.actions.reading_text import Changed, read_on
from annotation.actions.storing_text import store
from annotation.enums import AuditVerb, CorpusImportState
from annotation.interop.corpora.columns import Field, check_columns, propose
from annotation.interop.corpora.documents import columns_of
from annotation.interop.corpora.encodings import LEGACY
from annotation.interop.corpora.sources import find_sources
from annotation.interop.unreadable import Unreadable
from annotation.models import CorpusImport, Study, User
from annotation.queue import enqueue
from annotation.rules.importing_text import OPEN, UNDER_WAY, check_import_state, check_may_import
from annotation.rules.refusal import Refused

TASK = "annotation.work_on_corpus_import"
SLICE_SECONDS = 120.0
"""Of reading, before a worker takes up what else waits. What was laid down is passed over when it goes on."""
Clock = Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What whoever imports says before anything is read."""

    name: str
    source: str
    mapping: Mapping[Field, str]
    """Field to column; a field without one is left out."""
    legacy: str = ""
    hide_patients: bool = False


def propose_import(
    *, paths: Iterable[Path], study: Study | None, by: User | None, now: datetime, legacy: str = ""
) -> CorpusImport:
    """Look at the files' beginnings and propose which column is which. Raises Refused for files that cannot be read."""
    check_may_import(by, study)
    places = [path.absolute() for path in paths]
    with _in_a_sentence():
        sources = find_sources(places)
        columns = columns_of(sources, legacy=_known_legacy(legacy))
    return CorpusImport.objects.create(
        study=study,
        asked_by=by,
        paths=[str(place) for place in places],
        format=sources.format,
        columns=columns,
        mapping=propose(columns),
        legacy=legacy,
        created_at=now,
        touched_at=now,
    )


@transaction.atomic
def begin_reading(
    *, wished: CorpusImport, wish: Wish, by: User | None, now: datetime, here: bool = False
) -> CorpusImport:
    """Say which column is which, and have all of it read. Raises Refused where something is missing.

    here: whoever calls works on it herself.
    """
    check_may_import(by, wished.study)
    wished = CorpusImport.objects.select_for_update(no_key=True, of=("self",)).get(pk=wished.pk)
    check_import_state(wished, [CorpusImportState.PROPOSED])
    wished.name, wished.source = wish.name.strip(), wish.source.strip()
    if not 0 < len(wished.name) <= 120:
        raise Refused("Give the corpus a name of at most 120 characters.")
    if not wished.source:
        raise Refused("Say in words where the text comes from and who may use it.")
    mapping = {str(field): column for field, column in wish.mapping.items() if column}
    with _in_a_sentence():
        check_columns({Field(field): column for field, column in mapping.items()}, wished.columns)
    wished.mapping, wished.legacy, wished.hide_patients = mapping, _known_legacy(wish.legacy), wish.hide_patients
    wished.state, wished.touched_at = CorpusImportState.CHECKING, now
    wished.save()
    if not here:
        enqueue(TASK, import_id=wished.pk)
    return wished


def work_on(*, import_id: int, clock: Clock, seconds: float | None = None) -> None:
    """Read on, or store, as the import wants; twice, or twice at once, is once. What is wrong with the files is kept.

    seconds: of reading, after which the rest is left to the next task; None for all of it.
    """
    with alone("consilium corpus import", import_id) as free:
        wished = CorpusImport.objects.filter(pk=import_id, state__in=UNDER_WAY).first()
        if not free or wished is None:
            return
        try:
            if wished.state == CorpusImportState.STORING:
                store(wished, now=clock())
            elif not read_on(wished, clock=clock, until=_deadline(clock, seconds)):
                enqueue(TASK, import_id=import_id, priority=5)
        except (Refused, Unreadable, Changed) as error:
            _refuse(wished, str(error), clock())


@transaction.atomic
def begin_storing(
    *,
    wished: CorpusImport,
    leave_out: bool,
    drop_duplicates: bool,
    by: User | None,
    now: datetime,
    here: bool = False,
) -> CorpusImport:
    """Have what was read become a corpus. Raises Refused where documents lack a text and nobody said to leave them out.

    here: whoever calls works on it herself.
    """
    check_may_import(by, wished.study)
    wished = CorpusImport.objects.select_for_update(no_key=True, of=("self",)).get(pk=wished.pk)
    check_import_state(wished, [CorpusImportState.CHECKED])
    report = wished.report or {}
    lacking = sum(one["documents"] for one in report["left_out"])
    if lacking and not leave_out:
        more = f" It is the first of {lacking:,} that cannot be taken." if lacking > 1 else ""
        raise Refused(
            f"{report['left_out'][0]['first']}{more} Mend the files, or say that such documents are to be left out "
            "(--leave-out)."
        )
    if not report["documents"]:
        raise Refused("The corpus holds no document: none of those read has a text.")
    wished.leave_out, wished.drop_duplicates = leave_out, drop_duplicates
    wished.state, wished.touched_at = CorpusImportState.STORING, now
    wished.save()
    if not here:
        enqueue(TASK, import_id=wished.pk)
    return wished


@transaction.atomic
def discard_import(*, wished: CorpusImport, by: User | None, now: datetime) -> CorpusImport:
    """Forget what was read. Raises Refused once it is a corpus."""
    check_may_import(by, wished.study)
    wished = CorpusImport.objects.select_for_update(no_key=True, of=("self",)).get(pk=wished.pk)
    check_import_state(wished, OPEN)
    wished.staged.all().delete()
    wished.state, wished.touched_at = CorpusImportState.DISCARDED, now
    wished.save()
    audit.record(AuditVerb.CORPUS_DISCARDED, wished, by=by, now=now, study=wished.study_id)
    return wished


@transaction.atomic
def _refuse(wished: CorpusImport, why: str, now: datetime) -> None:
    wished.staged.all().delete()
    wished.state, wished.failure, wished.touched_at = CorpusImportState.REFUSED, why, now
    wished.save(update_fields=["state", "failure", "touched_at"])


def _deadline(clock: Clock, seconds: float | None) -> datetime | None:
    return None if seconds is None else clock() + timedelta(seconds=seconds)


def _known_legacy(legacy: str) -> str:
    if legacy and legacy not in LEGACY:
        raise Refused(f"“{legacy}” is no encoding that files may have here: UTF-8, UTF-16, {' or '.join(LEGACY)}.")
    return legacy


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    try:
        yield
    except Unreadable as error:
        raise Refused(str(error)) from error
