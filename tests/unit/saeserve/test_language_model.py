"""Models are loaded from folders, and what cannot be used is refused in a sentence."""

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from saeserve.checkpoint import BadModel, weights_digest
from saeserve.dtypes import dtype_for
from saeserve.hook_points import resolve
from saeserve.hooks import capture
from saeserve.language_model import LanguageModel, NoNextToken, load_language_model
from saeserve.windows import batches, cut
from tests.unit.saeserve.families import CONFIGS, ENCODERS, WIDTH, multimodal_gemma, network_of
from tests.unit.saeserve.tokenizers_of_families import KINDS

TEXT = "The patient denies chest pain at rest."
DECODERS = [family for family in CONFIGS if family not in ENCODERS]


@pytest.fixture
def copied(model_folder: Path, tmp_path: Path) -> Path:
    return copytree(model_folder, tmp_path / "model")


def saved(network: Any, tokenizer: Any, folder: Path) -> Path:
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def family_folder(family: str, folder: Path) -> Path:
    return saved(network_of(family), KINDS["word-piece" if family in ENCODERS else "byte-level"](), folder)


@pytest.mark.parametrize("family", DECODERS)
def test_every_decoder_loads_and_reads_its_logits_off_the_last_block(family: str, tmp_path: Path) -> None:
    model = load_language_model(family_folder(family, tmp_path / family), dtype="float32")
    assert (model.width, model.blocks, model.predicts_next, model.back) == (WIDTH, 3, True, ())
    (batch,) = batches(list(cut([TEXT], model.tokenizer, context_tokens=60, overlap_tokens=0)), model=model)
    (last,) = capture(model.network, [resolve(model.network, "blocks.2.hook_resid_post")], batch.ids, batch.mask)
    logits = model.network(input_ids=batch.ids).logits[0]
    torch.testing.assert_close(model.unembed(last[0]), logits, rtol=1e-4, atol=1e-4)
    assert not logits.requires_grad


@pytest.mark.parametrize("with_head", [True, False])
def test_an_encoder_loads_and_predicts_no_next_token(with_head: bool, tmp_path: Path) -> None:
    network, tokenizer = network_of("bert"), KINDS["word-piece"]()
    folder = saved(network if with_head else network.bert, tokenizer, tmp_path / "bert")
    model = load_language_model(folder, dtype="float32")
    assert (model.width, model.blocks, model.predicts_next) == (WIDTH, 3, False)
    (batch,) = batches(list(cut([TEXT], tokenizer, context_tokens=60, overlap_tokens=0)), model=model)
    assert batch.ids[0].tolist() == tokenizer(TEXT)["input_ids"]
    (caught,) = capture(model.network, [resolve(model.network, "blocks.1.hook_resid_post")], batch.ids, batch.mask)
    reference = network(input_ids=batch.ids, output_hidden_states=True).hidden_states[2]
    torch.testing.assert_close(caught, reference, rtol=0, atol=0)
    with pytest.raises(NoNextToken, match="predicts no next token"):
        model.unembed(caught[0])


@pytest.mark.parametrize("family", ["gpt2", "bert", "roberta"])
def test_the_longest_window_uses_every_position(family: str, tmp_path: Path) -> None:
    """These learn a vector a position, and have none beyond."""
    model = load_language_model(family_folder(family, tmp_path / family), dtype="float32")
    point = resolve(model.network, "blocks.0.hook_resid_pre")
    for longer in (0, 1):
        ids = torch.full((1, model.context_limit + len(model.front) + len(model.back) + longer), 9)
        if longer:
            with pytest.raises((IndexError, RuntimeError)):
                capture(model.network, [point], ids, None)
        else:
            capture(model.network, [point], ids, None)


def test_a_decoder_without_its_output_layer_predicts_nothing(tmp_path: Path) -> None:
    network = network_of("llama")
    model = load_language_model(saved(network.model, KINDS["byte-level"](), tmp_path / "bare"), dtype="float32")
    assert not model.predicts_next
    assert str(resolve(model.network, "blocks.1.hook_resid_post")) == "layers.1"


def test_a_decoder_that_looks_ahead_predicts_nothing(tmp_path: Path) -> None:
    network = network_of("gemma3_text")
    network.config.use_bidirectional_attention = True
    model = load_language_model(saved(network, KINDS["byte-level"](), tmp_path / "both-ways"), dtype="float32")
    assert not model.predicts_next


