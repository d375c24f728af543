"""How often a person is written to."""

from datetime import timedelta

PAUSE = timedelta(days=1)
"""At the least so long between two e-mails to one person, whatever studies she is in."""
