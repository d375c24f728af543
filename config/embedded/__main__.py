"""`python -m config.embedded`: the whole site on this machine, until Ctrl-C."""

import argparse
import os
import signal
import sys
from pathlib import Path

from config.embedded import StartError
from config.embedded.attach import running
from config.embedded.environment import port
from config.embedded.place import Place, held
from config.embedded.process import end_with_parent
from config.embedded.progress import complain, say
from config.embedded.supervisor import Supervisor


class Request:
    """Whether somebody asked us to stop (Ctrl-C, a plain kill, a closed terminal)."""

    made = False

    def listen(self) -> None:
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signum != signal.SIGHUP or signal.getsignal(signum) is not signal.SIG_IGN:  # nohup
                signal.signal(signum, self._note)

    def _note(self, signum: int, frame: object) -> None:
        if not self.made:
            say("", "Stopping")
        self.made = True

    def is_made(self) -> bool:
        return self.made


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m config.embedded", description=__doc__)
    parser.add_argument("--var", type=Path, default=Place().var, help="where data and logs live")
    parser.add_argument("--stop-with-parent", action="store_true", help="stop also when the calling process is killed")
    parser.add_argument("--bare", action="store_true", help="the site alone: no reference model, inference or demo")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    request = Request()
    request.listen()
    if asked.stop_with_parent:
        end_with_parent(signal.SIGTERM, os.getppid())
    place = Place(asked.var.resolve())
    try:
        place.make()
        with held(place.lock) as ours:
            if not ours:
                complain(already_running(place))
                return 1
            Supervisor(place, port(os.environ), dict(os.environ), os.getpid(), request.is_made, asked.bare).run()
    except StartError as problem:
        complain(f"\n{problem}")
        return 1
    return 0


def already_running(place: Place) -> str:
    live = running(place)
    if live is None:
        return f"Another start is under way in {place.var}. Wait for it, or stop it, then try again."
    return f"Consilium is running already on {live.address} (process {live.pid}). Stop it with `kill {live.pid}`."


if __name__ == "__main__":
    sys.exit(main())
