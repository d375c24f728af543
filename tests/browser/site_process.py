"""The site as a process of its own, on the test's database: it can be killed and started again, as a server is."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from tests.browser.workers import kill, test_database

SECONDS = 60
LOOPBACK = "127.0.0.1"


@dataclass
class Site:
    port: int
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        words = ["gunicorn", "config.wsgi:application", "--bind", f"{LOOPBACK}:{self.port}", "--no-control-socket"]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *words, "--threads", "4", "--worker-class", "gthread"],
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._wait()

    def stop(self) -> None:
        """As the power does: nothing is finished, nobody is told."""
        if self.process is not None:
            kill(self.process)
        self.process = None

    def _wait(self) -> None:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            with suppress(OSError), closing(HTTPConnection(LOOPBACK, self.port, timeout=5)) as connection:
                connection.request("GET", "/sign-in/")
                with connection.getresponse() as response:
                    if response.status == 200:
                        return
            time.sleep(0.1)
        raise AssertionError(f"The site did not come up:\n{self.log.read_text()[-3000:]}")


@contextmanager
def site_process(folder: Path) -> Iterator[Site]:
    """Its static files are collected as in production: under names with a digest."""
    environment = {
        **os.environ,
        "DATABASE_URL": test_database(),
        "STATIC_ROOT": str(folder / "static"),
        "HASHED_STATIC": "1",
    }
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"]
    subprocess.run(collect, env=environment, check=True, capture_output=True)
    site = Site(port=_free_port(), environment=environment, log=folder / "site.log")
    try:
        site.start()
        yield site
    finally:
        site.stop()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        return int(one.getsockname()[1])
