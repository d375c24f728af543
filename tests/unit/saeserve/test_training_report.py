"""The report's scores, costs and plots, each worked out a second time."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from saeserve.coders.base import Coder, Codes
from saeserve.coders.relu import ReLU
from saeserve.documents import Document
from saeserve.train.charts import bars, points, round_ticks
from saeserve.train.cost import Assumptions, BadAssumption, cost_of
from saeserve.train.findings import density, scored
from saeserve.train.held_out import HeldOut
from saeserve.train.interpretability import auc, interpretability, peaks_of, snippet
from saeserve.train.scorer import BadScorer, Scorer
from tests.unit.saeserve import tiny

WORDS = ["heart", "lung", "knee", "skin"]
DOCUMENTS = 80


def four_words() -> HeldOut:
    """Documents of ten words. The activation of a word is its own direction; document d lacks word d mod 4."""
    documents, rows, ids, of_document, starts = [], [], [], [], []
    chance = random.Random(1)
    for number in range(DOCUMENTS):
        words = [chance.choice([w for w in range(4) if w != number % 4]) for _ in range(10)]
        text = " ".join(WORDS[word] for word in words)
        documents.append(Document(id=str(number), text=text))
        place = 0
        for word in words:
            rows.append(torch.eye(4)[word] * (1 + chance.random()))
            ids.append(word)
            of_document.append(number)
            starts.append(place)
            place += len(WORDS[word]) + 1
    ends = [start + len(WORDS[word]) for start, word in zip(starts, ids, strict=True)]
    tensors = [torch.tensor(values) for values in (ids, of_document, starts, ends)]
    return HeldOut(documents, torch.stack(rows).half(), *tensors, dropped=0)


def reads(directions: Tensor) -> Coder:
    return ReLU(
        W_enc=directions.T.contiguous(), b_enc=torch.zeros(len(directions)), W_dec=directions, b_dec=torch.zeros(4)
    )


def by_words(texts: Sequence[str]) -> Tensor:
    """An embedding that counts words: like is like."""
    counts = torch.tensor([[float(text.split().count(word)) for word in WORDS] for text in texts])
    return torch.nn.functional.normalize(counts, dim=1)


def test_latents_that_read_one_word_score_high_by_an_embedding_of_words() -> None:
    score = interpretability(reads(torch.eye(4)), four_words(), by_words, seed=3, device="cpu")
    assert score is not None
    assert (score.latents, score.eligible) == (4, 4)
    assert score.auc > 0.65
    assert score.low <= score.auc <= score.high


def test_an_embedding_that_says_nothing_gives_chance() -> None:
    score = interpretability(
        reads(torch.eye(4)), four_words(), lambda texts: torch.ones(len(texts), 1), seed=3, device="cpu"
    )
    assert score is not None
    assert (score.auc, score.low, score.high) == (0.5, 0.5, 0.5)


def test_the_same_seed_gives_the_same_score() -> None:
    found = [interpretability(reads(torch.eye(4)), four_words(), by_words, seed=s, device="cpu") for s in (3, 3, 4)]
    assert found[0] == found[1] != found[2]


def test_shown_and_test_snippets_never_share_a_document_and_random_ones_never_fire() -> None:
    held_out, asked = four_words(), []

    def remember(texts: Sequence[str]) -> Tensor:
        asked.append(list(texts))
        return by_words(texts)

    interpretability(reads(torch.eye(4)), held_out, remember, seed=3, device="cpu")
    assert len(asked) == 4
    for word, texts in zip(WORDS, asked, strict=True):
        assert len(texts) == 15
        assert all(word in text for text in texts[:10])
        assert not any(word in text for text in texts[10:])
        assert len(set(texts)) == 15


def test_without_latents_in_enough_documents_there_is_no_score() -> None:
    nothing = reads(-torch.eye(4))
    score = interpretability(nothing, four_words(), by_words, seed=3, device="cpu")
    assert score is None
    assert scored(score, "too few", "x") == {"reason": "too few"}


def test_peaks_are_the_strongest_token_of_each_document() -> None:
    codes = Codes(
        torch.tensor([0, 1, 1, 2, 3]), torch.tensor([1, 0, 1, 1, 1]), torch.tensor([2.0, 1.0, 5.0, 3.0, 4.0]), 4
    )
    zero, one, two = peaks_of(codes, torch.tensor([0, 0, 1, 1]), 3)
    assert (zero.tokens.tolist(), zero.documents.tolist()) == ([1], [0])
    assert (one.tokens.tolist(), one.documents.tolist()) == ([1, 3], [0, 1])
    assert two.tokens.tolist() == []


def test_the_area_under_the_curve_is_the_share_of_pairs_in_order() -> None:
    chance = np.random.default_rng(1)
    own, other = chance.integers(0, 5, 7).astype(float), chance.integers(0, 5, 9).astype(float)
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in own for b in other]
    assert auc(own, other) == pytest.approx(sum(pairs) / len(pairs))


def test_a_snippet_is_cut_at_spaces() -> None:
    text = " ".join(f"word{number:02d}" for number in range(60))
    held_out = HeldOut(
        [Document(id="a", text=text)],
        torch.zeros(1, 4).half(),
        torch.tensor([0]),
        torch.tensor([0]),
        torch.tensor([text.index("word30")]),
        torch.tensor([text.index("word30") + 6]),
        0,
    )
    words = snippet(held_out, 0).split()
    assert "word30" in words
    assert all(word in text.split() for word in words)
    assert 15 < len(words) < 27


def test_a_scorer_gives_unit_vectors_whatever_the_padding(tmp_path: Path) -> None:
    from transformers import BertConfig, BertModel

    folder = tiny.write_model(tmp_path / "scorer")
    torch.manual_seed(1)
    vocabulary = 400
    config = BertConfig(
        vocab_size=vocabulary, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    BertModel(config).save_pretrained(folder)
    tokenizer_config = folder / "tokenizer_config.json"
    text = tokenizer_config.read_text().rstrip().rstrip("}").rstrip()
    tokenizer_config.write_text(text + ',\n "pad_token": "<|endoftext|>"\n}\n')
    scorer = Scorer(folder, device="cpu")
    together = scorer(
        ["chest pain", "The patient denies fever of 38.9 °C since Monday and a swollen left knee at rest."]
    )
    alone = scorer(["chest pain"])
    torch.testing.assert_close(together[0], alone[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(together.norm(dim=1), torch.ones(2))


def test_a_folder_without_a_scorer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadScorer, match="leave --scorer out"):
        Scorer(tmp_path, device="cpu")


def test_energy_carbon_and_money_follow_from_time_and_what_was_stated() -> None:
    cost = cost_of(7200, Assumptions(watts=500, grid=100, price=0.5), threads=2, device="cuda")
    assert (cost.kwh, cost.co2_grams, cost.money) == (1.0, 100.0, 0.5)
    assert {cost.watts_source, cost.grid_source, cost.price_source} == {"as given"}


def test_what_was_not_stated_has_a_default_with_its_source() -> None:
    cost = cost_of(3600, Assumptions(), threads=4, device="cpu")
    assert cost.kwh == pytest.approx(0.014)
    assert cost.co2_grams == pytest.approx(0.014 * 436)
    assert "Cloud Carbon Footprint" in cost.watts_source
    assert "Ember" in cost.grid_source
    assert "Eurostat" in cost.price_source


def test_the_power_of_a_gpu_is_not_guessed() -> None:
    with pytest.raises(BadAssumption, match="--watts"):
        cost_of(60, Assumptions(), threads=2, device="cuda")
    with pytest.raises(BadAssumption, match="--price"):
        Assumptions(price=-1)


def test_density_bins_take_what_lies_beyond_them() -> None:
    found = density(torch.tensor([0, 1, 10, 1000]), 1000)
    assert found["dead"] == 1
    assert found["latents"][-1] == 1  # fires on every token
    assert found["latents"][12] == 1  # 10^-3
    assert found["latents"][16] == 1  # 10^-2
    assert density(torch.tensor([1]), 10**9)["latents"][0] == 1
    assert density(torch.tensor([0, 0]), 10)["median"] is None


def test_bars_are_as_high_as_their_counts() -> None:
    drawn = bars([-2, -1, 0], [10, 5], across="x", up="y", title="t")
    heights = [float(part.split('"')[1]) for part in drawn.split("height=")[1:3]]
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.2)
    assert "10 between 10^-2 and 10^-1" in drawn
    assert "rect" not in bars([-1, 0], [0], across="x", up="y", title="t")


def test_the_kept_point_is_marked_and_names_are_escaped() -> None:
    drawn = points([(1.0, 0.2, "a<b", False), (2.0, 0.1, "c", True)], across="x", up="y", title="t")
    assert drawn.count('class="dot kept"') == 1
    assert "a&lt;b" in drawn


@pytest.mark.parametrize("most", [0.013, 0.5, 1, 3, 7, 9.99, 10, 32.4, 92, 1000, 4096])
def test_ticks_are_few_and_round_and_reach_the_top(most: float) -> None:
    ticks = round_ticks(most)
    assert 3 <= len(ticks) <= 7
    assert ticks[0] == 0
    assert ticks[-2] < most <= ticks[-1] * (1 + 1e-9)
    assert f"{ticks[1]:e}"[0] in "125"
