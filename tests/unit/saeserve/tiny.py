"""A language model, a tokenizer and a corpus small enough for a test, made from seeds and from sentences of ours."""

import json
import random
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

WIDTH, HOOK_POINT = 32, "model.layers.1"
SUBJECTS = [
    "The patient",
    "A 54-year-old man",
    "She",
    "The child",
    "His mother",
    "The nurse",
    "Mrs. Okoye",
    "The resident",
]
VERBS = ["denies", "reports", "was admitted with", "has a history of", "presented with", "was treated for", "fears"]
FINDINGS = [
    "chest pain", "shortness of breath", "a swollen left knee", "fever of 38.9 °C", "haematuria", "type 2 diabetes",
    "ST elevation in leads II, III and aVF", "a productive cough", "atrial fibrillation", "blurred vision",
    "pain radiating to the jaw", "an itchy rash", "weight loss of 6 kg", "a tender abdomen", "migraine 🤕",
    "naïve cells",
]  # fmt: skip
ENDS = [
    "since Monday",
    "for three weeks",
    "on the right side",
    "at rest",
    "after surgery",
    "despite aspirin 75 mg o.d.",
]
SPECIALTIES = ["Cardiology", "Orthopaedics", "Neurology"]


def sentence(chance: random.Random) -> str:
    words = chance.choice(SUBJECTS), chance.choice(VERBS), chance.choice(FINDINGS), chance.choice(ENDS)
    return " ".join(words) + "."


def note(chance: random.Random, sentences: int) -> str:
    lines = [f"{chance.choice(['HISTORY', 'EXAM', 'PLAN'])}:"]
    lines += [sentence(chance) + ("\n\n" if chance.random() < 0.2 else "") for _ in range(sentences)]
    return " ".join(lines).strip()


def documents(number: int, *, seed: int = 7) -> list[dict[str, str]]:
    """Notes of 6 to 20 sentences, then one of a single word."""
    chance = random.Random(seed)
    notes = [
        {
            "id": f"note-{i:03d}",
            "text": note(chance, chance.randint(6, 20)),
            "specialty": chance.choice(SPECIALTIES),
            "note_type": "progress",
        }
        for i in range(number - 1)
    ]
    return [*notes, {"id": "one-word", "text": "Deceased", "specialty": "", "note_type": ""}]


def write_jsonl(path: Path, records: list[dict[str, str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def write_model(folder: Path, *, seed: int = 11) -> Path:
    """A Llama of four blocks with random weights, and a byte-level tokenizer trained on the sentences above."""
    words = tokenizer()
    torch.manual_seed(seed)
    network = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(words),
            hidden_size=WIDTH,
            intermediate_size=64,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=512,
            initializer_range=0.3,
            bos_token_id=0,
            eos_token_id=0,
        )
    )
    network.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def tokenizer() -> PreTrainedTokenizerFast:
    chance = random.Random(3)
    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bare.train_from_iterator((sentence(chance) for _ in range(300)), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bare, eos_token="<|endoftext|>")
