"""What thresholds would make of a study's latents, by what the newest run says of each."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from annotation.enums import LatentState
from annotation.models import Consensus, ResultRun, Study
from annotation.queries.judging import as_consensus, deciding_item, rating_institutions, study_thresholds
from annotation.science.ambiguity import Criterion, Thresholds, Verdict, judge
from annotation.science.ambiguity_preview import Preview, preview
from annotation.science.clc_result import LatentConsensus
from annotation.science.types import Undefined
from annotation.transitions import DECIDED_STATES

SETTLED_BY_PEOPLE = frozenset({LatentState.PERSISTENT, *DECIDED_STATES})
NEEDED = ("latent_id", "classes", "q", "theta", "n_eff", "flip_rate", "entropy", "ratings", "institutions")
NEEDED_TOO = ("cannot_tell", "weights")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The study's rated latents, as the rule takes them."""

    consensuses: Mapping[str, LatentConsensus | Undefined]
    extra_rounds: Mapping[str, int]
    institutions: int
    rating: int
    """Of these still being rated: counted as if their round ended now."""
    with_people: int
    """Of these with an adjudicator, or decided: a change of thresholds does not touch them."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    now: Preview
    then: Preview
    accepted_no_more: int
    accepted_newly: int
    missed: tuple[tuple[Criterion, int], ...]
    """Criteria that latents would miss, the most missed first."""
    judged: Judged

    @property
    def same(self) -> bool:
        return self.now == self.then and not self.accepted_no_more


def judged_latents(study: Study, run: ResultRun) -> Judged:
    """Latents that somebody has rated. Four statements, however many."""
    item = deciding_item(study)
    rows = Consensus.objects.filter(run=run, item=item).only(*NEEDED, *NEEDED_TOO)
    found = {row.latent_id: row for row in rows.iterator(chunk_size=2000)}
    rated = study.sample.exclude(state=LatentState.SAMPLED).values_list("pk", "state", "extra_rounds")
    latents = [row for row in rated if row[0] in found or row[1] != LatentState.RATING]
    return Judged(
        consensuses={str(pk): as_consensus(found.get(pk)) for pk, _, _ in latents},
        extra_rounds={str(pk): extra for pk, _, extra in latents},
        institutions=max(1, len(rating_institutions(study))),
        rating=sum(state == LatentState.RATING for _, state, _ in latents),
        with_people=sum(LatentState(state) in SETTLED_BY_PEOPLE for _, state, _ in latents),
    )


def compare(study: Study, run: ResultRun, wanted: Thresholds) -> Comparison:
    """The study's own thresholds beside the wanted ones, over the same latents."""
    judged, own = judged_latents(study, run), study_thresholds(study)
    before, after = _accepted(judged, own), _accepted(judged, wanted)
    missed: Counter[Criterion] = Counter()
    for latent, consensus in judged.consensuses.items():
        if latent not in after:
            missed.update(shortfall.criterion for shortfall in _judge(judged, latent, consensus, wanted).shortfalls)
    return Comparison(
        now=preview(judged.consensuses, own, judged.extra_rounds, judged.institutions),
        then=preview(judged.consensuses, wanted, judged.extra_rounds, judged.institutions),
        accepted_no_more=len(before - after),
        accepted_newly=len(after - before),
        missed=tuple(missed.most_common()),
        judged=judged,
    )


def _accepted(judged: Judged, thresholds: Thresholds) -> frozenset[str]:
    verdicts = ((latent, _judge(judged, latent, found, thresholds)) for latent, found in judged.consensuses.items())
    return frozenset(latent for latent, verdict in verdicts if verdict.outcome == "accepted")


def _judge(judged: Judged, latent: str, consensus: LatentConsensus | Undefined, thresholds: Thresholds) -> Verdict:
    return judge(
        consensus,
        thresholds,
        extra_rounds_used=judged.extra_rounds.get(latent, 0),
        institutions_in_study=judged.institutions,
    )
