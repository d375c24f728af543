"""The scorers of one worker, loaded when they are first asked."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from saeserve.contract import EMBEDDING, ScoreRequest
from saeserve.language_model import LanguageModel, load_language_model
from saeserve.scorers.base import BadQuestion, Scorer
from saeserve.scorers.embedding import EmbeddingScorer
from saeserve.scorers.endpoint_judge import EndpointJudge
from saeserve.scorers.judge import JudgeScorer
from saeserve.scorers.local_judge import LocalJudge
from saeserve.scorers.own_latents import check_other_name, check_other_weights
from saeserve.scorers.sentences import Sentences
from saeserve.settings import JudgeSettings

logger = logging.getLogger(__name__)


@dataclass
class Available:
    """What was asked once stays loaded: the sentence model is small, a judge as large as its operator chose."""

    sentence_model: Path
    judge: JudgeSettings
    device: str
    place: Callable[[str], Path | str]
    """Where a language model lies that a mining request names."""
    _loaded: dict[str, Scorer] = field(default_factory=dict)
    _judge_model: LanguageModel | None = None

    def scorer_for(self, asked: ScoreRequest) -> Scorer:
        """Raises a Refusal where the scorer is not set up here, or where a judge would judge its own latents."""
        if asked.scorer == EMBEDDING:
            return self._once(EMBEDDING, lambda: EmbeddingScorer(Sentences(self.sentence_model, device=self.device)))
        if self.judge.url:
            check_other_name(asked.subject_model, self.place, name=self.judge.name)
            return self._once(self.judge.url, self._endpoint)
        if not self.judge.model:
            raise BadQuestion(
                "No judge is set up on the GPU workers. Set SAESERVE_JUDGE to the folder of an instruction model, or "
                "SAESERVE_JUDGE_URL to the institution's own server; or switch the judge off in the study's settings."
            )
        scorer = self._once(self.judge.model, self._local)
        if model := self._judge_model:
            check_other_weights(asked.subject_model, self.place, name=model.name, revision=model.revision)
        return scorer

    def _once(self, name: str, make: Callable[[], Scorer]) -> Scorer:
        if name not in self._loaded:
            self._loaded[name] = make()
        return self._loaded[name]

    def _endpoint(self) -> Scorer:
        judge = self.judge
        endpoint = EndpointJudge(judge.url, judge.name, key=judge.key, plain_http=judge.plain_http)
        logger.info("Labels, rationales and snippets are sent to %s, as SAESERVE_JUDGE_URL says.", endpoint.host)
        return JudgeScorer(endpoint)

    def _local(self) -> Scorer:
        self._judge_model = load_language_model(self.place(self.judge.model), device=self.device)
        return JudgeScorer(LocalJudge(self._judge_model))
