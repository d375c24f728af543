"""Training of a TopK SAE, with gradients written by hand.

Only k of the latents of a token carry a gradient. Autograd through the dense [token, latent] matrix is five times
slower than the sparse products below.

    loss = |x^ - x|^2 + AUX_WEIGHT |e^ - e|^2,   e = x - x^ held fixed,   e^ from the AUX_K strongest dead latents

(Gao et al. 2024, arXiv 2406.04093, section A.2.) Rows of the decoder have norm 1 throughout.
"""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import embedding_bag, normalize

from saeserve.artifacts import write_atomically
from saeserve.coders.topk import TopK
from saeserve.train.plan import TrainPlan

DEAD_AFTER = 200_000
"""Tokens without a firing after which a latent counts as dead while training."""
AUX_K = 256
AUX_WEIGHT = 1 / 32
WARM_UP_STEPS = 200
COOL_DOWN_SHARE = 0.2
CHECKPOINT_STEPS = 250
Say = Callable[[str], None]


class TopKTrainer:
    """Parameters, optimiser and the count of silent tokens: all that a checkpoint holds."""

    def __init__(self, plan: TrainPlan, mean: Tensor, scale: float) -> None:
        """mean: [width] of raw activations. scale: raw activations times it have mean square 1."""
        self.k, self.scale = plan.k, scale
        generator = torch.Generator().manual_seed(plan.seed)
        directions = normalize(torch.randn(plan.width, len(mean), generator=generator), dim=1)
        # Each parameter has the memory layout of its gradient: fused Adam scrambles a transposed view in silence.
        self.encoder = directions.clone()
        self.encoder_bias = torch.zeros(plan.width)
        self.decoder = directions
        self.decoder_bias = (mean * scale).contiguous()
        self.silent = torch.zeros(plan.width, dtype=torch.long)
        self.optimiser = torch.optim.Adam(self.parameters, lr=plan.learning_rate, betas=(0.9, 0.999), fused=True)

    @property
    def parameters(self) -> list[Tensor]:
        return [self.encoder, self.encoder_bias, self.decoder, self.decoder_bias]

    def step(self, raw: Tensor, learning_rate: float) -> float:
        """One step on raw activations [token, width]. Returns the share of variance left unexplained in the batch."""
        inputs = raw.float() * self.scale
        centred = inputs - self.decoder_bias
        before = torch.addmm(self.encoder_bias, centred, self.encoder.T)
        values, latents = before.topk(self.k, dim=1)
        values = values.relu()
        error = embedding_bag(latents, self.decoder, per_sample_weights=values, mode="sum") - centred
        gradients = self._gradients(centred, latents, values, 2 * error / len(raw))
        gradients[3] += 2 * error.mean(dim=0)
        self._count_silent(latents[values > 0], len(raw))
        self._add_auxiliary(gradients, centred, before, error)
        self._apply(gradients, learning_rate)
        return float(error.square().sum() / (inputs - inputs.mean(dim=0)).square().sum())

    def coder(self) -> TopK:
        """The SAE on raw activations: the scale is folded into the biases; both weight matrices are scale-free."""
        return TopK(
            W_enc=self.encoder.T.contiguous(),
            b_enc=self.encoder_bias / self.scale,
            W_dec=self.decoder.clone(),
            b_dec=self.decoder_bias / self.scale,
            k=self.k,
        )

    def _gradients(self, centred: Tensor, latents: Tensor, values: Tensor, gradient: Tensor) -> list[Tensor]:
        """Gradients of the four parameters, from the loss's gradient with respect to the reconstruction."""
        before = (gradient @ self.decoder.T).gather(1, latents) * (values > 0)
        encoder_bias = torch.zeros_like(self.encoder_bias).index_add_(0, latents.reshape(-1), before.reshape(-1))
        return [
            scatter_product(latents, before, centred, len(self.encoder)),
            encoder_bias,
            scatter_product(latents, values, gradient, len(self.decoder)),
            -(encoder_bias @ self.encoder),
        ]

    def _add_auxiliary(self, gradients: list[Tensor], centred: Tensor, before: Tensor, error: Tensor) -> None:
        dead = torch.nonzero(self.silent > DEAD_AFTER).squeeze(1)
        if not len(dead):
            return
        values, places = before[:, dead].topk(min(AUX_K, len(dead)), dim=1)
        latents, values = dead[places], values.relu()
        left = embedding_bag(latents, self.decoder, per_sample_weights=values, mode="sum") + error
        extra = self._gradients(centred, latents, values, 2 * AUX_WEIGHT * left / len(centred))
        for gradient, addition in zip(gradients, extra, strict=True):
            gradient += addition

    def _count_silent(self, fired: Tensor, tokens: int) -> None:
        self.silent += tokens
        self.silent[fired] = 0

    def _apply(self, gradients: list[Tensor], learning_rate: float) -> None:
        along = (gradients[2] * self.decoder).sum(dim=1, keepdim=True)
        gradients[2] -= along * self.decoder
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        self.optimiser.param_groups[0]["lr"] = learning_rate
        self.optimiser.step()
        self.decoder.copy_(normalize(self.decoder, dim=1))

    def save(self, path: Path, step: int) -> None:
        state = {f"parameter.{i}": parameter for i, parameter in enumerate(self.parameters)}
        for i, parameter in enumerate(self.parameters):
            state |= {f"{name}.{i}": value for name, value in self.optimiser.state[parameter].items()}
        state |= {"silent": self.silent, "done": torch.tensor(step)}
        write_atomically(path, lambda aside: save_file(state, aside))

    def restore(self, path: Path) -> int:
        """Continue from a checkpoint. Returns the number of steps done, 0 without one."""
        if not path.is_file():
            return 0
        state = load_file(path)
        for i, parameter in enumerate(self.parameters):
            parameter.copy_(state[f"parameter.{i}"])
            self.optimiser.state[parameter] = {name: state[f"{name}.{i}"] for name in ("step", "exp_avg", "exp_avg_sq")}
        self.silent = state["silent"]
        return int(state["done"])


