"""Whether a page showed somebody this snippet: what she may report."""

from collections.abc import Iterable

from annotation.enums import SHOWN_TO_RATERS, Role
from annotation.models import ReadingSlot, SampledLatent, Snippet, Study, User


def handed_to(snippet: Snippet, *, latent: int, study: Study) -> bool:
    """Whether the rating page of this sampled latent shows it. latent: as her ticket says."""
    if snippet.kind not in SHOWN_TO_RATERS:
        return False
    return SampledLatent.everything.filter(pk=latent, study=study, latent=snippet.latent_id).exists()


def seen_without_ticket(snippet: Snippet, *, user: User, study: Study, roles: Iterable[Role]) -> bool:
    """Whether a researcher's or adjudicator's page shows it, or a trial that she was handed as a reader."""
    if {Role.RESEARCHER, Role.ADJUDICATOR} & set(roles) and snippet.kind in SHOWN_TO_RATERS:
        return True
    read = ReadingSlot.objects.filter(round__study=study, reader=user, snippets__contains=[snippet.pk])
    return read.exists()
