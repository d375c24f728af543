"""The latents of a study's sample as another tool's features: figures of the SAE and of firing, no text."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import sqrt
from typing import Any

from annotation.models import Latent, Study

PROFILE = ("promoted", "suppressed", "neighbours", "coactivation")


def exported_features(study: Study) -> Iterator[dict[str, Any]]:
    """By index. Which tokens it fires on is left out: those are words of the notes."""
    run = study.run
    edges: Sequence[float] = (run.manifest or {}).get("histogram_edges", []) if run else []
    middles = [sqrt(low * high) for low, high in pairwise(edges)]
    latents = Latent.objects.filter(pk__in=study.sample.values("latent"))
    for latent in latents.select_related("profile").order_by("index").iterator(chunk_size=500):
        profile = getattr(latent, "profile", None)
        yield {
            "index": latent.index,
            "density": latent.density,
            "max_activation": latent.max_activation,
            "bar_values": middles if len(middles) == len(latent.histogram) else [],
            "bar_heights": latent.histogram if len(middles) == len(latent.histogram) else [],
            **{name: getattr(profile, name) if profile else [] for name in PROFILE},
        }
