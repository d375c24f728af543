"""How many latents would be accepted, need raters, wait for people or go to adjudication under given thresholds."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from annotation.science.ambiguity import Thresholds, judge
from annotation.science.clc_result import LatentConsensus
from annotation.science.types import Undefined


@dataclass(frozen=True)
class Preview:
    """Numbers of latents."""

    accepted: int
    needs_raters: int
    recruiting: int
    persistent: int
    """These would go to adjudication."""

    @property
    def total(self) -> int:
        return self.accepted + self.needs_raters + self.recruiting + self.persistent


def preview(
    consensuses: Iterable[LatentConsensus] | Mapping[str, LatentConsensus | Undefined],
    thresholds: Thresholds,
    extra_rounds: Mapping[str, int],
    institutions_in_study: int,
) -> Preview:
    """The study's latents under these thresholds, all else as it is.

    `consensuses`: one a latent, or by latent with the reason where there is none. `extra_rounds`: how many each latent
    has used, 0 where it is not named. Raises ScienceError for a negative or absent count.
    """
    if isinstance(consensuses, Mapping):
        by_latent = dict(consensuses)
    else:
        by_latent = {consensus.latent: consensus for consensus in consensuses}
    counted = Counter(
        judge(
            consensus,
            thresholds,
            extra_rounds_used=extra_rounds.get(latent, 0),
            institutions_in_study=institutions_in_study,
        ).outcome
        for latent, consensus in by_latent.items()
    )
    return Preview(counted["accepted"], counted["needs_raters"], counted["recruiting"], counted["persistent"])
