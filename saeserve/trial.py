"""Try a text: which latents fire on it, and one latent's activation on every token.

Nothing of the text goes into a log, a sentence or an exception that leaves this file.
"""

import logging
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from saeserve.contract import Failure, Trial, TrialAnswer
from saeserve.fit import Fit
from saeserve.hook_points import HookPoint
from saeserve.hooks import capture
from saeserve.loaded import Loaded
from saeserve.mining.attempts import attempt
from saeserve.mining.lock import InOtherHands, sole_worker
from saeserve.refusal import Refusal
from saeserve.sinks import Sinks
from saeserve.trial_folder import TrialFolder, sweep_trials
from saeserve.trial_sinks import sinks_for
from saeserve.windows import Batch, Window, batches, cut

LONGEST_TEXT = 20_000
"""Characters."""
MOST_DEATHS = 2
"""Of workers at one trial: a trial goes before all else, so that one that kills them would stop all mining."""
SMALLER = "try a shorter text, or a narrower SAE or model"
LOCK_FILE, ATTEMPTS_FILE = "lock", "attempts"

logger = logging.getLogger(__name__)


class BadTrial(Refusal):
    """The text or the latent cannot be tried."""


@dataclass(frozen=True)
class Fired:
    """Every firing on a text."""

    starts: NDArray[np.int64]
    """[token] first character in the text."""
    ends: NDArray[np.int64]
    kept: NDArray[np.bool_]
    """[token] false for attention sinks."""
    tokens: NDArray[np.int64]
    """[firing] position of the token, rising."""
    latents: NDArray[np.int64]
    values: NDArray[np.float32]


def answer_trial(
    trial: Trial, *, root: Path, key: str, loaded: Loaded, clock: Callable[[], float] = time.time
) -> TrialAnswer | Failure | None:
    """Leave the answer, or a sentence why there is none, in the trial's folder, and sweep old ones. Safe to run twice.

    Returns what it left; None where an earlier call has answered or another worker is at it. Raises BadHandle. key: the
    Fernet key.
    """
    folder = TrialFolder.of(root, trial.handle, key=key)
    try:
        with _alone(folder):
            if folder.answered:
                return None
            found = _answer(trial, folder, root, loaded, clock)
            folder.answer(found, now=clock())
    except InOtherHands:
        return None
    sweep_trials(root, now=clock())
    return found


def _alone(folder: TrialFolder) -> AbstractContextManager[object]:
    """The trial's lock; none where its folder has been swept, which a lock would bring back."""
    return sole_worker(folder.path / LOCK_FILE) if folder.path.is_dir() else nullcontext()


def _answer(
    trial: Trial, folder: TrialFolder, root: Path, loaded: Loaded, clock: Callable[[], float]
) -> TrialAnswer | Failure:
    started = time.monotonic()
    try:
        text = folder.text(now=clock())
        check_text(text)
        with attempt(folder.path / ATTEMPTS_FILE, work="this text", most=MOST_DEATHS, advice=SMALLER):
            fit = loaded.fit(trial.model, trial.sae, options=trial.sae_options, dtype=trial.dtype)
            return try_text(trial, text, fit, sinks_for(trial, fit, root=root), started=started)
    except Refusal as refusal:
        return Failure(sentence=str(refusal), retry_helps=refusal.retry_helps)
    except Exception as error:  # its message might quote the text: only its kind and place are told
        place = "".join(traceback.format_tb(error.__traceback__))
        logger.error("Trial %s stopped at a %s:\n%s", trial.handle, type(error).__name__, place)
        return Failure(
            sentence=f"Trying the text stopped at an error of the program ({type(error).__name__}); the worker's log "
            "says where.",
            retry_helps=True,
        )


def check_text(text: str) -> None:
    """Raises BadTrial."""
    if not text.strip():
        raise BadTrial("The text is empty; paste a sentence or more.")
    if len(text) > LONGEST_TEXT:
        raise BadTrial(f"The text has {len(text):,} characters and at most {LONGEST_TEXT:,} can be tried; shorten it.")


