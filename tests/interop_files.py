"""Files of other tools, written by our own code in their formats: small, and wherever possible by hand."""

import gzip
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORDS = ("troponin", "wheeze", "insulin", "fracture", "lithium", "sepsis")
WINDOWS = 120
"""Windows of text a set of files, each of two passages."""


def tokens_of(text: str) -> list[str]:
    """Words with the space in front of them, as most vocabularies have them."""
    words = text.split(" ")
    return [words[0], *(f" {word}" for word in words[1:])]


def window(number: int) -> list[str]:
    """Tokens of the numbered window: 60 words, two of WORDS among them, no two windows alike."""
    filler = [
        f"{'abcdefghijklmnopqrstuvwxyz'[(number * 7 + place * 5) % 26]}{'aeiou'[place % 5]}{number}x{place}"
        for place in range(58)
    ]
    filler[10] = WORDS[number % len(WORDS)]
    filler[45] = WORDS[(number + 1) % len(WORDS)]
    return tokens_of("Seen on " + " ".join(filler[:30]) + ". Then " + " ".join(filler[30:]) + ".")


def activations(tokens: list[str], latent: int, strength: float) -> list[float]:
    """The latent fires on its own word."""
    word = WORDS[latent % len(WORDS)]
    return [round(strength, 3) if token.strip() == word else 0.0 for token in tokens]


def fires_in(number: int) -> bool:
    """Latents stay silent in every fourth window, also on their own word: there the look-alikes are."""
    return number % 4 != 3


def examples(latent: int) -> list[dict[str, Any]]:
    """As many windows as dashboards show: the strongest, then five bands; the last ones silent."""
    found = []
    for number in range(WINDOWS):
        tokens = window(number)
        values = activations(tokens, latent, 20.0 - number / 8 if fires_in(number) else 0.0)
        top = number < 20
        found.append(
            {
                "bin_min": -1 if top else 0.0,
                "bin_max": 20.0,
                "bin_contains": -1 if top else 0.4,
                "tokens": tokens,
                "values": values,
                "qualifying_token_index": int(np.argmax(values)),
                "dfa_values": None,
                "dfa_maxValue": None,
                "dfa_targetIndex": None,
            }
        )
    return found


def histogram(latent: int) -> tuple[list[int], list[float]]:
    """50 bars whose sum is the latent's firings in the whole corpus."""
    return [max(0, 40 - bar) * (latent + 1) for bar in range(50)], [round(0.2 + bar * 0.4, 3) for bar in range(50)]


def feature(latent: int) -> dict[str, Any]:
    heights, values = histogram(latent)
    return {
        "feature_index": latent,
        "neuron_alignment_indices": [1, 2],
        "neuron_alignment_values": [0.3, 0.2],
        "neuron_alignment_l1": [0.1, 0.1],
        "correlated_neurons_indices": [],
        "correlated_neurons_l1": [],
        "correlated_neurons_pearson": [],
        "correlated_features_indices": [3],
        "correlated_features_l1": [0.1],
        "correlated_features_pearson": [0.2],
        "neg_str": [" the", "âĢĵ"],
        "neg_values": [-0.5, -0.4],
        "pos_str": [" pain", "Ġchest"],
        "pos_values": [0.9, 0.8],
        "frac_nonzero": 0.00103,
        "freq_hist_data_bar_values": values,
        "freq_hist_data_bar_heights": heights,
        "logits_hist_data_bar_heights": [1, 2],
        "logits_hist_data_bar_values": [-0.1, 0.1],
        "n_prompts_total": 24576,
        "n_tokens_in_prompt": 128,
        "dataset": "notes",
        "activations": examples(latent),
        "decoder_weights_dist": [],
        "vector": [],
    }


