"""Where latents fire: by specialty, kind of section and tenth of the document, from exact counts over all firings."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHOWN = 12


def where(
    firings: NDArray[np.int64], tokens: NDArray[np.int64], names: Sequence[str], *, shown: int = SHOWN
) -> list[list[dict[str, Any]]]:
    """[latent] {name, firings, lift} of the kinds in which it fires, most firings first.

    firings: [latent, kind]. tokens: [kind] seen. names: of the kinds; kinds without a name are left out, but count in
    the latent's own density, which lift is over: (firings / tokens of the kind) / (all firings / all tokens).
    """
    density = firings.sum(axis=1) / max(1, int(tokens.sum()))
    order = np.argsort(-firings, axis=1, kind="stable")
    found = []
    for latent, kinds in enumerate(order.tolist()):
        rows: list[dict[str, Any]] = []
        for kind in kinds:
            count = int(firings[latent, kind])
            if not count or len(rows) == shown:
                break
            if names[kind]:
                rows.append(
                    {"name": names[kind], "firings": count, "lift": count / int(tokens[kind]) / float(density[latent])}
                )
        found.append(rows)
    return found
