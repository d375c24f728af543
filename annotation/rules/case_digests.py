"""When an adjudicator is written to that cases wait: not daily about the same ones."""

from datetime import datetime, timedelta

PAUSE = timedelta(days=1)
"""At the least so long between two e-mails to one person, whatever studies she is in."""
AGAIN = timedelta(days=7)
"""So long after the last one it is said once more, although nothing new waits."""


def due(*, now: datetime, last: datetime | None, newest: datetime | None) -> bool:
    """last: when she was written to last. newest: since when the newest of what waits does; None: nothing waits."""
    if newest is None:
        return False
    if last is None:
        return True
    return now - last >= (PAUSE if newest > last else AGAIN)
