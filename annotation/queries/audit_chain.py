"""Whether a study's audit events are all there, in order and unaltered: recomputed here, apart from the trigger."""

import hashlib
from dataclasses import dataclass

from django.db import connection

EVENTS = """
SELECT number, previous, digest, study, (extract(epoch FROM at) * 1000000)::bigint, actor, verb, target, detail::text
FROM annotation_auditevent WHERE study = %s ORDER BY number
"""


@dataclass(frozen=True, kw_only=True)
class ChainReport:
    study: int
    events: int
    head: str
    """Digest of the last event; 64 zeros for none."""
    problems: tuple[str, ...]


def verify_chain(study: int) -> ChainReport:
    """Recompute every digest of the study's chain (0 for events of no study). Events cut off at the end cannot be seen
    without an anchor that left the system: compare `head` with a release's manifest."""
    head, expected, problems, count = "0" * 64, 1, [], 0
    with connection.cursor() as cursor:
        cursor.execute(EVENTS, [study])
        for number, previous, digest, *content in cursor:
            count += 1
            if number != expected:
                problems.append(f"Event {expected} is missing: {number} follows {expected - 1}.")
            if previous != head:
                problems.append(f"Event {number} does not follow the one before it.")
            written = "\n".join([previous, str(number), *map(str, content)])
            if hashlib.sha256(written.encode()).hexdigest() != digest:
                problems.append(f"Event {number} was altered.")
            head, expected = digest, number + 1
    return ChainReport(study=study, events=count, head=head, problems=tuple(problems))
