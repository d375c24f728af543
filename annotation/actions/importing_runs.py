"""A mining run made from another tool's files: it leaves the artifact that a worker would have left, and is taken in
by the same action. What a worker checks and this cannot is said in words."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from annotation import gateway
from annotation.actions import audit
from annotation.actions.corpora import corpus_digest, store_corpus
from annotation.actions.taking_in import note_run_ended
from annotation.enums import AuditVerb, Role, RunState
from annotation.interop.choosing import Wish, reserve
from annotation.interop.corpora.record import DocumentRecord
from annotation.interop.reading import Facts, Reading
from annotation.interop.unreadable import Unreadable
from annotation.models import (
    Corpus,
    ImportedExplanation,
    LanguageModel,
    Latent,
    Membership,
    MiningRun,
    RunImport,
    Sae,
    User,
)
from annotation.rules.refusal import Refused

TOOLS = {"neuronpedia": "Neuronpedia", "saedashboard": "SAEDashboard", "delphi": "delphi"}
NOT_GATED = (
    "The gate was not run: this run was imported from {tool}, and neither the model nor the SAE is here to reconstruct "
    "this text with."
)
NO_LENS = "Output tokens as {tool} wrote them; not read here."
UNKNOWN = "not said"
BATCH = 2_000


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What an import would bring."""

    facts: Facts
    latents: int
    alive: int
    eligible: int
    """Latents that fire in enough documents and are not too dense, by a new study's settings."""
    snippets: int
    without_foils: int
    """Latents that fire, and in whose files no silent passage is known that could be shown."""
    documents: int
    explanations: int
    files: int


def look_over(*, read: Callable[[], Reading], wish: Wish, minimum_documents: int, maximum_density: float) -> Survey:
    """Read and check everything, and store nothing. Raises Refused like the import itself."""
    with _refused():
        reading = read()
        latents = alive = eligible = snippets = bare = 0
        for row, found in reading.mined(wish):
            latents += 1
            alive += row["firings"] > 0
            eligible += row["documents"] >= minimum_documents and 0 < row["density"] <= maximum_density
            snippets += len(found)
            bare += bool(found) and not any(one["kind"].startswith("foil") for one in found)
    return Survey(
        facts=reading.facts,
        latents=latents,
        alive=alive,
        eligible=eligible,
        snippets=snippets,
        without_foils=bare,
        documents=len(reading.documents),
        explanations=len(reading.explanations),
        files=len(reading.files),
    )


def import_run(
    *,
    read: Callable[[], Reading],
    source: str,
    by: User | None,
    now: datetime,
    wish: Wish = Wish(),  # noqa: B008  frozen
    corpus_name: str = "",
    sae_name: str = "",
    model_name: str = "",
) -> MiningRun:
    """Read the files and take them in as a finished mining run; the same files and wish again return the run that is
    there. `source`: where they come from and who may use them, in words. Names that are left out are the files'.

    Raises Refused with the first thing that is wrong; then nothing of it stays, neither rows nor files.
    """
    _check_may(by)
    if not source.strip():
        raise Refused("Say where the files come from and who may use them: the text in them comes with them.")
    began = time.monotonic()
    with _refused():
        reading = read()
        facts = reading.facts
        records = [_document(key, text) for key, text in reading.documents]
        if not records or not facts.width:
            raise Refused("The files hold no latent with text. There is nothing to import.")
        request = _request(reading, wish, corpus_digest(records))
        names = _Names(model_name or facts.model, sae_name or f"{facts.model} {facts.sae}", corpus_name)
        with transaction.atomic():
            _wait_for_others(request)
            found = MiningRun.objects.filter(digest=request.digest).first()
            if found is not None:
                return found
            with _nothing_left_behind(request):
                return _store(reading, records, request, names, source=source, by=by, now=now, wish=wish, began=began)


@dataclass(frozen=True)
class _Names:
    model: str
    sae: str
    corpus: str

    def corpus_of(self, tool: str) -> str:
        return (self.corpus or f"{self.sae}, text from {TOOLS[tool]}")[:120]


def _store(
    reading: Reading,
    records: list[DocumentRecord],
    request: gateway.ImportRequest,
    names: _Names,
    *,
    source: str,
    by: User | None,
    now: datetime,
    wish: Wish,
    began: float,
) -> MiningRun:
    facts = reading.facts
    corpus = store_corpus(name=names.corpus_of(facts.tool), source=source, records=records, by=by, now=now)
    sae = _sae(names, facts, by=by, now=now)
    run = MiningRun.objects.create(
        sae=sae, corpus=corpus, request=request.to_dict(), digest=request.digest, requested_at=now, sent_at=now
    )
    RunImport.objects.create(
        run=run,
        tool=facts.tool,
        source=source,
        files=reading.files,
        notes=list(facts.notes),
        imported_by=by,
        imported_at=now,
    )
    audit.record(AuditVerb.RUN_IMPORTED, run, by=by, now=now, digest=run.digest, tool=facts.tool, files=reading.files)
    reserved = int(reserve([key for key, _ in reading.documents], wish).sum())
    gateway.write_run(
        settings.ARTIFACT_ROOT,
        run.digest,
        reading.mined(wish),
        lambda files: _manifest(request, facts, corpus, files, reserved=reserved, seconds=time.monotonic() - began),
    )
    if note_run_ended(digest=run.digest, now=now) is None:
        raise Refused("The run was written and cannot be read again. Check the disk of the artifact root.")
    run.refresh_from_db()
    if run.state != RunState.FINISHED:
        raise Refused(run.failure)
    _store_explanations(run, reading)
    return run


