"""A trial as its page draws it: where it is, or the text shaded by a latent and the latents that fire most."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from annotation.actions import trying
from annotation.models import Latent, Study
from annotation.views.drawing.figures import count, significant
from annotation.views.drawing.tokens import Piece, pieces
from annotation.views.own_trials import OwnTrial

UNHEARD_SECONDS = 60
"""After so long without an answer the page asks whether a worker is there."""
AROUND = 28
"""Characters of the text to each side of a peak."""
WAITING = {
    "asked": "The text is with the GPU worker. An answer usually takes a second or two.",
    "mining": "A mining run is going on: your text is next, as soon as the batch in hand is done.",
    "unheard": "No GPU worker has answered for a minute. It may be loading the model; else ask whoever runs the site "
    "whether one is running.",
}
UNITS = {"raw": "", "decoder-norm": "scaled by the decoder’s norm"}


@dataclass(frozen=True, kw_only=True)
class Firing:
    """A latent that fires on the text."""

    index: int
    peak: str
    firings: str
    before: str
    word: str
    """Where it peaks, with a little of the text around."""
    after: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Shaded:
    """The text, token by token, by one latent."""

    index: int
    pieces: tuple[Piece, ...]
    tokens: int
    fires: int
    peak: str
    corpus_peak: str
    """The strongest that the run saw, to which the shading is scaled; empty for a latent that was silent there."""
    table: tuple[tuple[str, str], ...]
    """(token, activation) of those that fire, in the order of the text."""
    sinks: int

    @property
    def name(self) -> str:
        return str(self.index)


@dataclass(frozen=True, kw_only=True)
class TrialSheet:
    handle: str
    text: str
    """Empty where it is gone."""
    waiting: str = ""
    """A key of `WAITING` while there is no answer."""
    failure: str = ""
    expired: bool = False
    shaded: Shaded | None = None
    strongest: tuple[Firing, ...] = ()
    answered: bool = False
    unit: str = ""
    seconds: float = 0.0

    @property
    def sentence(self) -> str:
        return WAITING.get(self.waiting, "")

    @property
    def status(self) -> str:
        """What is read aloud when it changes."""
        if not self.answered:
            return self.failure or self.sentence
        shaded = self.shaded
        chosen = f" Latent {shaded.index} fires on {shaded.fires} of {shaded.tokens} tokens." if shaded else ""
        return f"The answer is here.{chosen} Latents listed: {len(self.strongest)}."


def trial_sheet(own: OwnTrial, study: Study, *, now: datetime) -> TrialSheet:
    """One statement at most."""
    found = trying.tried(handle=own.handle, made_at=own.made_at, now=now)
    if found.text is None:
        return TrialSheet(handle=own.handle, text="", expired=True)
    if found.failure:
        return TrialSheet(handle=own.handle, text=found.text, failure=found.failure)
    if found.answer is None:
        return TrialSheet(handle=own.handle, text=found.text, waiting=_waiting(own, now))
    answer = found.answer
    return TrialSheet(
        handle=own.handle,
        text=found.text,
        answered=True,
        shaded=_shaded(found.text, answer.tokens, own.latent, study),
        strongest=tuple(_firing(found.text, row, own.latent) for row in answer.strongest),
        unit=UNITS.get(answer.unit, answer.unit),
        seconds=answer.seconds,
    )


def _waiting(own: OwnTrial, now: datetime) -> str:
    if trying.mining_now():
        return "mining"
    return "unheard" if (now - own.made_at).total_seconds() > UNHEARD_SECONDS else "asked"


def _shaded(text: str, tokens: list[dict[str, Any]], index: int | None, study: Study) -> Shaded | None:
    latent = Latent.objects.filter(run=study.run_id, index=index).first() if index is not None else None
    if latent is None:
        return None
    firing = [token for token in tokens if token["activation"]]
    peak = max((token["activation"] for token in firing), default=0.0)
    return Shaded(
        index=latent.index,
        pieces=pieces(text, tokens, latent.max_activation or peak or 1.0),
        tokens=len(tokens),
        fires=len(firing),
        peak=significant(peak),
        corpus_peak=significant(latent.max_activation) if latent.max_activation else "",
        table=tuple((text[token["start"] : token["end"]], significant(token["activation"])) for token in firing),
        sinks=sum(token["activation"] is None for token in tokens),
    )


def _firing(text: str, row: Mapping[str, Any], chosen: int | None) -> Firing:
    start, end = row["start"], row["end"]
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    return Firing(
        index=row["latent"],
        peak=significant(row["peak"]),
        firings=count(row["firings"]),
        before=f"{'…' if start > AROUND else ''}{before}",
        word=text[start:end],
        after=f"{after}{'…' if end + AROUND < len(text) else ''}",
        chosen=row["latent"] == chosen,
    )
