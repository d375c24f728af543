"""The steps of a training: which rows, how fast, from which checkpoint."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Coder
from saeserve.train import checkpoint
from saeserve.train.batchtopk import BatchTopKTrainer
from saeserve.train.jumprelu import JumpReluTrainer
from saeserve.train.matryoshka import MatryoshkaTrainer
from saeserve.train.recipe import Recipe
from saeserve.train.relu import ReluTrainer
from saeserve.train.topk import TopKTrainer
from saeserve.train.trainer import Spread, Trainer, spread_of

WARM_UP_STEPS = 200
COOL_DOWN_SHARE = 0.2
CHECKPOINT_STEPS = 250
TRAINERS: tuple[type[Trainer], ...] = (
    TopKTrainer,
    BatchTopKTrainer,
    MatryoshkaTrainer,
    JumpReluTrainer,
    ReluTrainer,
)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Trained:
    """A trained SAE and what its training took."""

    coder: Coder
    steps: int
    seconds: float
    """Over all sittings, without those steps that were lost with a sitting."""
    dead: int
    """Latents without a firing over the last tokens of training."""


def new_trainer(recipe: Recipe, spread: Spread) -> Trainer:
    """The trainer of the recipe's architecture, before its first step."""
    chosen = {trainer.architecture: trainer for trainer in TRAINERS}[recipe.architecture]
    return chosen(recipe, spread)


@torch.no_grad()
def train(
    recipe: Recipe, activations: Float[Tensor, "token width"], path: Path, *, device: str = "cpu", say: Say
) -> Trained:
    """Train on raw activations, continuing from the checkpoint at `path` where it exists."""
    spread = spread_of(activations)
    trainer = new_trainer(recipe, Spread(spread.mean.to(device), spread.scale))
    done, spent = checkpoint.restore(trainer, path)
    steps = recipe.epochs * (len(activations) // recipe.batch)
    started = time.monotonic()
    for step, rows in enumerate(row_batches(recipe, len(activations))):
        if step < done:
            continue
        raw = activations[rows].to(device)
        if step == 0:
            trainer.begin(raw)
        rate = recipe.learning_rate * schedule(step, steps)
        unexplained = trainer.step(raw, learning_rate=rate, progress=step / steps)
        if (step + 1) % CHECKPOINT_STEPS == 0 or step + 1 == steps:
            seconds = spent + time.monotonic() - started
            checkpoint.save(trainer, path, step=step + 1, seconds=seconds)
            done, dead = step + 1, len(trainer.dead)
            say(f"training: step {done} of {steps}, FVE of the batch {1 - unexplained:.3f}, dead latents {dead}")
    return Trained(trainer.coder(), steps, spent + time.monotonic() - started, len(trainer.dead))


def row_batches(recipe: Recipe, rows: int) -> Iterator[Tensor]:
    """Rows of each step: every epoch in an order of its own, drawn from the seed; an incomplete batch is left out."""
    for epoch in range(recipe.epochs):
        order = torch.randperm(rows, generator=torch.Generator().manual_seed(recipe.seed * 1000 + epoch))
        for number in range(rows // recipe.batch):
            yield order[number * recipe.batch : (number + 1) * recipe.batch]


def schedule(step: int, steps: int) -> float:
    """Factor of the learning rate: up over the first steps, down to 0 over the last fifth."""
    warm = (step + 1) / min(WARM_UP_STEPS, steps)
    cool = (steps - step) / max(1, COOL_DOWN_SHARE * steps)
    return min(1.0, warm, cool)
