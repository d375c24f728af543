"""Encoding and decoding straight from the papers' equations: one number after another, in double precision.

Shares no code with saeserve. A vector is a list, a matrix a list of rows.
"""

import math
from collections.abc import Sequence

Vector = Sequence[float]
Matrix = Sequence[Vector]


def minus(x: Vector, y: Vector) -> list[float]:
    return [a - b for a, b in zip(x, y, strict=True)]


def pre_activations(x: Vector, encoder: Matrix, bias: Vector) -> list[float]:
    """encoder: [width][latent]."""
    return [sum(x[i] * encoder[i][j] for i in range(len(x))) + bias[j] for j in range(len(bias))]


def relu(h: Vector) -> list[float]:
    return [max(value, 0.0) for value in h]


def topk(h: Vector, k: int) -> list[float]:
    kept = sorted(range(len(h)), key=lambda j: -h[j])[:k]
    return [max(h[j], 0.0) if j in kept else 0.0 for j in range(len(h))]


def jumprelu(h: Vector, threshold: Vector) -> list[float]:
    return [max(value, 0.0) if value > limit else 0.0 for value, limit in zip(h, threshold, strict=True)]


def groupmax(h: Vector, groups: int) -> list[float]:
    size = len(h) // groups
    kept = [max(range(first, first + size), key=lambda j: h[j]) for first in range(0, len(h), size)]
    return [max(h[j], 0.0) if j in kept else 0.0 for j in range(len(h))]


def gated(x: Vector, encoder: Matrix, b_gate: Vector, b_mag: Vector, r_mag: Vector) -> list[float]:
    product = pre_activations(x, encoder, [0.0] * len(b_gate))
    return [
        max(p * math.exp(r) + mag, 0.0) if p + gate > 0 else 0.0
        for p, gate, mag, r in zip(product, b_gate, b_mag, r_mag, strict=True)
    ]


def decoded(f: Vector, decoder: Matrix, bias: Vector) -> list[float]:
    """decoder: [latent][width]."""
    return [bias[i] + sum(f[j] * decoder[j][i] for j in range(len(f))) for i in range(len(bias))]


def norms(decoder: Matrix) -> list[float]:
    return [math.sqrt(sum(value * value for value in row)) for row in decoder]


def times(x: Vector, y: Vector) -> list[float]:
    return [a * b for a, b in zip(x, y, strict=True)]


def layer_normed(x: Vector) -> tuple[list[float], float, float]:
    """(x', mean, what it was divided by): n - 1 in the standard deviation, the 1e-5 added to it."""
    mean = sum(x) / len(x)
    divisor = math.sqrt(sum((value - mean) ** 2 for value in x) / (len(x) - 1)) + 1e-5
    return [(value - mean) / divisor for value in x], mean, divisor


def mapped(x: Vector, matrix: Matrix) -> list[float]:
    """matrix x, matrix [out][in]."""
    return [sum(row[i] * x[i] for i in range(len(x))) for row in matrix]