def write_saedashboard(folder: Path, *, latents: int = 6, a_file: int = 3, **changes: Any) -> Path:
    """batch-N.json; `changes` to the first feature."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, first in enumerate(range(0, latents, a_file)):
        features = [feature(latent) for latent in range(first, min(latents, first + a_file))]
        if not number:
            features[0] |= changes
        batch = {"model_id": "small", "layer": 3, "sae_set": "res-notes", "sae_id_suffix": None, "features": features}
        (folder / f"batch-{number}.json").write_text(json.dumps(batch))
    return folder


def write_neuronpedia(folder: Path, *, latents: int = 6, explained: bool = True, zipped: bool = True) -> Path:
    """A source folder in the bulk layout."""
    source = {"id": "3-res-notes", "modelId": "small", "setName": "res-notes", "creatorId": "someone"}
    lines(folder / "source.jsonl", [source | {"num_prompts": 24576, "num_tokens_in_prompt": 128, "dataset": "notes"}])
    named = {"modelId": "small", "layer": "3-res-notes"}
    features, shown, explanations = [], [], []
    for latent in range(latents):
        known = feature(latent)
        windows = known.pop("activations")
        for gone in ("feature_index", "n_prompts_total", "n_tokens_in_prompt", "dataset"):
            known.pop(gone)
        features.append(
            {
                **named,
                "index": str(latent),
                "creatorId": "someone",
                "maxActApprox": 20.0,
                "hasVector": False,
                "hookName": "blocks.3.hook_resid_post",
                "topkCosSimIndices": [latent, (latent + 1) % latents],
                "topkCosSimValues": [1.0, 0.4],
                **known,
            }
        )
        shown += [
            {
                **named,
                "id": f"c{latent}-{number}",
                "index": str(latent),
                "tokens": one["tokens"],
                "values": one["values"],
                "maxValue": max(one["values"]),
                "maxValueTokenIndex": one["qualifying_token_index"],
                "minValue": 0.0,
                "binMin": one["bin_min"],
                "binMax": one["bin_max"],
                "binContains": one["bin_contains"],
                "qualifyingTokenIndex": one["qualifying_token_index"],
                "creatorId": "someone",
            }
            for number, one in enumerate(windows)
        ]
        explanations.append(
            {
                **named,
                "id": f"e{latent}",
                "index": str(latent),
                "description": f"mentions of {WORDS[latent % len(WORDS)]}",
                "authorId": "someone",
                "typeName": "np_max-act",
                "explanationModelName": "a-model",
                "notes": None,
                "createdAt": "2026-01-02T03:04:05",
            }
        )
    ending = ".jsonl.gz" if zipped else ".jsonl"
    lines(folder / "features" / f"batch-0{ending}", features)
    lines(folder / "activations" / f"batch-0{ending}", shown)
    if explained:
        lines(folder / "explanations-a-model" / f"batch-0{ending}", explanations)
    return folder


def lines(path: Path, records: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = "".join(json.dumps(record) + "\n" for record in records).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


VOCABULARY = ["<|end|>", *sorted({token for number in range(WINDOWS) for token in window(number)})]
NUMBERS = {token: number for number, token in enumerate(VOCABULARY)}
"""What the tokens of `write_delphi` stand for."""


def write_delphi(folder: Path, *, latents: int = 6, splits: int = 2, rows: int = WINDOWS, **config: Any) -> Path:
    """A hook point's cache and, beside it, its tokenizer.json. Each row is a window, cut to the shortest one's length,
    with an end token in the middle of every third."""
    hook = folder / "layers.3"
    hook.mkdir(parents=True, exist_ok=True)
    windows = [window(number) for number in range(rows)]
    length = min(len(one) for one in windows)
    tokens = np.array([[NUMBERS[token] for token in one[:length]] for one in windows], np.int64)
    tokens[::3, 31] = NUMBERS["<|end|>"]
    firing = [
        (row, place, latent, 20.0 - row / 8)
        for latent in range(latents)
        for row, one in enumerate(windows)
        if fires_in(row)
        for place, value in enumerate(activations(one[:length], latent, 1.0))
        if value
    ]
    for number in range(splits):
        first, last = latents * number // splits, latents * (number + 1) // splits - 1
        own = [row for row in firing if first <= row[2] <= last]
        save_tensors(
            hook / f"{first}_{last}.safetensors",
            {
                "locations": np.array([(row, place, latent - first) for row, place, latent, _ in own], np.uint16),
                "activations": np.array([value for *_, value in own], np.float16),
                "tokens": tokens,
            },
        )
    settings = {"dataset_repo": "notes", "cache_ctx_len": length, "n_splits": splits, "model_name": "small"} | config
    (hook / "config.json").write_text(json.dumps(settings))
    write_tokenizer(folder / "tokenizer.json")
    return hook


def write_tokenizer(path: Path) -> None:
    """In the byte alphabet, where a space is Ġ."""
    table = {token.replace(" ", "Ġ"): number for token, number in NUMBERS.items()}
    added = [{"id": 0, "content": "<|end|>", "special": True}]
    path.write_text(
        json.dumps({"model": {"type": "BPE", "vocab": table}, "decoder": {"type": "ByteLevel"}, "added_tokens": added})
    )


DTYPES = {"uint16": "U16", "uint32": "U32", "float16": "F16", "float32": "F32", "int64": "I64"}


def save_tensors(path: Path, tensors: dict[str, NDArray[Any]]) -> None:
    header, offset = {}, 0
    for name, values in tensors.items():
        header[name] = {
            "dtype": DTYPES[values.dtype.name],
            "shape": list(values.shape),
            "data_offsets": [offset, offset + values.nbytes],
        }
        offset += values.nbytes
    text = json.dumps(header).encode()
    body = b"".join(np.ascontiguousarray(values).tobytes() for values in tensors.values())
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
