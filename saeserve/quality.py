"""How well an SAE reconstructs: on activations alone, and spliced into the model."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from saeserve.coders.base import Coder
from saeserve.hook_points import HookPoint
from saeserve.hooks import capture, replaced, run
from saeserve.language_model import LanguageModel
from saeserve.sinks import Sinks
from saeserve.windows import Batch

CHUNK_TOKENS = 1024
"""Tokens whose codes are held at once: 0.4 GB where a broken SAE fires on half of 65,536 latents."""
POWERS = 64
"""Activations are told apart from 2^-64 to 2^64."""

Rebuild = Callable[[Tensor], Tensor]
"""[token, input width] read at one point to [token, output width] written at another, both float32."""


@dataclass(frozen=True)
class Reconstruction:
    """Of activations by an SAE."""

    tokens: int
    fve: float
    """Fraction of variance explained, 1 - SSE / SST, SST about the mean activation; 0 where nothing varies."""
    l0: float
    """Mean number of firing latents a token."""
    norm_ratio: float
    """Mean norm of the reconstruction over mean norm of the activation; 0 where all activations are 0."""
    firings: Tensor
    """[latent] tokens on which it fires."""
    typical_power: int
    """Median over all firings of log2 of the activation, rounded; 0 where nothing fires."""

    @property
    def dead(self) -> int:
        """Latents that fire on none of these tokens."""
        return int((self.firings == 0).sum())


@dataclass(frozen=True)
class Splice:
    """A change of the model: what stands at one point is made anew from what is read at another."""

    point: HookPoint
    output_point: HookPoint
    sinks: Sinks
    """Sinks, like front tokens and padding, stay as they are."""
    rebuild: Rebuild


@dataclass(frozen=True)
class NextToken:
    """Cross-entropy of the next token, nats, over the counted tokens but each window's first, whose predictor is the
    front token."""

    tokens: int
    """0 where every window holds a single token: then there is nothing to predict, and the mean means nothing."""
    mean: float


def reconstruction(
    coder: Coder,
    read: Float[Tensor, "token input_width"],
    written: Float[Tensor, "token output_width"] | None = None,
) -> Reconstruction:
    """Compare what the SAE makes of `read` with the activations `written` at its output hook point.

    Both raw, any float dtype. `written` is left out where the SAE writes to where it reads.
    """
    target = read if written is None else written
    mean = target.double().mean(dim=0).float()
    firings = torch.zeros(coder.width, dtype=torch.long)
    powers = torch.zeros(2 * POWERS + 1, dtype=torch.long)
    left = total = norm = rebuilt_norm = 0.0
    for read_chunk, target_chunk in zip(
        torch.split(read, CHUNK_TOKENS), torch.split(target, CHUNK_TOKENS), strict=True
    ):
        inputs, exact = read_chunk.float(), target_chunk.float()
        codes = coder.encode(inputs)
        rebuilt = coder.decode(codes, inputs)
        left += float((exact - rebuilt).double().square().sum())
        total += float((exact - mean).double().square().sum())
        norm += float(exact.norm(dim=1).double().sum())
        rebuilt_norm += float(rebuilt.norm(dim=1).double().sum())
        firings += torch.bincount(codes.latents, minlength=coder.width).cpu()
        powers += _powers(codes.values)
    fired = int(firings.sum())
    return Reconstruction(
        tokens=len(read),
        fve=1 - left / total if total else 0.0,
        l0=fired / max(1, len(read)),
        norm_ratio=rebuilt_norm / norm if norm else 0.0,
        firings=firings,
        typical_power=int((powers.cumsum(0) < (fired + 1) // 2).sum()) - POWERS if fired else 0,
    )


def _powers(values: Float[Tensor, " firing"]) -> Tensor:
    """[power] how many activations lie nearest to each power of two."""
    nearest = values.float().log2().round().clamp(-POWERS, POWERS).long() + POWERS
    return torch.bincount(nearest, minlength=2 * POWERS + 1).cpu()


def by_sae(coder: Coder) -> Rebuild:
    """What the SAE writes."""
    return lambda read: coder.decode(coder.encode(read), read)


def by_mean(written: Float[Tensor, "token output_width"]) -> Rebuild:
    """The mean activation whatever was read: what the model loses without the information at that point."""
    mean = written.double().mean(dim=0).float()
    return lambda read: mean.expand(len(read), -1)


@torch.inference_mode()
def next_token(model: LanguageModel, probe: Iterable[Batch], splice: Splice | None = None) -> NextToken:
    """Measure on batches of windows, with or without a splice. The model must predict the next token."""
    tokens, nats = 0, 0.0
    for batch in probe:
        if splice is None:
            counted, loss = _loss(model, batch)
        else:
            counted, loss = _spliced_loss(model, batch, splice)
        tokens += counted
        nats += loss
    return NextToken(tokens, nats / max(1, tokens))


def _spliced_loss(model: LanguageModel, batch: Batch, splice: Splice) -> tuple[int, float]:
    """What is read elsewhere than where is written comes first from a pass of its own that ends there: nothing before
    it is changed by the splice, and so any point can be read, a norm's inside too."""
    points = list(dict.fromkeys(point for point in (splice.point, splice.sinks.point) if point != splice.output_point))
    caught = capture(model.network, points, batch.ids, batch.mask) if points else []
    elsewhere = dict(zip(points, caught, strict=True))

    def swap(output: Tensor) -> Tensor:
        source = elsewhere.get(splice.point, output)
        places = batch.is_real.nonzero(as_tuple=True)
        kept = splice.sinks.keep(elsewhere.get(splice.sinks.point, output)[places])
        rows, columns = places[0][kept], places[1][kept]
        result = output.clone()
        result[rows, columns] = splice.rebuild(source[rows, columns].float()).to(output.dtype)
        return result

    with replaced(model.network, splice.output_point, swap):
        return _loss(model, batch)


def _loss(model: LanguageModel, batch: Batch) -> tuple[int, float]:
    """Tokens predicted, and the sum of their cross-entropies. One window's logits at a time in float32: a large
    vocabulary makes them the largest tensor there is."""
    front = len(model.front)
    logits = run(model.network, batch.ids, batch.mask).logits
    tokens, nats = 0, 0.0
    for row, window in enumerate(batch.windows):
        first, end = front + max(1, window.counted_from), front + len(window)
        if first < end:
            predicted = logits[row, first - 1 : end - 1].float()
            nats += float(torch.nn.functional.cross_entropy(predicted, batch.ids[row, first:end], reduction="sum"))
            tokens += end - first
    return tokens, nats
