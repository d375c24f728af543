"""What is kept of earlier runs: figures of agreement for good, rows a latent while something rests on them."""

from annotation.actions.results.storing import drop
from annotation.actions.results.tables import ALL_TABLES, HEAVY_TABLES
from annotation.models import Release, ResultInputs, ResultRun, ResultStep, Study

KEPT = 2
"""Newest runs that keep everything: one to read, and the one before for whoever is still reading that."""


def prune(*, study: Study) -> None:
    """Rows by latent and by pair, of runs that are neither among the newest nor named by a release of the study."""
    cited = Release.objects.filter(study=study, manifest__isnull=False).values_list(
        "manifest__results__input_digest", flat=True
    )
    runs = ResultRun.objects.filter(study=study).order_by("-pk")
    newest = list(runs.values_list("pk", flat=True)[:KEPT])
    old = runs.exclude(pk__in=newest).exclude(input_digest__in=[one for one in cited if one])
    gone = list(old.filter(steps__isnull=False).distinct().order_by().values_list("pk", flat=True))
    # What was still to come of the run before comes of the newest now.
    ResultStep.objects.filter(run__in=newest[1:], done_at=None).delete()
    ResultInputs.objects.filter(run__in=newest[1:]).delete()
    if not gone:
        return
    for table in HEAVY_TABLES:
        drop(table, gone)
    ResultStep.objects.filter(run__in=gone).delete()


def drop_run(run: ResultRun) -> None:
    """A run that is not complete, with all that it holds."""
    for table in ALL_TABLES:
        drop(table, [run.pk])
    ResultRun.everything.filter(pk=run.pk, complete=False).delete()
