"""How a consensus on one latent's answer to one item is told."""

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from annotation.enums import Role
from annotation.models import Consensus
from annotation.rules.blinding import raters_visible


class ConsensusShape(serializers.Serializer[Any]):
    """Both layers of the consensus, majority vote and Dawid-Skene; distributions follow the order of `classes`."""

    item = serializers.CharField()
    classes = serializers.ListField(child=serializers.JSONField())
    votes = serializers.ListField(child=serializers.FloatField())
    theta = serializers.ListField(child=serializers.FloatField(), help_text="The distribution of opinion.")
    q = serializers.ListField(child=serializers.FloatField(), help_text="Posterior of a single truth.")
    dawid_skene = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    dawid_skene_reason = serializers.CharField(help_text="Why it is undefined; empty where it is not.")
    majority = serializers.ListField(child=serializers.JSONField(), help_text="More than one is a tie.")
    n_eff = serializers.FloatField(help_text="Independent ratings that it rests on.")
    flip_rate = serializers.FloatField(help_text="How often the winner changes among plausible weights.")
    entropy = serializers.FloatField(help_text="Of theta, over the logarithm of the number of classes.")
    ratings = serializers.IntegerField()
    cannot_tell = serializers.IntegerField()
    institutions = serializers.IntegerField()
    weights = serializers.DictField(
        child=serializers.FloatField(),
        allow_null=True,
        help_text="By pseudonym; null for one who adjudicates in the study.",
    )


NAMES = tuple(ConsensusShape().fields)


def consensus_of(row: Consensus, roles: Iterable[Role]) -> dict[str, Any]:
    """As ConsensusShape takes it; callers have asked rules.blinding whether the viewer sees results at all."""
    told = {name: getattr(row, name) for name in NAMES}
    if not raters_visible(roles):
        told["weights"] = None
    return told
