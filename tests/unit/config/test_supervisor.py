"""`make run` as a person meets it: the whole site comes up, is joined, loses a child, is stopped, is killed."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from config.embedded.attach import additions, running
from config.embedded.place import PROJECT, Place
from config.embedded.ports import free_port
from config.embedded.process import tie
from tests.unit.config.processes import alive, descendants, gone_within

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's tie between parent and child is Linux's")
SET_FOR_TESTS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ARTIFACT_KEY", "ALLOWED_HOSTS", "ARTIFACT_ROOT")
SET_FOR_TESTS += ("STATIC_ROOT", "CONSILIUM_EMBEDDED", "HASHED_STATIC", "DJANGO_SETTINGS_MODULE")


@dataclass
class Site:
    process: subprocess.Popen[bytes]
    place: Place
    port: int
    output: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def said(self) -> str:
        return self.output.read_text()


def start(folder: Path, port: int, *, name: str = "output") -> Site:
    environment = {name: value for name, value in os.environ.items() if name not in SET_FOR_TESTS}
    output = folder / name
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.embedded", "--bare", "--var", str(folder / "var")],
            cwd=PROJECT,
            env=environment | {"PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    return Site(process, Place(folder / "var"), port, output)


def await_answer(site: Site, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while "Consilium answers on" not in site.said():
        assert site.process.poll() is None, site.said()
        assert time.monotonic() < deadline, site.said()
        time.sleep(0.1)


def health(site: Site) -> int | None:
    try:
        with urllib.request.urlopen(f"{site.address}/health/", timeout=10) as reply:
            return int(reply.status)
    except OSError:
        return None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Site]:
    """A running site that the tests of this module share."""
    site = start(folder, free_port())
    try:
        await_answer(site)
        yield site
    finally:
        site.process.send_signal(signal.SIGTERM)
        site.process.wait(60)


def test_the_site_answers_and_reaches_its_servers(site: Site) -> None:
    assert health(site) == 200
    assert f"Consilium answers on {site.address}" in site.said()


def test_what_it_keeps_is_closed_to_others_and_no_sign_in_link_is_left_on_disk(site: Site) -> None:
    assert {path.stat().st_mode & 0o777 for path in (site.place.var, site.place.secrets)} == {0o700}
    assert site.place.state.stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o777 for path in site.place.log("web").parent.iterdir()} == {0o600}
    assert not site.place.log("demo_links").exists()


def test_another_terminal_joins_it(site: Site) -> None:
    joined = additions({}, site.place)
    with psycopg.connect(joined["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM django_migrations").fetchone() == (True,)
    assert additions({"SECRET_KEY": "mine"}, site.place).keys() == joined.keys() - {"SECRET_KEY"}
    assert additions({"DATABASE_URL": "postgres://elsewhere/x"}, site.place) == {}


def test_a_second_start_says_where_the_first_one_is(site: Site, folder: Path) -> None:
    second = start(folder, free_port(), name="second")
    assert second.process.wait(60) == 1
    assert f"running already on {site.address} (process {site.process.pid})" in second.said()
    assert health(site) == 200


def test_a_taken_port_is_told_with_the_way_out(site: Site, tmp_path: Path) -> None:
    other = start(tmp_path, site.port)
    assert other.process.wait(60) == 1
    assert f"Port {site.port} on 127.0.0.1 is in use" in other.said()
    assert f"PORT={site.port + 1} make run" in other.said()


def test_a_killed_child_is_started_again_and_a_line_says_so(site: Site) -> None:
    for name, server in (("web", "gunicorn"), ("Valkey", "valkey-server")):
        for pid in children(site.process.pid, server):
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while not (f"{name} ended unasked (signal 9)" in site.said() and health(site) == 200):
            assert time.monotonic() < deadline, site.said()
            time.sleep(0.2)


def children(pid: int, program: str) -> list[int]:
    listing = subprocess.run(
        ["ps", "-eww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(maxsplit=2) for line in listing.splitlines()]
    return [int(row[0]) for row in rows if int(row[1]) == pid and program in row[2]]


def test_ctrl_c_stops_every_child_and_leaves_no_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    site = start(tmp_path_factory.mktemp("stopped"), free_port())
    await_answer(site)
    below = descendants(site.process.pid)
    assert len(below) >= 8  # Postgres and Valkey with their helpers, gunicorn, worker, beat
    site.process.send_signal(signal.SIGINT)
    assert site.process.wait(60) == 0
    assert alive(below) == set()
    assert not site.place.state.exists()
    assert running(site.place) is None


@LINUX
def test_a_killed_parent_takes_every_child_down_and_the_next_start_is_quick(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder, port = tmp_path_factory.mktemp("killed"), free_port()
    killed = start(folder, port)
    await_answer(killed)
    below = descendants(killed.process.pid)
    killed.process.kill()
    killed.process.wait()
    assert running(killed.place) is None
    assert gone_within(20, below), alive(below)
    bare = seconds_of_one_django_start()
    again = start(folder, port, name="again")
    began = time.monotonic()
    try:
        await_answer(again)
        # 15 s where Django alone takes 1.5 s; as a ratio, because this machine may be busy
        assert time.monotonic() - began < 10 * bare
    finally:
        again.process.send_signal(signal.SIGTERM)
        again.process.wait(60)


def seconds_of_one_django_start() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "manage.py", "check"], cwd=PROJECT, check=True, capture_output=True)
    return time.monotonic() - began


TIED = """
import os, signal, sys, time
sys.path.insert(0, {project!r})
from config.embedded.process import end_with_parent
end_with_parent(signal.SIGTERM, os.getppid())
print(os.getpid(), flush=True)
time.sleep(600)
"""


@LINUX
def test_killing_make_ends_what_it_runs() -> None:
    script = TIED.format(project=str(PROJECT))
    with subprocess.Popen(
        ["sh", "-c", '"$0" -c "$1"; true', sys.executable, script], stdout=subprocess.PIPE, text=True
    ) as make:
        assert make.stdout is not None
        pid = int(make.stdout.readline())
        make.kill()
    assert gone_within(5, {pid})


@LINUX
def test_a_parent_that_ends_while_its_child_is_being_started_takes_it_down() -> None:
    before = signal.signal(signal.SIGTERM, lambda *_: None)  # as the supervisor has one, which its child inherits
    try:
        nobody = os.getpid() + 1  # to the child its parent is then gone
        child = subprocess.Popen(["sleep", "600"], preexec_fn=tie(signal.SIGTERM, nobody))
    finally:
        signal.signal(signal.SIGTERM, before)
    try:
        assert child.wait(10) == -signal.SIGTERM
    finally:
        child.kill()
