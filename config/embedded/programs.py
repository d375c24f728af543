"""The site's own programs: what runs, with which command, and how each is asked to stop."""

import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.embedded.place import PROJECT, Place
from config.embedded.ports import LOOPBACK
from config.embedded.process import spawn, stop_all

PYTHON = sys.executable
YIELDING = ["nice", "-n", "10"]
"""Inference and set-up take every core that they get; the site, which people wait for, comes first."""


@dataclass
class Program:
    """A child that is kept up: the same shape (name, log, child, start, stop) as the two servers."""

    name: str
    argv: list[str]
    log: Path
    environment: Mapping[str, str]
    stop_signal: int = signal.SIGTERM
    patience: float = 10.0
    child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.child = spawn(
            self.argv, log=self.log, env=self.environment, cwd=PROJECT, when_parent_dies=self.stop_signal
        )

    def stop(self) -> None:
        stop_all([self])


def manage(place: Place, environment: Mapping[str, str]) -> Callable[..., Program]:
    """A maker of one-off `manage.py` calls, logged under the command's name."""

    def command(name: str, *arguments: str) -> Program:
        return Program(name, [PYTHON, "manage.py", name, *arguments], place.log(name), environment)

    return command


def web(place: Place, environment: Mapping[str, str], port: int) -> Program:
    words = ["gunicorn", "config.wsgi:application", "--bind", f"{LOOPBACK}:{port}", "--no-control-socket"]
    words += ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--graceful-timeout", "5"]
    return Program("web", [PYTHON, "-m", *words], place.log("web"), environment)


def worker(place: Place, environment: Mapping[str, str]) -> Program:
    """Statistics and releases. SIGQUIT: an interrupted task goes back to its queue instead of being waited for."""
    words = ["celery", "-A", "config.celery", "worker", "-Q", "web", "-c", "2", "-n", "web@%h", "-l", "INFO"]
    return Program("worker", [PYTHON, "-m", *words], place.log("worker"), environment, signal.SIGQUIT)


def beat(place: Place, environment: Mapping[str, str]) -> Program:
    words = ["celery", "-A", "config.celery", "beat", "-s", str(place.var / "beat"), "--pidfile=", "-l", "INFO"]
    return Program("beat", [PYTHON, "-m", *words], place.log("beat"), environment)


def gpu_worker(place: Place, environment: Mapping[str, str]) -> Program:
    words = ["celery", "-A", "saeserve.worker", "worker", "-Q", "gpu", "-c", "1", "-n", "gpu@%h", "-l", "INFO"]
    told = {**_without_django(environment), "SAESERVE_SENTENCE_MODEL": str(place.models / "all-minilm-l6-v2")}
    return Program("gpu", [*YIELDING, PYTHON, "-m", *words], place.log("gpu"), told, signal.SIGQUIT)


def inference_packages(place: Place, environment: Mapping[str, str]) -> Program:
    """torch and transformers are large, so they come while the site is up; make knows whether they are there."""
    return Program("setup", [*YIELDING, "make", "--no-print-directory", ".venv/.gpu"], place.log("setup"), environment)


def reference_model(place: Place, environment: Mapping[str, str]) -> Program:
    words = ["saeserve", "reference", "--into", str(place.models)]
    return Program("reference", [*YIELDING, PYTHON, "-m", *words], place.log("reference"), environment)


def sentence_model(place: Place, environment: Mapping[str, str]) -> Program:
    words = ["saeserve", "scorer", "--into", str(place.models)]
    return Program("scorer", [*YIELDING, PYTHON, "-m", *words], place.log("scorer"), environment)


def code_index(place: Place, environment: Mapping[str, str], system: str) -> Program:
    """The search index of a code system's terms, where the site looks for it; nothing is done where it is there."""
    words = ["annotation.codes.build", system, str(place.artifacts / "codes")]
    utf_8 = {**environment, "PYTHONUTF8": "1"}  # The packages open their UTF-8 files without saying so.
    return Program(f"index-{system}", [*YIELDING, PYTHON, "-m", *words], place.log(f"index-{system}"), utf_8)


def _without_django(environment: Mapping[str, str]) -> dict[str, str]:
    """Celery imports Django wherever this variable is set; the GPU side runs without it."""
    return {name: value for name, value in environment.items() if name != "DJANGO_SETTINGS_MODULE"}


def reference_folder(place: Place) -> Path:
    """Where `saeserve reference` puts the model."""
    return place.models / "smollm2-135m-instruct"