def test_the_language_model_of_a_multimodal_one_is_read_as_text(tmp_path: Path) -> None:
    model = load_language_model(saved(multimodal_gemma(), KINDS["byte-level"](), tmp_path / "gemma"), dtype="float32")
    assert (model.width, model.blocks, model.predicts_next) == (WIDTH, 3, True)
    assert str(resolve(model.network, "blocks.1.hook_resid_post")) == "model.language_model.layers.1"


def test_an_encoder_with_a_decoder_is_refused(tmp_path: Path) -> None:
    import transformers

    config = transformers.T5Config(vocab_size=400, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4)
    folder = saved(transformers.T5ForConditionalGeneration(config), KINDS["byte-level"](), tmp_path / "t5")
    with pytest.raises(BadModel, match="is an encoder with a decoder"):
        load_language_model(folder)


@pytest.mark.parametrize(
    ("kind", "family", "front", "back"),
    [
        ("byte-level", "llama", ["<|endoftext|>"], []),
        ("sentence-piece-bpe", "llama", ["<bos>"], []),
        ("sentence-piece-unigram", "llama", ["<s>"], []),
        ("word-piece", "bert", ["[CLS]"], ["[SEP]"]),
        ("sentence-piece-unigram", "bert", ["<s>"], ["</s>"]),
    ],
)
def test_special_tokens_are_those_of_training(
    kind: str, family: str, front: list[str], back: list[str], tmp_path: Path
) -> None:
    model = load_language_model(saved(network_of(family), KINDS[kind](), tmp_path / kind), dtype="float32")
    assert model.tokenizer.convert_ids_to_tokens(list(model.front)) == front
    assert model.tokenizer.convert_ids_to_tokens(list(model.back)) == back


def test_auto_takes_bfloat16_where_the_processor_multiplies_in_it(
    model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu = torch.device("cpu")
    for able, dtype in (({"avx512_bf16": True}, "bfloat16"), ({"avx512_f": True, "avx512_bf16": False}, "float32")):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: able)
        assert dtype_for("auto", cpu) == dtype
        model = load_language_model(model_folder)
        assert model.dtype == dtype
        assert str(model.network.dtype) == f"torch.{dtype}"
    assert dtype_for("float16", cpu) == "float16"


def test_a_dtype_that_does_not_exist_is_refused(model_folder: Path) -> None:
    with pytest.raises(BadModel, match="use one of auto, bfloat16, float32, float16"):
        load_language_model(model_folder, dtype="int3")


def split(folder: Path, tensors: dict[str, torch.Tensor], *parts: list[str]) -> None:
    """Lay weights out in several files and an index, as transformers does with large models."""
    index = {}
    for number, names in enumerate(parts, 1):
        file = f"model-{number:05d}-of-{len(parts):05d}.safetensors"
        save_file({name: tensors[name] for name in names}, folder / file, metadata={"format": "pt"})
        index |= dict.fromkeys(names, file)
    record = {"metadata": {}, "weight_map": index}
    (folder / "model.safetensors.index.json").write_text(json.dumps(record), encoding="utf-8")


def test_the_revision_follows_the_weights_and_not_the_files(copied: Path) -> None:
    before = load_language_model(copied, dtype="float32")
    tensors = load_file(copied / "model.safetensors")
    (copied / "model.safetensors").unlink()
    names = sorted(tensors)
    split(copied, tensors, names[9:], names[:9])
    after = load_language_model(copied, dtype="float32")
    assert after.revision == before.revision == weights_digest(copied)
    for name, parameter in before.network.named_parameters():
        assert torch.equal(parameter, after.network.get_parameter(name))
    tensors[names[-1]][0] += 1
    split(copied, tensors, names[9:], names[:9])
    assert weights_digest(copied) != before.revision


def test_files_that_transformers_does_not_load_change_no_revision(copied: Path) -> None:
    before = weights_digest(copied)
    save_file({"extra": torch.zeros(3)}, copied / "consolidated.safetensors")
    assert weights_digest(copied) == before


