"""Which cases a person has a part in herself: she rated the latent, holds a place on it, or set its reference."""

from django.db.models import Exists, OuterRef, Q

from annotation.models import Case, Rating, Reference, SampledLatent, Slot, Study, User
from annotation.rules.refusal import Refused

RATED = "You rated this latent yourself, so that another adjudicator decides its case."


def conflicted_latents(user: User, study: Study) -> frozenset[int]:
    """Sampled latents of the study's cases that she rated, holds or set the reference of, here or in another study.

    The database refuses her decision on them, and more closely: it looks again when she signs. One statement.
    """
    cases = Case.everything.filter(study=study, latent=OuterRef("pk"))
    touched = SampledLatent.everything.filter(_part_of(user), Exists(cases), study=study)
    return frozenset(touched.values_list("pk", flat=True))


def check_no_conflict(case: Case, user: User) -> None:
    """Raises Refused with the sentence for her. One statement."""
    if SampledLatent.everything.filter(_part_of(user), pk=case.latent_id).exists():
        raise Refused(RATED)


def _part_of(user: User) -> Q:
    """Whether she has a part in a row of SampledLatent: the same latent counts in whichever study."""
    same = {"latent__latent": OuterRef("latent")}
    return (
        Q(Exists(Rating.objects.filter(**same, rater=user)))
        | Q(Exists(Slot.objects.filter(**same, rater=user)))
        | Q(Exists(Reference.objects.filter(**same, set_by=user)))
    )
