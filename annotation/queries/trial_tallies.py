"""Judgements of held-out snippets counted in the database: by judge, and by arm of negatives and activation decile.

A study of ten thousand latents holds a million judgements and a few hundred distinct outcomes of a trial: only these
leave the database.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from annotation.enums import Arm, ScoreTask, SnippetKind
from annotation.models import Study
from annotation.queries.learnability_scores import READER
from annotation.queries.scorers_in_use import scorers_in_use
from annotation.science.tallies import Tally

ALL = "all"
ARMS = tuple(Arm)
DECILES = tuple(range(10))
"""0 is the weakest."""
Part = str | int
"""ALL, an arm or a decile."""


@dataclass(frozen=True, kw_only=True)
class Tallied:
    """Tallies by judge and part, one cluster a trial."""

    parts: Mapping[tuple[str, Part], tuple[Tally, ...]]

    def of(self, judge: str, part: Part = ALL) -> tuple[Tally, ...]:
        return self.parts.get((judge, part), ())

    @property
    def judges(self) -> tuple[str, ...]:
        """Who judged anything, people first."""
        found = {judge for judge, _ in self.parts}
        return tuple(sorted(found, key=lambda judge: (judge != READER, judge)))


WITHHELD = """EXISTS (SELECT 1 FROM annotation_membership w WHERE w.study_id = %(study)s AND w.ratings_withheld
    AND w.user_id IN ({}))"""
MOST = 5_000
"""Trials of one judge that are counted: a draw by the study's seed where there are more. Its error is a third of a per
cent, and a million judgements would take seconds."""
DRAWN = f"""
SELECT 'reading' AS kind, %(reader)s::text AS judge, d.id AS trial,
    row_number() OVER (ORDER BY hashint8extended(d.id, %(seed)s)) AS place
FROM annotation_reading d JOIN annotation_rating r ON r.id = d.rating_id
WHERE d.study_id = %(study)s AND NOT {WITHHELD.format("d.reader_id, r.rater_id")} AND {{only}}
UNION ALL
SELECT 'score', c.scorer, c.id,
    row_number() OVER (PARTITION BY c.scorer ORDER BY hashint8extended(c.id, %(seed)s))
FROM annotation_rationalescore c JOIN annotation_rating r ON r.id = c.rating_id
WHERE c.study_id = %(study)s AND c.task = %(task)s AND c.scorer || ' ' || c.version = ANY(%(versions)s)
  AND NOT {WITHHELD.format("r.rater_id")} AND {{only}}
