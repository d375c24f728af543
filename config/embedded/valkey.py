"""A real Valkey of our own (broker, results, cache): foreground child, loopback only, random password."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis

from config.embedded import StartError, binaries
from config.embedded.account import Account, give, server_account
from config.embedded.ports import LOOPBACK, free_port
from config.embedded.process import handed, last_line, outlived, spawn, stop_all
from config.embedded.secret_files import secret

START_SECONDS = 30.0


class ValkeyStartError(StartError):
    pass


@dataclass
class Valkey:
    """One server whose files are below `home`; `durable=False` keeps nothing on disk and is for tests only."""

    home: Path
    secrets: Path
    log: Path
    durable: bool = True
    port: int = 0
    name: str = "Valkey"
    stop_signal: int = signal.SIGTERM  # orderly shutdown: what was written is on disk
    patience: float = 10.0
    account: Account | None = field(default_factory=server_account)
    child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{secret(self.secrets / 'valkey')}@{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start and return when it answers to the password."""
        program = binaries.valkey_program(self.account)
        self.home.mkdir(parents=True, exist_ok=True)
        if pid := outlived(self.home / "pid", self.home, START_SECONDS):
            raise ValkeyStartError(f"Another Valkey (process {pid}) still works on {self.home}. Stop it and try again.")
        self._give_files()
        self.port = self.port or free_port()
        with handed(self.home, self.account) as (home, descriptors):
            self.child = spawn(
                [program, "-"],  # settings come by standard input: the password is in no argument and in no file
                log=self.log,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                account=self.account,
                stdin=subprocess.PIPE,
                pass_fds=descriptors,
                when_parent_dies=self.stop_signal,
            )
            assert self.child.stdin is not None
            with self.child.stdin as settings:
                settings.write(self._settings(home).encode())
            self._wait()

    def stop(self) -> None:
        stop_all([self])

    def _settings(self, home: str) -> str:
        lines = [f"bind {LOOPBACK}", f"port {self.port}", f"requirepass {secret(self.secrets / 'valkey')}"]
        lines += [f"dir {home}", f"pidfile {home}/pid", "daemonize no", "maxmemory-policy noeviction", 'save ""']
        lines += ["appendonly yes", "appendfsync everysec"] if self.durable else ["appendonly no"]
        return "\n".join(lines) + "\n"

    def _give_files(self) -> None:
        give(self.home, self.account)
        for path in self.home.rglob("*"):  # a start as another user may have left files
            give(path, self.account)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        client = redis.Redis.from_url(self.url, socket_connect_timeout=2)
        while time.monotonic() < deadline:
            if self.child is None or self.child.poll() is not None:
                raise ValkeyStartError(f"Valkey did not start: {last_line(self.log)} (see {self.log}).")
            try:
                client.ping()
            except redis.ConnectionError:  # not up yet, or still reading its files
                time.sleep(0.02)
            else:
                client.close()
                return
        self.stop()
        raise ValkeyStartError(f"Valkey did not answer for {START_SECONDS:.0f} seconds (see {self.log}).")
