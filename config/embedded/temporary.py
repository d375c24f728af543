"""Both servers for the length of a test run, a bench or a check: new, empty, gone afterwards."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from config.embedded import StartError
from config.embedded.postgres import Postgres
from config.embedded.progress import complain
from config.embedded.secret_files import fernet_key
from config.embedded.valkey import Valkey

SERVERS = ("DATABASE_URL", "REDIS_URL")


class HalfConfiguredError(StartError):
    pass


def given(environ: Mapping[str, str]) -> bool:
    """Whether the environment names servers to use instead of embedded ones.

    Raises HalfConfiguredError where it names one of the two.
    """
    named = [name for name in SERVERS if environ.get(name)]
    if len(named) == 1:
        missing = next(name for name in SERVERS if name not in named)
        raise HalfConfiguredError(
            f"{named[0]} is set and {missing} is not. Set both to use servers of your own, or neither "
            "to have both embedded."
        )
    return bool(named)


@contextmanager
def temporary_environment(environ: Mapping[str, str], *, durable: bool = False) -> Iterator[dict[str, str]]:
    """What must be added to `environ` so that the settings load and real servers answer.

    durable: the servers write to disk at each commit, as in production.
    """
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="consilium-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        added = {
            "CONSILIUM_EMBEDDED": "1",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "ARTIFACT_KEY": fernet_key(home / "secrets" / "artifacts"),
            "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
            "ARTIFACT_ROOT": str(home / "artifacts"),
            "STATIC_ROOT": str(home / "static"),
            "HASHED_STATIC": "0",
        }
        for folder in (home / "artifacts", home / "static"):
            folder.mkdir()
        if not given(environ):
            added |= stack.enter_context(_servers(home, durable))
        yield {name: value for name, value in added.items() if not environ.get(name)}


@contextmanager
def _servers(home: Path, durable: bool) -> Iterator[dict[str, str]]:
    postgres = Postgres(home / "postgres", home / "secrets", home / "postgres.log", durable=durable)
    valkey = Valkey(home / "valkey", home / "secrets", home / "valkey.log", durable=durable)
    with ExitStack() as stack:
        for server in (postgres, valkey):
            stack.callback(server.stop)
            server.start()
        yield {"DATABASE_URL": postgres.url, "REDIS_URL": valkey.url}


def main(argv: list[str]) -> int:
    """`python -m config.embedded.temporary COMMAND…`: run the command with both servers in its environment."""
    try:
        with temporary_environment(os.environ) as added:
            return subprocess.run(argv, env={**os.environ, **added}, check=False).returncode
    except StartError as problem:
        complain(str(problem))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
