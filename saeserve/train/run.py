"""`saeserve train` from corpus to card."""

import hashlib
import time
from collections.abc import Callable

import torch

from saeserve.artifacts import file_digest
from saeserve.coders.topk import TopK
from saeserve.contract import canonical_json
from saeserve.formats.saelens import write_saelens
from saeserve.hooks import module_path
from saeserve.language_model import LanguageModel, load_language_model
from saeserve.quality import CrossEntropy, cross_entropy, reconstruction
from saeserve.sinks import Sinks, sinks_of
from saeserve.train.activations import cached_activations, real_activations
from saeserve.train.card import Measured, write_card
from saeserve.train.plan import Part, TrainPlan, split
from saeserve.train.topk import train
from saeserve.windows import Window, batches

PROBE_WINDOWS = 32
CROSS_ENTROPY_TOKENS = 16_000
Say = Callable[[str], None]


def train_sae(plan: TrainPlan, *, command: str, say: Say) -> None:
    """Train, measure on held-out documents, and write SAE and card to `plan.into`. Continues what was interrupted."""
    started = time.monotonic()
    model = load_language_model(plan.model, dtype=plan.dtype)
    path = module_path(model.network, plan.hook_point)
    train_part, held_part = split(plan, model.tokenizer)
    say(f"{train_part.documents} training and {held_part.documents} held-out documents")
    sinks = _sinks(model, path, train_part)
    folder = plan.cache / _key(plan, model, path)
    held = cached_activations(model, path, held_part.windows, sinks, folder, say=say)
    activations = cached_activations(model, path, train_part.windows, sinks, folder, say=say)
    coder = train(plan, activations.values, folder / f"checkpoint-{_training_key(plan)}.safetensors", say=say)
    say("measuring on the held-out documents")
    measured = Measured(
        train_documents=train_part.documents,
        train_tokens=len(activations.values),
        held_out_documents=held_part.documents,
        dropped_train=activations.dropped,
        dropped_held_out=held.dropped,
        sink_norm=sinks.limit,
        reconstruction=reconstruction(coder, held.values),
        cross_entropy=_cross_entropy(model, path, coder, sinks, held_part),
        seconds=time.monotonic() - started,
    )
    write_saelens(plan.into, coder, metadata=_metadata(plan, model, path))
    write_card(plan, model, path, coder, measured, command=command)
    say(f"The SAE and its card are in {plan.into}.")


def _sinks(model: LanguageModel, path: str, part: Part) -> Sinks:
    probe = batches(part.windows[:PROBE_WINDOWS], front_token=model.front_token, device=model.device)
    return sinks_of(torch.cat([real_activations(model, path, batch) for batch in probe]))


def _cross_entropy(model: LanguageModel, path: str, coder: TopK, sinks: Sinks, part: Part) -> CrossEntropy:
    chosen: list[Window] = []
    for window in part.windows:
        if sum(map(len, chosen)) >= CROSS_ENTROPY_TOKENS:
            break
        chosen.append(window)
    probe = batches(chosen, front_token=model.front_token, device=model.device)
    return cross_entropy(model, path, coder, sinks, probe)


def _metadata(plan: TrainPlan, model: LanguageModel, path: str) -> dict[str, object]:
    block = path.rsplit(".", 1)[-1]
    return {
        "model_name": model.name,
        "hook_name": f"blocks.{block}.hook_resid_post" if block.isdigit() else path,
        "hf_hook_name": path,
        "context_size": plan.context_tokens + 1,
        "prepend_bos": True,
        "front_token": model.tokenizer.convert_ids_to_tokens(model.front_token),
    }


def _key(plan: TrainPlan, model: LanguageModel, path: str) -> str:
    """Names the folder of cached activations."""
    basis = [model.revision, model.dtype, path, file_digest(plan.corpus), plan.context_tokens]
    return hashlib.sha256(canonical_json(basis).encode()).hexdigest()[:32]


def _training_key(plan: TrainPlan) -> str:
    basis = [
        plan.width,
        plan.k,
        plan.train_tokens,
        plan.held_out_tokens,
        plan.epochs,
        plan.batch,
        plan.learning_rate,
        plan.seed,
    ]
    return hashlib.sha256(canonical_json(basis).encode()).hexdigest()[:16]
