"""The number of the layer that a hook point stands at."""

import re

LAYER = re.compile(r"(?:^|\.)(?:layers|blocks|h|layer)\.(\d+)(?=[.:]|$)")


def layer_of(hook_point: str) -> str:
    """`15` of `model.layers.15`, `blocks.15.hook_resid_post` or `layers.15.mlp`; `x` where it names no layer."""
    found = LAYER.search(hook_point)
    return found[1] if found else "x"
