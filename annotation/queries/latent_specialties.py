"""The specialty in whose notes a latent is at home, for agreement by specialty."""

from collections.abc import Mapping
from typing import Any

from annotation.models import LatentProfile, Study

AT_HOME = 1.0
"""Lift above which a latent fires in a specialty's notes more densely than elsewhere."""


def latent_specialties(study: Study) -> Mapping[int, str]:
    """Name by sampled latent. Latents without a profile, and those that fire everywhere alike, are left out."""
    rows = LatentProfile.objects.filter(latent__in=study.sample.values("latent")).values_list("latent", "specialties")
    home = {latent: at_home(specialties) for latent, specialties in rows}
    sampled = study.sample.order_by("position").values_list("pk", "latent")
    return {pk: home[latent] for pk, latent in sampled if home.get(latent)}


def at_home(specialties: list[dict[str, Any]]) -> str:
    """Of a profile's specialties with a lift above 1 the one with most firings; empty for none."""
    raised = [row for row in specialties if row["lift"] > AT_HOME]
    return str(max(raised, key=lambda row: (row["firings"], row["name"]))["name"]) if raised else ""
