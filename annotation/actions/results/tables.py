"""Where the rows of a run are."""

from collections.abc import Mapping

from django.db.models import Model

from annotation.models import (
    Agreement,
    Consensus,
    InstitutionHabit,
    LatentAgreement,
    PairAgreement,
    RaterReliability,
    ScorerStanding,
    Sensitivity,
)

TABLES: Mapping[str, tuple[type[Model], ...]] = {
    "agreement": (Agreement,),
    "pairs": (PairAgreement,),
    "latents": (LatentAgreement,),
    "consensus": (Consensus, RaterReliability, InstitutionHabit, ScorerStanding),
    "sensitivity": (Sensitivity,),
}
"""By kind of step."""
ALL_TABLES = tuple(table for tables in TABLES.values() for table in tables)
HEAVY_TABLES = (Consensus, LatentAgreement, PairAgreement, Sensitivity)
"""Those that grow with the latents, the pairs of raters or the refits."""
