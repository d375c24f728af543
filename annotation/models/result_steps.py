"""How a run is computed: what it is computed from, laid down once, and the steps that it takes, each on its own.

A step is the smallest piece that a worker does in one go. Between two steps it may do something for another study.
"""

from django.db import models

from annotation.models.results import ResultRun


class ResultInputs(models.Model):
    """Everything that a run is computed from, as it was at one moment. Gone once all steps are done.

    Ratings that come in meanwhile belong to the next run, so that this one ends, however many come.
    """

    run = models.OneToOneField(ResultRun, on_delete=models.CASCADE, primary_key=True, related_name="inputs")
    content = models.BinaryField()
    """queries.result_inputs reads and writes it."""

    class Meta:
        verbose_name_plural = "result inputs"

    def __str__(self) -> str:
        return f"inputs of run {self.run_id}"


class ResultStep(models.Model):
    run = models.ForeignKey(ResultRun, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField()
    kind = models.CharField(
        max_length=20,
        choices=[(kind, kind) for kind in ("agreement", "pairs", "latents", "consensus", "sensitivity")],
    )
    item = models.SlugField(max_length=40)
    """The rubric item, or its question (`<key>-<flag>`) in steps of consensus and sensitivity."""
    part = models.CharField(max_length=80, blank=True)
    """The scope of agreement; who or what is left out of sensitivity."""
    digest = models.CharField(max_length=64, blank=True)
    """Of what this step alone rests on: two steps with the same digest have the same rows."""
    done_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(default=0.0)
    kept_from = models.ForeignKey(ResultRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    """The run whose rows were taken over, because nothing that they rest on has changed."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "kind", "item", "part"], name="result_step_once"),
            models.UniqueConstraint(fields=["run", "position"], name="result_step_position_once"),
            models.CheckConstraint(
                name="result_step_kind_known",
                condition=models.Q(kind__in=("agreement", "pairs", "latents", "consensus", "sensitivity")),
            ),
            models.CheckConstraint(
                name="result_step_done_has_digest", condition=models.Q(done_at=None) | ~models.Q(digest="")
            ),
        ]
        indexes = [
            models.Index(fields=["run", "position"], name="result_step_to_do", condition=models.Q(done_at=None)),
            models.Index(fields=["digest"], name="result_step_digest", condition=~models.Q(digest="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.item} {self.part}"
