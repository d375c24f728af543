"""An instruction model in a folder of this machine, asked for the odds of its next word."""

from collections.abc import Sequence
from typing import Any

import torch

from saeserve.language_model import LanguageModel, NoNextToken

LONGEST = 1_024
"""Tokens of a prompt."""
YES, NO = ("Yes", "yes", " Yes", " yes"), ("No", "no", " No", " no")


class LocalJudge:
    """Log odds of yes over no, summed over the spellings whose first token tells them apart."""

    def __init__(self, model: LanguageModel) -> None:
        """Raises NoNextToken for an encoder."""
        if not model.predicts_next:
            raise NoNextToken(f"{model.name} predicts no next word, so that it cannot answer yes or no.")
        self._model = model
        yes, no = self._first_tokens(YES), self._first_tokens(NO)
        self._yes, self._no = sorted(yes - no), sorted(no - yes)
        if not self._yes or not self._no:
            raise NoNextToken(f"The first tokens of yes and no are the same to {model.name}; choose another judge.")

    @property
    def model(self) -> str:
        return f"{self._model.name} {self._model.revision[:12]}"

    def log_odds(self, prompts: Sequence[str]) -> list[float]:
        """Deterministic; one by one, because padding would let a prompt's company change its last digits."""
        return [self._one(self._ids(prompt)) for prompt in prompts]

    def _first_tokens(self, words: Sequence[str]) -> set[int]:
        tokenizer = self._model.tokenizer
        return {tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in words}

    def _ids(self, prompt: str) -> list[int]:
        """In the model's own frame for an instruction, if it has one; cut in front, since the question stands last."""
        tokenizer: Any = self._model.tokenizer
        if getattr(tokenizer, "chat_template", None):
            message = [{"role": "user", "content": prompt}]
            text = tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True)
        else:
            text = f"{prompt}\nAnswer:"
        ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids[-LONGEST:]

    @torch.inference_mode()
    def _one(self, ids: list[int]) -> float:
        batch = torch.tensor([ids], device=self._model.device)
        logits = self._model.network(input_ids=batch, logits_to_keep=1).logits[0, -1].float()
        scores = torch.log_softmax(logits, dim=0)
        return float(torch.logsumexp(scores[self._yes], 0) - torch.logsumexp(scores[self._no], 0))