def try_text(trial: Trial, text: str, fit: Fit, sinks: Sinks, *, started: float) -> TrialAnswer:
    """What fires on the text. started: of time.monotonic. Raises BadTrial where the SAE has no such latent."""
    width = fit.sae.coder.width
    if trial.latent is not None and not 0 <= trial.latent < width:
        raise BadTrial(f"The SAE has latents 0 to {width - 1:,}; {trial.latent:,} is none of them.")
    fired = fire_on(text, fit, sinks, context_tokens=trial.context_tokens, overlap_tokens=trial.overlap_tokens)
    return TrialAnswer(
        tokens=_tokens(fired, trial.latent),
        strongest=_strongest(fired, trial.strongest),
        unit=fit.sae.coder.unit,
        dtype=fit.model.dtype,
        seconds=time.monotonic() - started,
    )


@torch.inference_mode()
def fire_on(text: str, fit: Fit, sinks: Sinks, *, context_tokens: int, overlap_tokens: int) -> Fired:
    """Every firing on the text, windowed as in mining. Raises BadTrial where the text has no token."""
    model, coder = fit.model, fit.sae.coder
    windows = list(cut([text], model.tokenizer, context_tokens=context_tokens, overlap_tokens=overlap_tokens))
    if not windows:
        raise BadTrial("The text has no tokens; paste a sentence or more.")
    activations, told = _in_order(windows, fit, [fit.point, sinks.point])
    kept = sinks.keep(told)
    codes = coder.encode(activations[kept].float())
    places = torch.nonzero(kept)[:, 0]
    return Fired(
        starts=np.concatenate([window.starts[window.counted_from :] for window in windows]),
        ends=np.concatenate([window.ends[window.counted_from :] for window in windows]),
        kept=kept.cpu().numpy(),
        tokens=places[codes.tokens].cpu().numpy(),
        latents=codes.latents.cpu().numpy(),
        values=codes.values.float().cpu().numpy(),
    )


def _in_order(windows: list[Window], fit: Fit, points: Sequence[HookPoint]) -> list[torch.Tensor]:
    """Activations [token, width] at each point, of all windows in the order of the text; batches come by length."""
    found: list[dict[int, torch.Tensor]] = [{} for _ in points]
    for batch in batches(windows, model=fit.model):
        for known, caught in zip(found, capture(fit.model.network, points, batch.ids, batch.mask), strict=True):
            known.update(zip(map(id, batch.windows), _by_window(batch, caught), strict=True))
    return [torch.cat([known[id(window)] for window in windows]) for known in found]


def _by_window(batch: Batch, caught: torch.Tensor) -> list[torch.Tensor]:
    return list(torch.split(batch.real(caught), [window.counted for window in batch.windows]))


def _tokens(fired: Fired, latent: int | None) -> list[dict[str, Any]]:
    values = np.zeros(len(fired.starts))
    if latent is not None:
        chosen = fired.latents == latent
        values[fired.tokens[chosen]] = fired.values[chosen]
    spans = zip(fired.starts.tolist(), fired.ends.tolist(), values.tolist(), fired.kept.tolist(), strict=True)
    return [
        {"start": start, "end": end, "activation": _rounded(value) if kept else None}
        for start, end, value, kept in spans
    ]


def _strongest(fired: Fired, number: int) -> list[dict[str, Any]]:
    """By peak, ties by index; of several equal peaks the first in the text."""
    order = np.lexsort((fired.tokens, -fired.values, fired.latents))
    latents, firsts, counts = np.unique(fired.latents[order], return_index=True, return_counts=True)
    peaks = order[firsts]
    chosen = np.lexsort((latents, -fired.values[peaks]))[: max(0, number)]
    return [
        {
            "latent": int(latents[place]),
            "peak": _rounded(float(fired.values[peaks[place]])),
            "firings": int(counts[place]),
            "start": int(fired.starts[fired.tokens[peaks[place]]]),
            "end": int(fired.ends[fired.tokens[peaks[place]]]),
        }
        for place in chosen
    ]


def _rounded(value: float) -> float:
    """Six digits: more than a forward pass in bfloat16 knows, and half the bytes."""
    return float(f"{value:.6g}")
