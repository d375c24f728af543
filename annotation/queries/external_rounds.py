"""Rounds that were rated elsewhere, with where they come from: for pages and releases."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from annotation.enums import Outcome
from annotation.models import ExternalRound, Round, Study


@dataclass(frozen=True, kw_only=True)
class ExternalRow:
    provenance: ExternalRound
    ratings: int
    raters: tuple[tuple[str, int], ...]
    """(pseudonym, ratings)."""
    latents: int

    @property
    def number(self) -> str:
        return str(self.provenance.round.number)


def external_rounds(study: Study) -> tuple[ExternalRow, ...]:
    """Newest first. Two statements."""
    rounds = ExternalRound.objects.filter(round__study=study).select_related("round__rubric__rubric", "institution")
    given: dict[int, list[tuple[str, int]]] = {}
    rated = study.ratings.filter(round__external__isnull=False, rater__memberships__study=study)
    rows = rated.values_list("round", "rater__memberships__pseudonym").annotate(Count("pk"))
    for round_, pseudonym, ratings in rows.order_by("rater__memberships__pseudonym"):
        given.setdefault(round_, []).append((pseudonym, ratings))
    latents = dict(rated.values_list("round").annotate(Count("latent", distinct=True)).order_by())
    return tuple(
        ExternalRow(
            provenance=one,
            ratings=sum(ratings for _, ratings in given.get(one.round_id, [])),
            raters=tuple(given.get(one.round_id, ())),
            latents=latents.get(one.round_id, 0),
        )
        for one in rounds.order_by("-pk")
    )


def external_facts(round_: Round) -> dict[str, Any]:
    """For a release's manifest; nothing for a round that was rated here. Who exported the file there stays here."""
    found = getattr(round_, "external", None)
    if found is None:
        return {}
    return {
        "rated_elsewhere": {
            "tool": found.tool,
            "source": found.source,
            "institution": found.institution.code,
            "file_sha256": found.digest,
            "counts": found.counts,
            "passed_over": found.passed,
        }
    }


def survey_lines(survey: Any) -> list[str]:
    """actions.importing_ratings.Survey in sentences, for the page and the command line."""
    rated = (
        f"{_many(survey.answers, 'rating')} of {_many(survey.latents, 'latent')} by {_many(survey.annotators, 'rater')}"
    )
    outcomes = ", ".join(
        f"{number:,} {Outcome(name).label.lower()}" for name, number in sorted(survey.outcomes.items())
    )
    lines = [f"{rated}: {outcomes or 'none'}.", f"They answer {survey.version}."]
    lines += [f"Passed over: {number:,} {why}." for why, number in survey.passed.items()]
    return [*lines, f"SHA-256 of the file: {survey.digest}."]


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
