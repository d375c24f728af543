"""Commands answer bad input with a sentence and exit code 1, never with a trace."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from annotation.rules.refusal import Refused


@contextmanager
def in_a_sentence() -> Iterator[None]:
    try:
        yield
    except Refused as error:
        raise CommandError(str(error)) from error
