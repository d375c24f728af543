"""Child processes that never outlive us, and whose output goes to a log file."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from config.embedded.account import Account

PR_SET_PDEATHSIG = 1
LOG_BYTES_KEPT = 5_000_000

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def end_with_parent(signum: int, parent: int) -> None:
    """Ask the kernel to send us `signum` when the thread that started us ends (Linux; elsewhere nothing)."""
    if _libc is None:
        return
    _libc.prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
    if os.getppid() != parent:  # it ended before we could ask
        os.kill(os.getpid(), signum)


def spawn(
    argv: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    account: Account | None = None,
    cwd: Path | str = "/",
    stdin: int = subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
    when_parent_dies: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that a Ctrl-C in the terminal reaches us alone and we stop it in order.

    Must be called from the thread that lives longest: on Linux the child is tied to the thread, not to the process.
    """
    with open_log(log) as output:
        return subprocess.Popen(
            [str(word) for word in argv],
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
            preexec_fn=tie(when_parent_dies, os.getpid()),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def tie(signum: int, parent: int) -> Callable[[], None]:
    """What a child does between its fork and its program, so that it ends with `parent` from that moment on."""

    def before_the_program() -> None:
        # Until then it has our own handlers, which would take the signal and leave nothing of it to the program.
        signal.signal(signum, signal.SIG_DFL)
        end_with_parent(signum, parent)

    return before_the_program


class Stoppable(Protocol):
    """Something that runs as one child process."""

    child: subprocess.Popen[bytes] | None
    stop_signal: int
    patience: float


def stop_all(children: Sequence[Stoppable]) -> None:
    """Ask all of them at once; whoever outlasts its patience (seconds) is killed with everything that it started."""
    began = time.monotonic()
    running = [(each.child, each) for each in children if each.child is not None]
    for process, each in running:
        if process.poll() is None:
            process.send_signal(each.stop_signal)
    for process, each in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, began + each.patience - time.monotonic()))
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def open_log(path: Path) -> Iterator[int]:
    """A log file's descriptor, private and appended to; one that has grown long is set aside first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES_KEPT:
        path.replace(path.with_suffix(path.suffix + ".1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def last_line(log: Path) -> str:
    """What the log says last, for a sentence about a child that did not start."""
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1].strip() if lines else "it said nothing"


@contextmanager
def handed(path: Path, account: Account | None) -> Iterator[tuple[str, tuple[int, ...]]]:
    """A name by which a child of another account reaches `path`, and the descriptors to pass on.

    A checkout may lie below a directory that is closed to everybody but root (/root). The child then gets the open
    directory itself, so that no parent directory has to be opened to it.
    """
    if account is None or sys.platform != "linux":
        yield str(path), ()
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{descriptor}", (descriptor,)
    finally:
        os.close(descriptor)


def outlived(pid_file: Path, directory: Path, patience: float) -> int | None:
    """Wait for the server that a killed start left working in `directory`; its pid where it stays, else None.

    Told by its working directory, because the pid in a stale file may be any program's by now (Linux only).
    """
    deadline = time.monotonic() + patience
    while (pid := _pid(pid_file)) is not None and _works_in(pid, directory):
        if time.monotonic() > deadline:
            return pid
        time.sleep(0.1)
    return None


def _pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _works_in(pid: int, directory: Path) -> bool:
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")) == directory.resolve()
    except OSError:
        return False
