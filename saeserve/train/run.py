"""`saeserve train` from corpus to report."""

import dataclasses
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from saeserve.artifacts import file_digest
from saeserve.contract import canonical_json
from saeserve.hook_points import HookPoint, resolve
from saeserve.language_model import LanguageModel, load_language_model
from saeserve.refusal import Refusal
from saeserve.sinks import SINK_MULTIPLE, sink_point, sinks_of
from saeserve.train.activations import (
    Activations,
    Place,
    cache_activations,
    cached_activations,
    part_files,
    real_activations,
)
from saeserve.train.cost import cost_of
from saeserve.train.held_out import HeldOut, held_out_at
from saeserve.train.loop import Trained, train
from saeserve.train.measure import Plain, measure, plain_cross_entropy
from saeserve.train.plan import Part, TrainPlan, split
from saeserve.train.recipe import Recipe
from saeserve.train.scorer import Scorer
from saeserve.train.sweep import Candidate, best
from saeserve.train.write import Subject, write_sae

PROBE_WINDOWS = 32
Say = Callable[[str], None]


class NoFolder(Refusal):
    """The SAE cannot be written where it was asked for."""


@dataclass(frozen=True)
class Ground:
    """What all SAEs of a plan are trained and measured with."""

    plan: TrainPlan
    model: LanguageModel
    train: Part
    held_out: Part
    plain: Plain | None


def train_saes(plan: TrainPlan, *, command: str, say: Say) -> list[Path]:
    """Train one SAE a hook point, and write each with card and report. Continues what was interrupted.

    Returns their folders. Raises a Refusal with the reason.
    """
    _check(plan)
    model = load_language_model(plan.model, dtype=plan.dtype, device=plan.device, offline=plan.offline)
    points = [resolve(model.network, name) for name in plan.hook_points]
    train_part, held_part = split(plan, model.tokenizer)
    say(f"{len(train_part.documents)} training and {len(held_part.documents)} held-out documents")
    places = _places(plan, model, points, train_part)
    cache_activations(model, places, train_part.windows, say=say)
    say("reading the held-out documents")
    held_outs = held_out_at(model, places, held_part)
    ground = Ground(
        plan, model, train_part, held_part, plain_cross_entropy(model, held_part.windows, tokens=plan.ce_tokens)
    )
    into = [plan.into if len(points) == 1 else plan.into / folder_name(point) for point in points]
    for place, held_out, folder in zip(places, held_outs, into, strict=True):
        _train_one(ground, place, held_out, folder, command=command, say=say)
    return into


def folder_name(point: HookPoint) -> str:
    """`layer-09` for what block 9 puts out, else the point's own name."""
    block = re.fullmatch(r"[a-z_.]+\.(\d+)", str(point))
    return f"layer-{int(block.group(1)):02d}" if block else str(point).replace(":", "-")


def _check(plan: TrainPlan) -> None:
    """Raises what would be refused only after hours otherwise."""
    if plan.into.exists() and not plan.into.is_dir():
        raise NoFolder(f"{plan.into} is a file; give a folder for the SAE.")
    cost_of(0.0, plan.assumptions, threads=1, device=plan.device)
    if plan.scorer is not None:
        Scorer(plan.scorer, device="cpu")


def _train_one(ground: Ground, place: Place, held_out: HeldOut, into: Path, *, command: str, say: Say) -> None:
    plan = ground.plan
    activations = cached_activations(place, ground.train.windows)
    tried = [_try(ground, place, activations, held_out, recipe, say=say) for recipe in plan.tried]
    recipe = plan.recipe
    if tried:
        kept = best(tried, l0_limit=plan.l0_limit).recipe
        recipe = dataclasses.replace(kept, epochs=recipe.epochs)
        say(f"kept: {kept.label}")
    trained = _train(ground, place, activations, recipe, len(activations.values), say=say)
    say(f"measuring, and writing to {into}")
    subject = Subject(
        plan=plan,
        model=ground.model,
        place=place,
        recipe=recipe,
        train=ground.train,
        activations=activations,
        held_out=held_out,
        plain=ground.plain,
        tried=tried,
        trained=trained,
    )
    write_sae(subject, into, command=command)
    say(f"The SAE at {place.point}, its card and its report are in {into}.")


def _try(
    ground: Ground, place: Place, activations: Activations, held_out: HeldOut, recipe: Recipe, *, say: Say
) -> Candidate:
    tokens = min(ground.plan.tried_tokens, len(activations.values))
    say(f"trying {recipe.label} on {tokens:,} tokens")
    trained = _train(ground, place, activations, recipe, tokens, say=say)
    found = measure(ground.model, place, trained.coder, held_out, ground.plain)
    quality = found.reconstruction
    rise = "" if found.rise is None else f", rise of cross-entropy {found.rise.mean:.4f} ± {found.rise.error:.4f}"
    say(f"{recipe.label}: FVE {quality.fve:.4f}, L0 {quality.l0:.2f}, dead {quality.dead}{rise}")
    return Candidate(recipe, tokens, found, trained.seconds)


def _train(ground: Ground, place: Place, activations: Activations, recipe: Recipe, tokens: int, *, say: Say) -> Trained:
    """On the first `tokens` activations, from its checkpoint where there is one."""
    names = [file.stem for _, file in part_files(place, ground.train.windows)]
    basis = [dataclasses.asdict(recipe), names, tokens]
    key = hashlib.sha256(canonical_json(basis).encode()).hexdigest()[:16]
    checkpoint = place.folder / f"checkpoint-{key}.safetensors"
    return train(recipe, activations.values[:tokens], checkpoint, device=ground.plan.device, say=say)


def _places(plan: TrainPlan, model: LanguageModel, points: list[HookPoint], part: Part) -> list[Place]:
    corpus = file_digest(plan.corpus)
    tell = [sink_point(model.network, point) for point in points]
    probe = real_activations(model, tell, part.windows[:PROBE_WINDOWS])
    borders = [sinks_of(values, multiple=SINK_MULTIPLE, point=at) for values, at in zip(probe, tell, strict=True)]
    return [
        Place(point, sinks, plan.cache / cache_key(plan, model, point, corpus))
        for point, sinks in zip(points, borders, strict=True)
    ]


def cache_key(plan: TrainPlan, model: LanguageModel, point: HookPoint, corpus: str) -> str:
    """Names the folder of cached activations and checkpoints. corpus: the file's digest."""
    basis = [model.revision, model.dtype, str(point), corpus, plan.context_tokens]
    return hashlib.sha256(canonical_json(basis).encode()).hexdigest()[:32]
