"""Starts the whole site in the order in which it answers soonest, keeps it up, and takes it down again."""

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from config.embedded import StartError, programs
from config.embedded.attach import Running, publish
from config.embedded.environment import site_environment
from config.embedded.keeper import Kept, keep
from config.embedded.place import Place
from config.embedded.ports import LOOPBACK, is_taken
from config.embedded.postgres import Postgres
from config.embedded.process import last_line, stop_all
from config.embedded.programs import Program
from config.embedded.progress import say
from config.embedded.temporary import given as servers_given
from config.embedded.valkey import Valkey

ANSWER_SECONDS = 60.0


class SiteStartError(StartError):
    pass


@dataclass
class Supervisor:
    """One running site. `asked_to_stop` is looked at between steps, so that a Ctrl-C leaves no half-started child."""

    place: Place
    port: int
    given: Mapping[str, str]
    pid: int
    asked_to_stop: Callable[[], bool]
    bare: bool = False
    """Only the site: no reference model, no inference, no demo."""
    servers: list[Kept] = field(default_factory=list)
    site: list[Kept] = field(default_factory=list)
    steps: list["Step"] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def run(self) -> None:
        """Until asked to stop; then every child is stopped, also where the start failed half-way."""
        try:
            for stage in (self._start_servers, self._prepare, self._open, self._queue_background):
                if not self.asked_to_stop():
                    stage()
            while not self.asked_to_stop():
                self._look()
                time.sleep(0.2)
        finally:
            self._stop()

    def _start_servers(self) -> None:
        self._check_port()
        embedded = not servers_given(self.given)
        added = site_environment(self.given, self.place, self.address)
        if embedded:
            added |= self._embedded_servers()
        self.environment = {**self.given, **added}
        publish(self.place, Running(self.pid, self.address, added))

    def _check_port(self) -> None:
        deadline = time.monotonic() + (15 if self.place.state.exists() else 0)  # a killed site frees it in a moment
        while is_taken(self.port):
            if time.monotonic() >= deadline or self.asked_to_stop():
                raise SiteStartError(
                    f"Port {self.port} on {LOOPBACK} is in use by another program. Stop that one, or choose another "
                    f"port: PORT={self.port + 1} make run"
                )
            time.sleep(0.2)
        self.place.state.unlink(missing_ok=True)

    def _embedded_servers(self) -> dict[str, str]:
        postgres = Postgres(self.place.postgres, self.place.secrets, self.place.log("postgres"))
        valkey = Valkey(self.place.valkey, self.place.secrets, self.place.log("valkey"))
        for server in (postgres, valkey):
            began = time.monotonic()
            self.servers.append(keep(server))
            say(f"{server.name} is up ({time.monotonic() - began:.1f} s)")
        return {"DATABASE_URL": postgres.url, "REDIS_URL": valkey.url, "CONSILIUM_EMBEDDED": "1"}

    def _prepare(self) -> None:
        """Tables and static files, side by side."""
        manage = programs.manage(self.place, self.environment)
        say("Bringing the database's tables and the static files up to date")
        self._finish(manage("migrate", "--noinput"), manage("collectstatic", "--noinput", "-v", "0"))

    def _open(self) -> None:
        self.site.append(keep(programs.web(self.place, self.environment, self.port)))
        links = programs.manage(self.place, self.environment)("demo_links")
        links.log.unlink(missing_ok=True)
        links.start()
        self._await_answer()
        say("", f"Consilium answers on {self.address}", "", self._sign_in_links(links), "")
        say(f"Ctrl-C stops everything. Data and logs are in {self.place.var}.", "")
        for program in (programs.worker, programs.beat):
            self.site.append(keep(program(self.place, self.environment)))

    def _sign_in_links(self, links: Program) -> str:
        """What the command printed. Its log is removed: one-time links are for this terminal only."""
        worked = links.child is not None and links.child.wait() == 0
        said = links.log.read_text().rstrip() if worked else f"No sign-in links: {last_line(links.log)}"
        links.log.unlink()
        return said

    def _await_answer(self) -> None:
        deadline = time.monotonic() + ANSWER_SECONDS
        web = self.site[0].child
        while not self.asked_to_stop() and not _answers(self.address):
            ended = web.child is not None and web.child.poll() is not None
            if ended or time.monotonic() > deadline:
                raise SiteStartError(f"The site does not answer: {last_line(web.log)} (see {web.log}).")
            time.sleep(0.1)

    def _queue_background(self) -> None:
        if self.bare:
            return
        place, environment = self.place, self.environment
        manage = programs.manage(place, environment)
        self.steps = [
            Step(
                "Installing the inference packages (torch is large)",
                programs.inference_packages(place, environment),
                then=lambda: self.site.append(keep(programs.gpu_worker(place, environment))),
            ),
            Step("Fetching and converting the reference model", programs.reference_model(place, environment)),
            Step(
                "Importing the demo and asking for its mining run",
                manage("demo_start", "--model", str(programs.reference_folder(place))),
            ),
            Step("Fetching the sentence model that scores rationales", programs.sentence_model(place, environment)),
            Step("Indexing the terms of ICD-10-CM", programs.code_index(place, environment, "icd-10-cm")),
            Step("Indexing the terms of HPO", programs.code_index(place, environment, "hpo")),
        ]

    def _look(self) -> None:
        now = time.monotonic()
        for kept in [*self.servers, *self.site]:
            kept.look(now)
        if self.steps and self.steps[0].is_over():
            done = self.steps.pop(0)
            self.steps = self.steps if done.worked() else []

    def _finish(self, *commands: Program) -> None:
        """Run the commands to their end, side by side; the first that fails stops the start with what it said."""
        for command in commands:
            command.start()
        for command in commands:
            code = command.child.wait() if command.child else 0
            if code != 0 and not self.asked_to_stop():
                raise SiteStartError(f"manage.py {command.name} failed: {last_line(command.log)} (see {command.log}).")

    def _stop(self) -> None:
        """First whoever uses the servers, all at once; then the servers."""
        stop_all([*(step.program for step in self.steps), *(kept.child for kept in reversed(self.site))])
        stop_all([kept.child for kept in reversed(self.servers)])
        self.place.state.unlink(missing_ok=True)


@dataclass
class Step:
    """Something to be done once while the site is up already; steps follow one another."""

    title: str
    program: Program
    then: Callable[[], object] = lambda: None

    def is_over(self) -> bool:
        if self.program.child is None:
            say(self.title)
            self.began = time.monotonic()
            self.program.start()
        child: subprocess.Popen[bytes] | None = self.program.child
        return child is not None and child.poll() is not None

    def worked(self) -> bool:
        """Say how it went; what waits for it is started only where it worked."""
        assert self.program.child is not None
        if self.program.child.returncode == 0:
            say(f"  done ({time.monotonic() - self.began:.0f} s)")
            self.then()
            return True
        say(f"  failed: {last_line(self.program.log)}", f"  See {self.program.log}. The site stays up without it; ")
        say("  put right what it names, then stop and start again.")
        return False


def _answers(address: str) -> bool:
    """Whether the site runs and reaches its servers; a refusal of our host name is an answer too."""
    try:
        urllib.request.urlopen(f"{address}/health/", timeout=5).close()
    except urllib.error.HTTPError as reply:
        return reply.code < 500
    except OSError:
        return False
    return True
