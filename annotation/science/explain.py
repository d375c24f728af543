"""Why a latent's answer is what it is, rater by rater: what each answer weighed, where that came from, what it changed.

Each rater's answers have a weight omega, from how often she answered (split) and how many of her institution said the
same (m, rho); a probability of being right, from calibration items and repeats before others' answers are seen (prior)
and after (reliability); and what blinded readers made of her rationale (scores). `evidence` puts these together:

    evidence for her answer y = log of the factor by which it moves the odds of y, given what the others said
                              = omega l_y - log sum_{c != y} p_c exp(omega l_c),  p_c ~ q_c without her, c != y

l_c: log likelihood of her answer if c is true, learnability included (Good 1950, weight of evidence). `without` is the
answer without her, what was learned of the others held fixed: see `without_each`.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np

from annotation.science.answer_breakdown import AnswerBreakdown, GivenAnswer, ScoreBreakdown, WithoutHer
from annotation.science.clc_result import ClcResult, LatentConsensus
from annotation.science.types import Answer, FloatArray, Undefined, Value
from annotation.science.without_each import Without, without_each

VERSION = "explain-1"
ALONE = Undefined("Nobody else has answered for this latent.")


def breakdowns(result: ClcResult) -> Mapping[str, tuple[AnswerBreakdown, ...]]:
    """By latent, one breakdown a rater who answered, in the raters' order. "Cannot tell" has no weight and no entry."""
    explainer = _Explainer(result)
    each = without_each(result.fitted, result.parameters.opinion_pseudo_raters)
    return MappingProxyType(
        {
            consensus.latent: tuple(explainer.of(consensus, without, r) for r in range(len(without.raters)))
            for consensus, without in zip(result.latents, each, strict=True)
        }
    )


class _Explainer:
    def __init__(self, result: ClcResult) -> None:
        self.fitted = result.fitted
        self.raters = {weight.rater: weight for weight in result.raters}
        self.on = {scorer.scorer: scorer.on for scorer in result.scorers}
        self.ratios = {name: np.exp(logs) for name, logs in self.fitted.scorer_log_ratios.items()}
        self.together = np.exp(self.fitted.log_ratios)

    def of(self, consensus: LatentConsensus, without: Without, r: int) -> AnswerBreakdown:
        table = self.fitted.table
        rows = without.answers[r].tolist()
        weight = self.raters[table.raters[int(without.raters[r])]]
        given = tuple(self._given(a, without.log_scores[r], len(consensus.classes)) for a in rows)
        left = _left(consensus.classes, without, r)
        return AnswerBreakdown(
            rater=weight.rater,
            institution=table.answers[rows[0]].institution,
            given=given,
            omega=sum(answer.omega for answer in given),
            rho=float(self.fitted.rho[table.institution[rows[0]]]),
            prior_mean=weight.prior.mean,
            prior_low=weight.prior.low,
            prior_high=weight.prior.high,
            reliability=weight.reliability,
            n_calibration=weight.prior.n_calibration,
            n_repeats=weight.prior.n_repeats,
            n_matched=weight.prior.n_matched,
            without=left,
            changes_answer=isinstance(left, WithoutHer) and left.winner != consensus.winner,
        )

    def _given(self, a: int, log_scores: FloatArray, n_classes: int) -> GivenAnswer:
        fitted = self.fitted
        answer = fitted.table.answers[a]
        chosen = int(fitted.table.chosen[a])
        weighed = float(fitted.omega[a]) * fitted.log_likelihood[a, :n_classes]
        return GivenAnswer(
            value=_known(answer),
            reading=answer.reading,
            split=float(fitted.table.split[a]),
            same_institution=max(1.0, float(fitted.same[a])),
            omega=float(fitted.omega[a]),
            scores=tuple(self._scores(answer, a)),
            learnability_ratio=float(self.together[a]),
            evidence=_evidence(weighed, log_scores[:n_classes], chosen),
        )

    def _scores(self, answer: Answer, a: int) -> Iterable[ScoreBreakdown]:
        for score in sorted(answer.scores, key=lambda each: each.scorer):
            ratio = self.ratios.get(score.scorer)
            yield ScoreBreakdown(
                score.scorer, score.value, 1.0 if ratio is None else float(ratio[a]), self.on.get(score.scorer, False)
            )


def _evidence(weighed: FloatArray, log_scores: FloatArray, chosen: int) -> float:
    """How far the answer moves the log odds of its own class; `weighed` (K,): omega times its log likelihood."""
    others = np.arange(len(weighed)) != chosen
    share = log_scores[others] - np.logaddexp.reduce(log_scores[others])
    return float(weighed[chosen] - np.logaddexp.reduce(share + weighed[others]))


def _left(classes: tuple[Value, ...], without: Without, r: int) -> WithoutHer | Undefined:
    if without.n_eff[r] <= 0:
        return ALONE
    q = without.q[r]
    return WithoutHer(classes[int(q.argmax())], float(q.max()), float(without.theta[r].max()), float(without.n_eff[r]))


def _known(answer: Answer) -> Value:
    if answer.value is None:
        raise ValueError("A row of the table always has an answer.")
    return answer.value
