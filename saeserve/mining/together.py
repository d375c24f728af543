"""Requests that one pass over the corpus can answer."""

from collections.abc import Sequence

from saeserve.contract import MiningRequest, canonical_json
from saeserve.refusal import Refusal

SAE_FIELDS = ("sae", "sae_options")


class NotTogether(Refusal):
    """The requests differ in more than their SAE."""


def shared(request: MiningRequest) -> str:
    """Everything about a request but its SAE, as text: equal for requests that can be mined in one pass."""
    return canonical_json({name: value for name, value in request.to_dict().items() if name not in SAE_FIELDS})


def check_together(requests: Sequence[MiningRequest]) -> None:
    """Raises NotTogether, naming the fields, where one pass cannot answer them all."""
    records = [request.to_dict() for request in requests]
    fields = sorted(
        name
        for name in records[0]
        if name not in SAE_FIELDS and any(record[name] != records[0][name] for record in records)
    )
    if fields:
        raise NotTogether(
            f"Requests that are mined together may differ in their SAE only; these differ in {', '.join(fields)}."
        )
