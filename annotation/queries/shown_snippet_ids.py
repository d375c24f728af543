"""Which snippets stand for each latent of a study, by their numbers alone: what another tool may know without text."""

from collections import defaultdict
from typing import Any

from annotation.enums import SHOWN_TO_RATERS
from annotation.models import Snippet, Study
from annotation.queries.hidden_snippets import without_hidden


def shown_snippet_ids(study: Study) -> dict[int, list[dict[str, Any]]]:
    """By index of the latent: {snippet, kind, rank}, of the kinds that raters see; hidden ones are left out."""
    sampled = study.sample.values("latent")
    rows = without_hidden(Snippet.objects.filter(latent__in=sampled, kind__in=SHOWN_TO_RATERS))
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for index, pk, kind, rank in rows.order_by("latent__index", "kind", "rank", "pk").values_list(
        "latent__index", "pk", "kind", "rank"
    ):
        found[index].append({"snippet": pk, "kind": kind, "rank": rank})
    return found
