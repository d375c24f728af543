"""The script of docs/guides/api.md does what it says, over HTTP, against a release that the worker writes meanwhile."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from annotation.actions.releasing import write_release
from annotation.actions.results import compute_results
from annotation.enums import ReleaseState, TokenScope
from annotation.models import Release
from tests import world as worlds
from tests.api_world import token
from tests.world import NOW, rate_next

GUIDE = Path(__file__).resolve().parents[4] / "docs" / "guides" / "api.md"
PATIENCE = 60.0


@pytest.mark.django_db(transaction=True)
def test_the_script_of_the_guide_takes_a_study_away(live_server: Any, tmp_path: Path) -> None:
    world = worlds.build()
    for _ in range(3):
        rate_next(world.study, world.ada, concept="chest pain")
        rate_next(world.study, world.ben, concept="unstable angina")
    compute_results(study_id=world.study.pk, now=NOW)
    told = {
        "CONSILIUM_URL": live_server.url,
        "CONSILIUM_STUDY": "hearts",
        "CONSILIUM_TOKEN": token(world.rosa, world.study, [TokenScope.READ, TokenScope.RELEASE]),
    }
    with subprocess.Popen([sys.executable, "-c", script()], cwd=tmp_path, env=os.environ | told) as ran:
        write_release(release_id=_asked_for(ran).pk, now=timezone.now())
        assert ran.wait(PATIENCE) == 0
    opinions = [json.loads(line) for line in (tmp_path / "opinions.jsonl").read_text().splitlines()]
    assert len(opinions) >= 3
    assert all(sum(one["opinion"].values()) == pytest.approx(1) for one in opinions)
    assert (tmp_path / "release-1" / "ratings.csv").read_text().count("chest pain") >= 3


def script() -> str:
    found = re.search(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def _asked_for(ran: subprocess.Popen[bytes]) -> Release:
    """The release that the script asks for, once it has."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and ran.poll() is None:
        if release := Release.objects.filter(state=ReleaseState.BUILDING).first():
            return release
        time.sleep(0.05)
    raise AssertionError(f"The script asked for no release ({ran.poll()}).")
