"""What `make run` does while the site is up already: in which order, and where it puts what it makes."""

from pathlib import Path

from annotation.codes.systems import SYSTEMS
from config.embedded.place import Place
from config.embedded.supervisor import Supervisor


def supervisor(folder: Path, *, bare: bool = False) -> Supervisor:
    made = Supervisor(Place(folder), 0, {}, 0, lambda: False, bare)
    made._queue_background()
    return made


def test_every_code_system_is_indexed_last_and_where_the_site_looks_for_it(tmp_path: Path) -> None:
    steps = supervisor(tmp_path).steps
    indexing = [step.program.argv for step in steps if "annotation.codes.build" in step.program.argv]
    assert [argv[-2:] for argv in indexing] == [[name, str(tmp_path / "artifacts" / "codes")] for name in SYSTEMS]
    assert [step.program.argv for step in steps][-len(indexing) :] == indexing


def test_the_bare_site_has_no_such_steps(tmp_path: Path) -> None:
    assert supervisor(tmp_path, bare=True).steps == []
