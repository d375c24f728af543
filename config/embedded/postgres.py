"""A real Postgres of our own: foreground child, loopback only, no Unix socket, random passwords (SCRAM)."""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from config.embedded import StartError, binaries
from config.embedded.account import Account, give, server_account
from config.embedded.ports import LOOPBACK, free_port
from config.embedded.process import handed, last_line, open_log, outlived, spawn, stop_all
from config.embedded.secret_files import secret

NAME = "consilium"  # of the application's role and of its database
SUPERUSER = "postgres"
START_SECONDS = 60.0
MINIMAL_ENV = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=4GB")


class PostgresStartError(StartError):
    pass


@dataclass
class Postgres:
    """One server whose files are below `home`; `durable=False` forgets on a power cut and is for tests only."""

    home: Path
    secrets: Path
    log: Path
    durable: bool = True
    port: int = 0
    name: str = "Postgres"
    stop_signal: int = signal.SIGINT  # fast shutdown: sessions are ended, everything committed is on disk
    patience: float = 30.0
    account: Account | None = field(default_factory=server_account)
    child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgres://{NAME}:{secret(self.secrets / 'postgres')}@{LOOPBACK}:{self.port}/{NAME}"

    def start(self) -> None:
        """Start (first creating the cluster where there is none) and return when the application's role can connect."""
        programs = binaries.postgres_programs(self.account)
        self.home.mkdir(parents=True, exist_ok=True)
        give(self.home, self.account)
        if not (self.home / "data").exists():
            self._create_cluster(programs)
        _clear_lock(self.home / "data")
        self.port = self.port or free_port()
        with handed(self.home, self.account) as (home, descriptors):
            self.child = spawn(
                [programs / "postgres", "-D", f"{home}/data", *self._settings()],
                log=self.log,
                env=MINIMAL_ENV,
                account=self.account,
                pass_fds=descriptors,
                when_parent_dies=self.stop_signal,
            )
        self._wait()
        self._ensure_role_and_database()

    def stop(self) -> None:
        stop_all([self])

    def _settings(self) -> list[str]:
        settings = [f"listen_addresses={LOOPBACK}", f"port={self.port}", "unix_socket_directories="]
        settings += ["max_connections=200", "timezone=UTC", "log_timezone=UTC"]
        settings += [] if self.durable else NOT_DURABLE
        return [word for setting in settings for word in ("-c", setting)]

    def _create_cluster(self, programs: Path) -> None:
        """Into a draft directory that gets its name last, so that an interrupted start leaves no half cluster."""
        draft, password = self.home / "data.draft", self.home / "password"
        shutil.rmtree(draft, ignore_errors=True)
        password.write_text(secret(self.secrets / "postgres-superuser"))
        give(password, self.account)
        with handed(self.home, self.account) as (home, descriptors), open_log(self.log) as output:
            words = [programs / "initdb", "-D", f"{home}/data.draft", "-U", SUPERUSER, f"--pwfile={home}/password"]
            words += [
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ]
            words += ["--locale=C", "--data-checksums", *([] if self.durable else ["--no-sync"])]
            made = subprocess.run(
                [str(word) for word in words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=MINIMAL_ENV,
                cwd="/",
                pass_fds=descriptors,
                check=False,
                user=self.account.uid if self.account else None,
                group=self.account.gid if self.account else None,
                extra_groups=[] if self.account else None,
            )
        password.unlink()
        if made.returncode != 0:
            raise PostgresStartError(f"Postgres could not create its files: {last_line(self.log)} (see {self.log}).")
        draft.rename(self.home / "data")

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.child is None or self.child.poll() is not None:
                raise PostgresStartError(f"Postgres did not start: {last_line(self.log)} (see {self.log}).")
            try:
                self._as_superuser().close()
            except psycopg.OperationalError as problem:
                if "password authentication failed" in str(problem):
                    self.stop()
                    raise PostgresStartError(
                        f"The password in {self.secrets / 'postgres-superuser'} is not the one that {self.home} was "
                        "made with. Put the file back, or remove both to start with an empty database."
                    ) from problem
                time.sleep(0.02)
            else:
                return
        self.stop()
        raise PostgresStartError(f"Postgres did not answer for {START_SECONDS:.0f} seconds (see {self.log}).")

    def _as_superuser(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            user=SUPERUSER,
            password=secret(self.secrets / "postgres-superuser"),
            dbname="postgres",
            connect_timeout=5,
            autocommit=True,
        )

    def _ensure_role_and_database(self) -> None:
        """The application owns its database and may create others (for tests), and is no superuser."""
        with self._as_superuser() as connection:
            # hashed here, so that the password is in no statement and in no log
            hashed = connection.pgconn.encrypt_password(
                secret(self.secrets / "postgres").encode(), NAME.encode(), b"scram-sha-256"
            )
            role, known = sql.Identifier(NAME), connection.execute
            verb = "ALTER" if known("SELECT 1 FROM pg_roles WHERE rolname = %s", [NAME]).fetchone() else "CREATE"
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN NOSUPERUSER CREATEDB PASSWORD {}").format(
                    sql.SQL(verb), role, sql.Literal(hashed.decode())
                )
            )
            if not known("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))


def _clear_lock(data: Path) -> None:
    """Make way where a killed start left its server behind, or a lock file whose process is long another's.

    Called only by the one who holds the lock of `var/`, so that a living server here is an orphan on its way out.
    """
    lock = data / "postmaster.pid"
    if pid := outlived(lock, data, START_SECONDS):
        raise PostgresStartError(
            f"Another Postgres (process {pid}) still works on {data}. Stop it with `kill -INT {pid}` and try again."
        )
    if os.path.isdir("/proc/self"):  # without /proc we cannot tell, and Postgres judges for itself
        lock.unlink(missing_ok=True)