def train(plan: TrainPlan, activations: Tensor, checkpoint: Path, *, say: Say) -> TopK:
    """Train on raw activations [token, width], continuing from `checkpoint` where it exists."""
    mean = activations.float().mean(dim=0)
    scale = float(1 / activations.float().square().mean().sqrt())
    trainer = TopKTrainer(plan, mean, scale)
    done = trainer.restore(checkpoint)
    steps = plan.epochs * (len(activations) // plan.batch)
    for step, rows in enumerate(_row_batches(plan, len(activations))):
        if step < done:
            continue
        unexplained = trainer.step(activations[rows], plan.learning_rate * _schedule(step, steps))
        if (step + 1) % CHECKPOINT_STEPS == 0 or step + 1 == steps:
            trainer.save(checkpoint, step + 1)
            dead = int((trainer.silent > DEAD_AFTER).sum())
            say(f"training: step {step + 1} of {steps}, FVE of the batch {1 - unexplained:.3f}, dead latents {dead}")
    return trainer.coder()


def _row_batches(plan: TrainPlan, rows: int) -> Iterator[Tensor]:
    for epoch in range(plan.epochs):
        order = torch.randperm(rows, generator=torch.Generator().manual_seed(plan.seed * 1000 + epoch))
        for number in range(rows // plan.batch):
            yield order[number * plan.batch : (number + 1) * plan.batch]


def _schedule(step: int, steps: int) -> float:
    warm = (step + 1) / min(WARM_UP_STEPS, steps)
    cool = (steps - step) / max(1, COOL_DOWN_SHARE * steps)
    return min(1.0, warm, cool)


def scatter_product(latents: Tensor, weights: Tensor, rows: Tensor, width: int) -> Tensor:
    """[latent, width]: sum over tokens t and slots s with latents[t, s] = latent of weights[t, s] * rows[t]."""
    flat = latents.reshape(-1)
    order = flat.argsort(stable=True)
    starts = torch.zeros(width + 1, dtype=torch.long)
    starts[1:] = torch.bincount(flat, minlength=width).cumsum(0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        matrix = torch.sparse_csr_tensor(
            starts,
            order // latents.shape[1],
            weights.reshape(-1)[order],
            size=(width, len(rows)),
            check_invariants=False,
        )
    return matrix @ rows