def test_tied_weights_are_kept_once_and_load(tmp_path: Path) -> None:
    network = network_of("qwen2")
    network.config.tie_word_embeddings = True
    network.tie_weights()
    folder = saved(network, KINDS["byte-level"](), tmp_path / "tied")
    assert "lm_head.weight" not in load_file(folder / "model.safetensors")
    model = load_language_model(folder, dtype="float32")
    assert model.network.lm_head.weight is model.network.model.embed_tokens.weight


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match=r"config\.json is missing"):
        load_language_model(tmp_path)
    with pytest.raises(BadModel, match="there is no such folder"):
        load_language_model(tmp_path / "nowhere")


def test_pickled_weights_are_not_loaded(copied: Path) -> None:
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    with pytest.raises(BadModel, match="pickled ones are not loaded"):
        load_language_model(copied)


def test_truncated_weights_are_refused(copied: Path) -> None:
    weights = copied / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(BadModel, match="damaged"):
        load_language_model(copied)


def test_a_missing_shard_is_refused(copied: Path) -> None:
    tensors = load_file(copied / "model.safetensors")
    (copied / "model.safetensors").unlink()
    names = sorted(tensors)
    split(copied, tensors, names[9:], names[:9])
    (copied / "model-00001-of-00002.safetensors").unlink()
    with pytest.raises(BadModel, match="damaged"):
        load_language_model(copied)


def test_missing_tensors_are_not_made_up(copied: Path) -> None:
    tensors = load_file(copied / "model.safetensors")
    del tensors["model.layers.1.mlp.down_proj.weight"]
    save_file(tensors, copied / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BadModel, match=r"lack 1 tensors of the model, such as layers\.1\.mlp"):
        load_language_model(copied)


def test_tensors_of_the_wrong_shape_are_refused(copied: Path) -> None:
    tensors = load_file(copied / "model.safetensors")
    tensors["model.norm.weight"] = torch.ones(7)
    save_file(tensors, copied / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BadModel, match="cannot load"):
        load_language_model(copied)


def with_added_tokens(folder: Path, *tokens: str) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    known = tokenizer["added_tokens"][0]
    tokenizer["added_tokens"] += [{**known, "id": 400 + i, "content": token} for i, token in enumerate(tokens)]
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))


def test_a_tokenizer_that_does_not_fit_the_model_is_refused(copied: Path) -> None:
    with_added_tokens(copied, *(f"<extra{i}>" for i in range(5)))
    with pytest.raises(BadModel, match=r"5 tokens, such as '<extra\d>', beyond the 400 .* do not belong together"):
        load_language_model(copied)


def test_a_placeholder_of_pictures_need_not_be_embedded(copied: Path) -> None:
    """The text-only models of Gemma 3 share the tokenizer of the multimodal ones."""
    with_added_tokens(copied, "<image_soft_token>")
    settings = copied / "tokenizer_config.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "image_token": "<image_soft_token>"}))
    assert load_language_model(copied).front == (0,)


def test_a_broken_config_is_refused(copied: Path) -> None:
    for config in ('{"model_type": "no-such-model"}', "{", "[]"):
        (copied / "config.json").write_text(config)
        with pytest.raises(BadModel, match="cannot load"):
            load_language_model(copied)


@pytest.mark.model
def test_the_reference_model_adds_up_and_reads_its_logits_off_the_last_block(reference_folder: Path) -> None:
    model: LanguageModel = load_language_model(reference_folder, dtype="float32")
    assert (model.width, model.blocks, model.front, model.back) == (576, 30, (0,), ())
    assert (model.predicts_next, model.context_limit) == (True, 8191)
    (batch,) = batches(list(cut([TEXT], model.tokenizer, context_tokens=60, overlap_tokens=0)), model=model)
    names = ("hook_resid_pre", "hook_attn_out", "hook_resid_mid", "hook_mlp_out", "hook_resid_post")
    points = [resolve(model.network, f"blocks.{block}.{name}") for block in (15, 29) for name in names]
    *fifteenth, before, attention, middle, mlp, last = capture(model.network, points, batch.ids, batch.mask)
    torch.testing.assert_close(before + attention, middle, rtol=0, atol=0)
    torch.testing.assert_close(middle + mlp, last, rtol=0, atol=0)
    states = model.network(input_ids=batch.ids, output_hidden_states=True)
    torch.testing.assert_close(fifteenth[-1], states.hidden_states[16], rtol=0, atol=0)
    torch.testing.assert_close(model.unembed(last[0]), states.logits[0], rtol=1e-3, atol=1e-3)