"""
JUDGED = """
SELECT judge, trial, j.key::bigint AS snippet, j.value::boolean AS said
FROM drawn JOIN annotation_reading d ON d.id = trial, jsonb_each(d.judgements) j
WHERE kind = 'reading' AND place <= %(most)s
UNION ALL
SELECT judge, trial, (j ->> 'snippet')::bigint, (j ->> 'said')::boolean
FROM drawn JOIN annotation_rationalescore c ON c.id = trial, jsonb_array_elements(c.judgements) j
WHERE kind = 'score' AND place <= %(most)s
"""
PARTS = f"""
WITH drawn AS MATERIALIZED ({DRAWN}),
judged AS ({JUDGED}),
cells AS (
    SELECT judge, trial, n.kind = %(fires)s AS fires, count(*) AS all_of_it,
        CASE WHEN n.kind = %(fires)s THEN n.decile::text WHEN n.kind = %(random)s THEN %(arm_random)s
             WHEN n.mention THEN %(arm_mention)s ELSE %(arm_hard)s END AS part,
        count(*) FILTER (WHERE said = (n.kind = %(fires)s)) AS told
    FROM judged JOIN annotation_snippet n ON n.id = judged.snippet
    GROUP BY 1, 2, 3, 5
),
totals AS (
    SELECT judge, trial,
        coalesce(sum(told) FILTER (WHERE fires), 0) AS hits, coalesce(sum(all_of_it) FILTER (WHERE fires), 0) AS firing,
        coalesce(sum(told) FILTER (WHERE NOT fires), 0) AS spared,
        coalesce(sum(all_of_it) FILTER (WHERE NOT fires), 0) AS silent
    FROM cells GROUP BY 1, 2
)
SELECT judge, part, hits, firing, spared, silent, count(*) FROM (
    SELECT judge, %(all)s AS part, hits, firing, spared, silent FROM totals
    UNION ALL
    SELECT c.judge, c.part,
        CASE WHEN c.fires THEN c.told ELSE t.hits END, CASE WHEN c.fires THEN c.all_of_it ELSE t.firing END,
        CASE WHEN c.fires THEN t.spared ELSE c.told END, CASE WHEN c.fires THEN t.silent ELSE c.all_of_it END
    FROM cells c JOIN totals t ON t.judge = c.judge AND t.trial = c.trial
    WHERE c.part IS NOT NULL
) outcomes
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 2, 3, 4, 5, 6
"""


def trial_tallies(study: Study, *, rater: int | None = None, rating: int | None = None) -> Tallied:
    """Detection by everyone who judged: of the study's rationales, of one rater's, or of one. Two statements.

    An arm keeps all that fire beside it, a decile all that do not. Withheld ratings and readings are left out, and
    programs count in the version that is in use. At most MOST trials of each judge.
    """
    only = "(%(rater)s::bigint IS NULL OR r.rater_id = %(rater)s) AND (%(rating)s::bigint IS NULL OR r.id = %(rating)s)"
    values: dict[str, Any] = {
        "study": study.pk,
        "seed": study.seed,
        "most": MOST,
        "rater": rater,
        "rating": rating,
        "reader": READER,
        "task": str(ScoreTask.DETECTION),
        "versions": _versions(study),
        "fires": str(SnippetKind.HELD_OUT),
        "random": str(SnippetKind.HELD_OUT_RANDOM),
        "arm_random": str(Arm.RANDOM),
        "arm_hard": str(Arm.HARD),
        "arm_mention": str(Arm.MENTION),
        "all": ALL,
    }
    found: dict[tuple[str, Part], list[Tally]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(PARTS.replace("{only}", only), values)
        for judge, part, *counts in cursor.fetchall():
            found[judge, int(part) if part.isdigit() else part].append(Tally(*(int(one) for one in counts)))
    return Tallied(parts={key: tuple(rows) for key, rows in found.items()})


FUZZED = f"""
SELECT scorer, hits, firing, spared, silent, count(*) FROM (
    SELECT c.scorer, c.id,
        count(*) FILTER (WHERE marked AND said) AS hits, count(*) FILTER (WHERE marked) AS firing,
        count(*) FILTER (WHERE NOT marked AND NOT said) AS spared, count(*) FILTER (WHERE NOT marked) AS silent
    FROM (
        SELECT c.id, c.scorer, c.judgements,
            row_number() OVER (PARTITION BY c.scorer ORDER BY hashint8extended(c.id, %(seed)s)) AS place
        FROM annotation_rationalescore c JOIN annotation_rating r ON r.id = c.rating_id
        WHERE c.study_id = %(study)s AND c.task = %(task)s AND c.scorer || ' ' || c.version = ANY(%(versions)s)
          AND NOT {WITHHELD.format("r.rater_id")}
    ) c, jsonb_array_elements(c.judgements) j, LATERAL (
        SELECT (j ->> 'right')::boolean AS marked, (j ->> 'said')::boolean AS said) one
    WHERE place <= %(most)s
    GROUP BY 1, 2
) outcomes
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 3, 4, 5
"""


def fuzzing_tallies(study: Study) -> Tallied:
    """Rightly marked snippets count as firing ones, wrongly marked ones as silent. Two statements."""
    found: dict[tuple[str, Part], list[Tally]] = defaultdict(list)
    values: dict[str, Any] = {
        "study": study.pk,
        "seed": study.seed,
        "most": MOST,
        "task": str(ScoreTask.FUZZING),
        "versions": _versions(study),
    }
    with connection.cursor() as cursor:
        cursor.execute(FUZZED, values)
        for judge, *counts in cursor.fetchall():
            found[judge, ALL].append(Tally(*counts))
    return Tallied(parts={key: tuple(rows) for key, rows in found.items()})


def _versions(study: Study) -> list[str]:
    return [f"{scorer} {version}" for scorer, version in scorers_in_use(study).items()]
