"""The Chromium that the browser tests drive: the first that really starts. `make test` runs this before the tests."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
USUAL_PLACES = (
    "/usr/bin/chromium",
    "/usr/lib/chromium/chromium",
    "/opt/google/chrome/chrome",
    "/snap/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
QUIET = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NONE_WORKS = (
    "The browser tests need Chromium, and none could be started or installed here. Install Chromium or Google Chrome, "
    "or put the path of one in CHROMIUM, then run `make test` again."
)


def flags() -> list[str]:
    """Command-line flags: no traffic of its own; no sandbox as root, where Chromium refuses to start with one."""
    return [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def find() -> Path | None:
    """The first Chromium on this machine that renders a page, or None."""
    return next((path for path in _candidates() if _renders(path)), None)


def install() -> Path | None:
    """Debian's package where we may, else the browser tool's own download; None where neither brings one that works."""
    for commands in (_debian(), [[sys.executable, "-m", "playwright", "install", "chromium"]]):
        for command in commands:
            _say("Chromium: trying " + " ".join(command))
            if subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode != 0:
                break
        if found := find():
            return found
    return None


def _debian() -> list[list[str]]:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return []
    return [
        [apt, "-q", "update"],
        ["env", "DEBIAN_FRONTEND=noninteractive", apt, "-qy", "install", "--no-install-recommends", "chromium"],
    ]


def _candidates() -> Iterator[Path]:
    named = os.environ.get("CHROMIUM")
    seen: set[Path] = set()
    for place in (named, *(shutil.which(name) for name in NAMES), *USUAL_PLACES, _playwrights_own()):
        if place and Path(place).exists() and Path(place) not in seen:
            seen.add(Path(place))
            yield Path(place)


def _playwrights_own() -> str | None:
    """Where Playwright puts its download; asked in a process of its own, because its loop would stay in ours."""
    question = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    answer = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def _renders(path: Path) -> bool:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        page = "data:text/html,<p>it%20renders</p>"
        command = [str(path), "--headless", *flags(), f"--user-data-dir={profile}", "--dump-dom", page]
        try:
            ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            return False
    return "<p>it renders</p>" in ran.stdout


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    found = find() or install()
    if found is None:
        _say(NONE_WORKS)
        return 1
    _say(f"Chromium: {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
