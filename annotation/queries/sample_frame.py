"""Which latents are rated and out of how many: the frame, the strata and the states of a study's sample."""

from dataclasses import dataclass

from django.db.models import Count, Q

from annotation.enums import LatentState
from annotation.models import Latent, Study


@dataclass(frozen=True, kw_only=True)
class Stratum:
    name: str
    eligible: int
    drawn: int


@dataclass(frozen=True, kw_only=True)
class SampleFrame:
    """Counts of latents of the study's run."""

    latents: int
    """All of them, one a column of the SAE."""
    alive: int
    """Those that fire at least once in the corpus."""
    eligible: int
    """Alive, in enough distinct documents, and not denser than the bound."""
    drawn: int
    strata: tuple[Stratum, ...]
    """As they were when the sample was drawn; empty before."""
    note: str
    """A sentence if fewer were eligible than asked for."""


def sample_frame(study: Study) -> SampleFrame:
    """All zero while there is no run. Two statements."""
    eligible = Q(firings__gt=0, documents__gte=study.minimum_documents, density__lte=study.maximum_density)
    counts = Latent.objects.filter(run=study.run_id).aggregate(
        latents=Count("pk"), alive=Count("pk", filter=Q(firings__gt=0)), eligible=Count("pk", filter=eligible)
    )
    drawn = study.sample_frame or {}
    strata = tuple(
        Stratum(name=stratum["name"], eligible=stratum["eligible"], drawn=stratum["drawn"])
        for stratum in drawn.get("frame", [])
    )
    return SampleFrame(**counts, drawn=study.sample.count(), strata=strata, note=drawn.get("note", ""))


@dataclass(frozen=True, kw_only=True)
class StateCount:
    state: LatentState
    latents: int


def state_counts(study: Study) -> tuple[StateCount, ...]:
    """How many sampled latents are in which state, in the order of the states; absent states are left out."""
    found = dict(study.sample.values_list("state").annotate(Count("pk")).order_by())
    return tuple(StateCount(state=state, latents=found[state]) for state in LatentState if found.get(state))
