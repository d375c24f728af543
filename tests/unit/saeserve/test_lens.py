"""The lens of a decoder direction, worked out again latent by latent, and where there is none."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import GPT2LMHeadModel

from saeserve.fit import Fit
from saeserve.hook_points import HookPoint
from saeserve.language_model import LanguageModel
from saeserve.lens import SHOWN, direct_logits, lens, lens_rows
from saeserve.token_strings import token_strings
from tests.unit.saeserve.families import VOCABULARY, WIDTH, config_of

LATENTS = range(0, 256, 5)


def naive_logits(fit: Fit, direction: torch.Tensor) -> torch.Tensor:
    """Through the network's own modules, one direction at a time."""
    network = fit.model.network
    with torch.inference_mode():
        return network.lm_head(network.model.norm(direction[None].to(network.dtype)))[0].float()


def with_row(fit: Fit, latent: int, row: torch.Tensor) -> Fit:
    decoder = fit.sae.coder.decoder.clone()
    decoder[latent] = row
    return replace(fit, sae=replace(fit.sae, coder=replace(fit.sae.coder, W_dec=decoder)))


def test_promoted_and_suppressed_tokens_are_those_of_the_network_itself(fit: Fit) -> None:
    found = lens(fit, LATENTS)
    for row, latent in enumerate(LATENTS):
        logits = naive_logits(fit, fit.sae.coder.decoder[latent])
        best = logits.sort(descending=True)
        torch.testing.assert_close(
            torch.from_numpy(found.promoted_logits[row]), best.values[:SHOWN], rtol=1e-4, atol=1e-4
        )
        torch.testing.assert_close(
            torch.from_numpy(found.suppressed_logits[row]), best.values.flip(0)[:SHOWN], rtol=1e-4, atol=1e-4
        )
        assert found.promoted[row, 0] == best.indices[0]
        assert found.suppressed[row, 0] == best.indices[-1]
    assert str(fit.output_point) in found.note


def test_a_latent_that_writes_a_tokens_own_unembedding_promotes_that_token(fit: Fit) -> None:
    network = fit.model.network
    for token in (5, 77, 300):
        row = network.lm_head.weight[token].detach().float() / network.model.norm.weight.detach().float()
        found = lens(with_row(fit, 3, row), [3])
        assert found.promoted[0, 0] == token


def test_length_of_a_direction_makes_no_difference_and_no_direction_raises_nothing(fit: Fit) -> None:
    longer = lens(with_row(fit, 3, fit.sae.coder.decoder[3] * 100), [3])
    torch.testing.assert_close(longer.promoted_logits, lens(fit, [3]).promoted_logits, rtol=1e-4, atol=1e-4)
    assert not lens(with_row(fit, 3, torch.zeros(fit.model.width)), [3]).promoted_logits.any()


def test_blocks_of_latents_make_no_difference(fit: Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = lens(fit)
    monkeypatch.setattr("saeserve.lens.VALUES", 3 * 400)
    parts = lens(fit)
    assert (whole.promoted == parts.promoted).mean() > 0.999
    torch.testing.assert_close(whole.promoted_logits, parts.promoted_logits, rtol=1e-4, atol=1e-4)


def test_heads_are_projected_before_they_are_read(fit: Fit) -> None:
    path = "model.layers.1.self_attn.o_proj"
    found = lens(replace(fit, output_point=HookPoint(path, "input")), [0])
    projected = fit.model.network.get_submodule(path).weight.float() @ fit.sae.coder.decoder[0]
    assert found.promoted[0, 0] == naive_logits(fit, projected).argmax()


@pytest.mark.parametrize("side", ["normalized"])
def test_there_is_no_lens_where_what_is_written_is_not_added_to_the_residual_stream(fit: Fit, side: str) -> None:
    found = lens(replace(fit, output_point=HookPoint("model.layers.1.post_attention_layernorm", side)))
    assert found.note.startswith("No logit lens: what is written at model.layers.1")
    rows = lens_rows(fit.model.tokenizer, found)
    assert rows == [{"promoted": [], "suppressed": []}] * fit.sae.coder.width


def test_an_encoder_has_no_lens_and_the_note_says_why(fit: Fit) -> None:
    found = lens(replace(fit, model=replace(fit.model, predicts_next=False)))
    assert found.note.startswith("No logit lens: ")
    assert "encoder and predicts no next token" in found.note
    assert found.promoted.shape == (fit.sae.coder.width, 0)


def test_biases_of_norm_and_head_promote_nothing() -> None:
    torch.manual_seed(5)
    network = GPT2LMHeadModel(config_of("gpt2")).eval()
    with torch.no_grad():
        network.transformer.ln_f.bias.normal_(std=30)
    model = LanguageModel(
        network=network, tokenizer=range(VOCABULARY), name="tiny", revision="", commit=None, dtype="float32",
        device=torch.device("cpu"), front=(0,), back=(), predicts_next=True,
    )  # fmt: skip
    direction = torch.randn(WIDTH)
    promoted, raised, _, _ = direct_logits(model, direction[None])
    centred = direction - direction.mean()
    with torch.inference_mode():
        logits = network.lm_head(centred / centred.std(unbiased=False) * network.transformer.ln_f.weight)
    torch.testing.assert_close(torch.from_numpy(raised[0]), logits.topk(SHOWN).values, rtol=1e-3, atol=1e-3)
    assert promoted[0].tolist() == logits.topk(SHOWN).indices.tolist()


def test_rows_hold_the_tokens_as_text(fit: Fit) -> None:
    row: dict[str, Any] = lens_rows(fit.model.tokenizer, lens(fit, [0]))[0]
    ids = lens(fit, [0]).promoted[0].tolist()
    assert [entry["token"] for entry in row["promoted"]] == token_strings(fit.model.tokenizer, ids)
    logits = [entry["logit"] for entry in row["promoted"]]
    assert logits == sorted(logits, reverse=True)


def test_a_leading_space_is_kept_and_a_part_of_a_character_is_spelled(fit: Fit) -> None:
    tokenizer = fit.model.tokenizer
    ids = tokenizer("He has pain🤕")["input_ids"]
    strings = token_strings(tokenizer, ids)
    assert any(string.startswith(" ") for string in strings)
    assert not any("\ufffd" in string for string in strings)
    assert "".join(string for string in strings if string.isascii()).startswith("He has pain")