def _wait_for_others(request: gateway.ImportRequest) -> None:
    """One import of this text at a time: a second one finds what the first has stored, and takes back no file of it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('consilium import ' || %s, 0))", [request.corpus_digest]
        )


def _check_may(by: User | None) -> None:
    """As for mining: on the command line, or for a researcher of any study."""
    if by is None or by.is_superuser:
        return
    researches = Membership.objects.filter(user=by, role=Role.RESEARCHER, withdrawn_at=None, user__is_active=True)
    if not researches.exists():
        raise Refused("Mining runs are imported by researchers. Ask the researcher of your study to do it.")


def _request(reading: Reading, wish: Wish, corpus: str) -> gateway.ImportRequest:
    facts = reading.facts
    return gateway.ImportRequest(
        tool=facts.tool,
        model=facts.model,
        sae=facts.sae,
        corpus_digest=corpus,
        files=reading.files,
        notes=list(facts.notes),
        **asdict(wish),
    )


def _document(key: str, text: str) -> DocumentRecord:
    return DocumentRecord(key=key, text=text, specialty="", note_type="")


def _sae(names: _Names, facts: Facts, *, by: User | None, now: datetime) -> Sae:
    """The SAE of this name, new or from an earlier import; it has no folder. Raises Refused where one with weights, or
    of another model or width, has the name."""
    for what, name in (("model", names.model), ("SAE", names.sae)):
        if not name or len(name) > 120:
            raise Refused(f"The name of the {what} has {len(name)} characters; give one of 1 to 120.")
    sae = Sae.objects.select_for_update(no_key=True).filter(name=names.sae).first()
    if sae is None:
        model, _ = LanguageModel.objects.get_or_create(name=names.model)
        sae = Sae.objects.create(name=names.sae, language_model=model, folder="", width=facts.width)
        audit.record(AuditVerb.MODEL_REGISTERED, sae, by=by, now=now, width=sae.width, imported=True)
        return sae
    if sae.folder or sae.language_model.name != names.model or sae.width != facts.width:
        raise Refused(
            f"There is an SAE “{names.sae}” with weights here, or of another model or width, and the files do not say "
            "that it is the same. Give this one another name."
        )
    return sae


def _manifest(
    request: gateway.ImportRequest,
    facts: Facts,
    corpus: Corpus,
    files: dict[str, str],
    *,
    reserved: int,
    seconds: float,
) -> gateway.Manifest:
    """What a worker would say, with “not said” where only the weights could tell."""
    tool = TOOLS[facts.tool]
    return gateway.Manifest(
        request=request.to_dict(),
        model_name=facts.model,
        model_revision="",
        hook_point=facts.hook_point or UNKNOWN,
        output_hook_point=facts.hook_point or UNKNOWN,
        sae_digest="",
        sae_format=facts.tool,
        sae_architecture=UNKNOWN,
        sae_width=facts.width,
        unit=facts.unit,
        dtype=UNKNOWN,
        documents=corpus.document_count,
        reserved_documents=reserved,
        duplicate_documents=0,
        tokens=facts.tokens or facts.window_tokens,
        dropped_tokens={},
        histogram_edges=facts.edges,
        drawn_tokens=facts.window_tokens,
        specialties={},
        sections={},
        positions=facts.positions,
        lens=NO_LENS.format(tool=tool) if facts.tool != "delphi" else "",
        gate={"note": NOT_GATED.format(tool=tool)},
        files=files,
        software={"imported from": tool},
        seconds=seconds,
    )


def _store_explanations(run: MiningRun, reading: Reading) -> None:
    if not reading.explanations:
        return
    latents = dict(Latent.objects.filter(run=run).values_list("index", "pk"))
    ImportedExplanation.objects.bulk_create(
        (
            ImportedExplanation(
                latent_id=latents[one.latent],
                text=one.text,
                author=one.author,
                method=one.method,
                model=one.model,
                created=one.created,
            )
            for one in reading.explanations
        ),
        batch_size=BATCH,
    )


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except Unreadable as error:
        raise Refused(str(error)) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Refused(
            f"The import stopped, because a file could not be read or written ({reason}). Nothing of it stays."
        ) from error


@contextmanager
def _nothing_left_behind(request: gateway.ImportRequest) -> Iterator[None]:
    """Takes back the files of an import that fails; the database takes back its rows."""
    root = settings.ARTIFACT_ROOT
    had_text = gateway.documents_are_there(root, request.corpus_digest)
    try:
        yield
    except BaseException:
        gateway.forget_run(root, request.digest)
        if not had_text:
            gateway.forget_documents(root, request.corpus_digest)
        raise
