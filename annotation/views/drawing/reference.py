"""A panel's reference as bars, an answer each, with the rater's own answer marked: by a word, never by colour alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from annotation.rules.calibration import fold
from annotation.views.drawing.figures import percent


@dataclass(frozen=True, kw_only=True)
class ReferenceBar:
    """One answer; width in per cent of the plot."""

    label: str
    width: float
    share: str
    yours: bool


class BadReference(ValueError):
    """Shares that cannot be."""


def reference_bars(
    shares: Mapping[str, float], options: Sequence[tuple[str, str]] = (), yours: str | None = None
) -> tuple[ReferenceBar, ...]:
    """Bars in the order of the options, or of the shares where there are none. Raises BadReference for no shares.

    shares: answer to share, 0 to 1; options: (answer, label); yours: her answer, which gets a bar of 0 if nobody of
    the panel gave it. Other answers without a share are left out.
    """
    if not shares or any(not 0 <= share <= 1 for share in shares.values()):
        raise BadReference("A reference has at least one share, and each is between 0 and 1.")
    labels = dict(options)
    order = [answer for answer, _ in options] or list(shares)
    if yours is not None and _named(yours, order) is None:
        order.append(yours)
    own = None if yours is None else _named(yours, order)
    wanted = [answer for answer in order if shares.get(answer) or answer == own]
    return tuple(
        ReferenceBar(
            label=labels.get(answer, answer),
            width=round(100 * shares.get(answer, 0.0), 3),
            share=percent(shares.get(answer, 0.0)),
            yours=answer == own,
        )
        for answer in wanted
    )


def _named(answer: str, among: Sequence[str]) -> str | None:
    """The same answer as it is written there, whatever its case and spacing."""
    return next((other for other in among if fold(other) == fold(answer)), None)
