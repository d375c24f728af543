"""The product's own worker processes, beside the test's site: real broker, real database, one log a worker."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

WEB = ("-A", "config.celery", "worker", "-Q", "web", "-c", "1", "-n", "web-test@%h")
GPU = ("-A", "saeserve.worker", "worker", "-Q", "gpu", "-n", "gpu-test@%h")


@contextmanager
def worker(arguments: tuple[str, ...], artifacts: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker of the product, on the test's database; killed at the end with what it started."""
    environment = {**os.environ, "ARTIFACT_ROOT": str(artifacts), "DATABASE_URL": test_database(), "LOG_LEVEL": "INFO"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", *arguments],
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """kill -9 the worker and everything that it forked."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait()


def test_database() -> str:
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path="/" + str(settings.DATABASES["default"]["NAME"])))
