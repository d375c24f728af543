"""Try a text: it goes out encrypted under a random handle, and what fires on it comes back the same way.

The text is nowhere else: not in the database, an address, a log, a session or a task's arguments.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from annotation import gateway
from annotation.actions import audit
from annotation.enums import AuditVerb, Role, RunState
from annotation.models import MiningRun, Study, User
from annotation.queries.sight import onlooker
from annotation.queue import enqueue
from annotation.rules.membership import check_role, roles_of
from annotation.rules.refusal import Refused
from annotation.rules.states import check_run_finished

LONGEST = 20_000
"""Characters of a text."""
SECONDS = gateway.TRIAL_SECONDS
STRONGEST = 12
COPIED = ("model", "sae", "sae_options", "dtype", "context_tokens", "overlap_tokens", "sink_norm_multiple")
"""What a trial takes over from the run's request, so that a latent fires on the text as it did in the run."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A trial as it stands: waiting while it has no answer, gone when its time is up."""

    text: str | None
    """None where the text is gone."""
    answer: gateway.TrialAnswer | None = None
    failure: str = ""


def check_may_try(*, study: Study, by: User) -> None:
    """Raises Refused before the run has finished, and for all but a researcher who rates none of its latents any more,
    in this study or another."""
    check_role(by, study, Role.RESEARCHER)
    check_run_finished(study)
    if hasattr(study.run, "imported"):
        raise Refused(
            "This study’s run was imported: there is no SAE here that a text could be tried on. Mine a corpus with the "
            "SAE itself to try texts."
        )
    if onlooker(by, roles_of(by, study), study).may_yet_rate:
        raise Refused(
            "You may still rate in this study or in another one on the same mining run. Trying texts waits until your "
            "part is over, so that your ratings rest on the same snippets as everyone’s."
        )


@transaction.atomic
def try_text(*, study: Study, text: str, latent: int | None, handle: str, by: User, now: datetime) -> None:
    """Leave the text for the gpu queue. `handle`: random hex, by which the answer is found.

    Raises Refused on a text that is empty or too long, on a latent that the run does not have, and where the disk takes
    no file.
    """
    check_may_try(study=study, by=by)
    run = study.run
    assert run is not None  # check_may_try stands in front.
    text = readable(text)
    if latent is not None and not run.latents.filter(index=latent).exists():
        raise Refused(f"The study’s run has no latent {latent}. Choose one from the Latents page.")
    _leave(handle, text)
    trial = gateway.Trial(
        handle=handle,
        latent=latent,
        strongest=STRONGEST,
        **{name: run.request[name] for name in COPIED if name in run.request},
    )
    enqueue(gateway.TRY_TASK, queue=gateway.GPU_QUEUE, priority=gateway.TRY_PRIORITY, trial=trial.to_dict())
    audit.record(AuditVerb.TEXT_TRIED, study, by=by, now=now, study=study, latent=latent, characters=len(text))


def _leave(handle: str, text: str) -> None:
    try:
        gateway.write_text(settings.ARTIFACT_ROOT, handle, text, key=settings.ARTIFACT_KEY)
    except OSError as error:
        gateway.forget_trial(settings.ARTIFACT_ROOT, handle)
        reason = error.strerror or type(error).__name__
        raise Refused(
            f"The text could not be sent, because the site could not write to its disk ({reason}). Tell whoever runs "
            "this installation to make room, then try again."
        ) from error


def readable(text: str) -> str:
    """The text with the line breaks of a note. Raises Refused with what is wrong with it."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise Refused("There is no text. Paste or type a few sentences of a note.")
    if len(text) > LONGEST:
        raise Refused(f"The text has {len(text):,} characters. Shorten it to {LONGEST:,} or fewer.")
    if "\x00" in text:
        raise Refused("The text holds a NUL character. Remove it, or copy the text again as plain text.")
    return text


def tried(*, handle: str, made_at: datetime, now: datetime) -> Tried:
    """How the trial stands. After `SECONDS` it is gone, and its files with it."""
    root, key = settings.ARTIFACT_ROOT, settings.ARTIFACT_KEY
    if (now - made_at).total_seconds() > SECONDS:
        gateway.forget_trial(root, handle)
        return Tried(text=None)
    text, answer = gateway.read_text(root, handle, key=key), gateway.read_answer(root, handle, key=key)
    if isinstance(answer, gateway.Failure):
        return Tried(text=text, failure=answer.sentence)
    return Tried(text=text, answer=answer)


def mining_now() -> bool:
    """Whether a mining run keeps the gpu queue busy: a trial then waits for the shard in hand."""
    return MiningRun.objects.filter(state=RunState.RUNNING).exists()
