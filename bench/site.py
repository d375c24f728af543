"""The site as `make run` serves it, on a free port, and raters of it with sessions of their own."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from config.embedded import programs
from config.embedded.place import Place
from config.embedded.ports import LOOPBACK, free_port

SESSION_SECONDS = 3600


def prepare() -> None:
    """Django, and tables in the empty database."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def settle() -> None:
    """What autovacuum would have done by itself some minutes later."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


@contextmanager
def site(*, background: bool = False) -> Iterator[str]:
    """Address of the running site, with static files named by their digests as in production.

    background: the worker and the beat run beside it, as they always do for people.
    """
    with TemporaryDirectory(prefix="consilium-bench-") as folder, ExitStack() as stack:
        place, port = Place(Path(folder)), free_port()
        place.make()
        address = f"http://{LOOPBACK}:{port}"
        environment = {**os.environ, "HASHED_STATIC": "1", "SITE_URL": address, "LOG_LEVEL": "WARNING"}
        collect = programs.manage(place, environment)("collectstatic", "--noinput", "-v", "0")
        collect.start()
        assert collect.child is not None
        if collect.child.wait() != 0:
            raise RuntimeError(f"The static files could not be collected: {collect.log.read_text()[-2000:]}")
        web = programs.web(place, environment, port)
        for program in (web, *((programs.worker(place, environment), programs.beat(place, environment)) * background)):
            stack.callback(program.stop)
            program.start()
        _await_answer(port, web.log)
        yield address


def _await_answer(port: int, log: Path) -> None:
    for _ in range(600):
        try:
            connection = HTTPConnection(LOOPBACK, port, timeout=5)
            connection.request("GET", "/health/")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"The site did not answer: {log.read_text()[-2000:]}")


def session_of(user: Any) -> str:
    """A session as the sign-in page would have made it, put straight into the database."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.set_expiry(SESSION_SECONDS)
    store.create()
    return str(store.session_key)


def more_raters(world: Any, number: int) -> Sequence[Any]:
    """So many raters of the tests' world, from its two hospitals by turns; Ada and Ben are the first two."""
    from tests.world import add_rater

    homes = (world.north, world.south)
    made = [add_rater(world, f"rater-{place}", homes[place % 2]) for place in range(2, number)]
    return [world.ada, world.ben, *made][:number]


def open_round(world: Any, raters_each: int) -> None:
    """An independent round in which so many people rate each latent of the sample."""
    from annotation.actions import rounds
    from tests.world import NOW

    world.study.raters_per_latent = raters_each
    world.study.save(update_fields=["raters_per_latent"])
    rounds.open_round(study=world.study, by=world.rosa, now=NOW)
