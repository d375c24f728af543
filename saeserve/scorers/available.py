"""The scorers of one worker, loaded when they are first asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from saeserve.checkpoint import weights_digest
from saeserve.contract import EMBEDDING, ScoreRequest
from saeserve.language_model import LanguageModel, load_language_model
from saeserve.scorers.base import BadQuestion, Scorer
from saeserve.scorers.embedding import EmbeddingScorer
from saeserve.scorers.endpoint_judge import EndpointJudge
from saeserve.scorers.judge import JudgeScorer
from saeserve.scorers.local_judge import LocalJudge
from saeserve.scorers.sentences import Sentences
from saeserve.settings import JudgeSettings


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
            return self._once(self.judge.url, self._endpoint)
        if not self.judge.model:
            raise BadQuestion(
                "No judge is set up on the GPU workers. Set SAESERVE_JUDGE to the folder of an instruction model, or "
                "SAESERVE_JUDGE_URL to the institution's own server; or switch the judge off in the study's settings."
            )
        scorer = self._once(self.judge.model, self._local)
        self._refuse_the_subject(asked.subject_model)
        return scorer

    def _once(self, name: str, make: Callable[[], Scorer]) -> Scorer:
        if name not in self._loaded:
            self._loaded[name] = make()
        return self._loaded[name]

    def _endpoint(self) -> Scorer:
        judge = self.judge
        return JudgeScorer(EndpointJudge(judge.url, judge.name, key=judge.key, plain_http=judge.plain_http))

    def _local(self) -> Scorer:
        self._judge_model = load_language_model(self.place(self.judge.model), device=self.device)
        return JudgeScorer(LocalJudge(self._judge_model))

    def _refuse_the_subject(self, subject: str) -> None:
        """A model that judges latents of its own sees with the same features: its score would leak the answer."""
        folder = Path(self.place(subject)) if subject else None
        if folder is None or self._judge_model is None or not folder.is_dir():
            return
        if weights_digest(folder) == self._judge_model.revision:
            raise BadQuestion(
                "The judge is the language model whose latents are judged. Set SAESERVE_JUDGE to another one, or "
                "switch the judge off in the study's settings."
            )
