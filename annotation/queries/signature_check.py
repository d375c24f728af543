"""Whether what is stored of a decision is still what was signed."""

from collections.abc import Iterable, Mapping

from annotation.enums import SignatureMethod
from annotation.models import Decision, Rating
from annotation.rules.signing import decision_digest, ratings_digest


def signatures_hold(decisions: Iterable[Decision]) -> Mapping[int, bool]:
    """By decision. Each comes with its signature, concept and case__latent__latent. One statement.

    Decisions of a version that asked for no signature do not hold: there is nothing to compare with.
    """
    found = list(decisions)
    wanted = {pk for decision in found for pk in decision.signature.ratings}
    ratings = {rating.pk: rating for rating in Rating.objects.filter(pk__in=wanted)} if wanted else {}
    return {decision.pk: _holds(decision, ratings) for decision in found}


def _holds(decision: Decision, ratings: Mapping[int, Rating]) -> bool:
    signature = decision.signature
    if signature.method == SignatureMethod.NONE or not set(signature.ratings) <= ratings.keys():
        return False
    said = ratings_digest(ratings[pk] for pk in signature.ratings)
    digest = decision_digest(
        decision, meaning=signature.meaning, ratings=said, identity=decision.case.latent.latent.identity
    )
    return (said, digest) == (signature.ratings_digest, signature.digest)
