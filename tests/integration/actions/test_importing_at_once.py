"""Several hands import the same files at the same moment: one run, whose files stay."""

from pathlib import Path

import pytest
from django.conf import settings

from annotation import gateway
from annotation.actions.importing_runs import import_run
from annotation.interop.dashboards.saedashboard import read_saedashboard
from annotation.models import Corpus, MiningRun, RunImport
from tests.integration.actions.test_at_once import together
from tests.interop_files import write_saedashboard
from tests.world import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_same_files_imported_three_times_at_once_are_one_run(tmp_path: Path) -> None:
    folder = write_saedashboard(tmp_path / "dashboards", latents=3)

    def importing() -> MiningRun:
        return import_run(read=lambda: read_saedashboard(folder), source="For the tests.", by=None, now=NOW)

    runs = together([importing] * 3)
    assert len({run.pk for run in runs}) == 1
    assert MiningRun.objects.count() == Corpus.objects.count() == RunImport.objects.count() == 1
    assert isinstance(gateway.outcome(settings.ARTIFACT_ROOT, runs[0].digest), gateway.Manifest)
    assert len(list(gateway.latents(settings.ARTIFACT_ROOT, runs[0].digest))) == 3
