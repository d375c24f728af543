"""Rationales that could be read blinded: answered, current, with held-out snippets enough and somebody to read."""

from dataclasses import dataclass

from django.db import connection

from annotation.enums import Arm, Outcome, SnippetKind
from annotation.models import Snippet, Study
from annotation.queries.hidden_snippets import without_hidden
from annotation.queries.set_aside import SET_ASIDE
from annotation.rules.reading_blindness import MAY_EVER_READ
from annotation.science.reading_trial import EACH, HeldOut

FIRES = SnippetKind.HELD_OUT
SILENT = (SnippetKind.HELD_OUT_RANDOM, SnippetKind.HELD_OUT_HARD)

CANDIDATES = f"""
SELECT r.id, l.latent_id, r.rater_id,
    EXISTS (SELECT 1 FROM annotation_readingslot s WHERE s.rating_id = r.id),
    EXISTS (SELECT 1 FROM annotation_membership m WHERE m.study_id = r.study_id AND m.user_id <> r.rater_id
            AND {MAY_EVER_READ})
FROM annotation_rating r
JOIN annotation_sampledlatent l ON l.id = r.latent_id
WHERE r.study_id = %(study)s AND r.outcome = %(answered)s
  AND NOT EXISTS (SELECT 1 FROM annotation_rating n WHERE n.latent_id = r.latent_id AND n.round_id = r.round_id
                  AND n.rater_id = r.rater_id AND n.revision > r.revision)
  AND NOT EXISTS (SELECT 1 FROM annotation_membership w WHERE w.study_id = r.study_id AND w.user_id = r.rater_id
                  AND w.ratings_withheld)
  AND NOT {SET_ASIDE.format("r")}
ORDER BY r.id
"""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One rationale."""

    rating: int
    latent: int
    """Of the mining run."""
    rater: int
    asked: bool
    """It has a place already."""
    readable: bool
    """Somebody of the study neither rated the latent nor read of it."""


def reading_candidates(study: Study) -> list[Candidate]:
    """In order of the ratings. Two statements."""
    with connection.cursor() as cursor:
        cursor.execute(CANDIDATES, {"study": study.pk, "answered": Outcome.ANSWERED})
        rows = cursor.fetchall()
    enough = _with_enough({row[1] for row in rows})
    return [
        Candidate(rating=rating, latent=latent, rater=rater, asked=asked, readable=readable)
        for rating, latent, rater, asked, readable in rows
        if latent in enough
    ]


def _with_enough(latents: set[int]) -> set[int]:
    counts: dict[int, list[int]] = {latent: [0, 0] for latent in latents}
    found = without_hidden(Snippet.objects.filter(latent__in=latents, kind__in=(FIRES, *SILENT)))
    for latent, kind in found.values_list("latent", "kind"):
        counts[latent][kind == FIRES] += 1
    return {latent for latent, (silent, firing) in counts.items() if min(silent, firing) >= EACH}


def held_out(latent: int) -> list[HeldOut]:
    """A latent's held-out snippets that may be shown. One statement."""
    found = without_hidden(Snippet.objects.filter(latent=latent, kind__in=(FIRES, *SILENT)))
    return [
        HeldOut(snippet=pk, fires=kind == FIRES, group=decile if kind == FIRES else arm(kind, mention))
        for pk, kind, decile, mention in found.order_by("pk").values_list("pk", "kind", "decile", "mention")
    ]


def arm(kind: str, mention: bool) -> Arm:
    """Of which arm of negatives a silent held-out snippet is."""
    if kind == SnippetKind.HELD_OUT_RANDOM:
        return Arm.RANDOM
    return Arm.MENTION if mention else Arm.HARD
