"""What was looked into and what came out: language model, SAE, mining run, latents, snippets."""

from django.db import models

from annotation.enums import RunState, SnippetKind
from annotation.models.corpora import Corpus, Document


class LanguageModel(models.Model):
    name = models.CharField(max_length=120, unique=True)
    folder = models.CharField(max_length=500)
    """Folder in transformers format, as the GPU worker sees it."""

    def __str__(self) -> str:
        return self.name


class Sae(models.Model):
    name = models.CharField(max_length=120, unique=True)
    language_model = models.ForeignKey(LanguageModel, on_delete=models.PROTECT)
    folder = models.CharField(max_length=500)
    """Folder or file of its weights, as the GPU worker sees it."""
    hook_point = models.CharField(max_length=200, blank=True)
    architecture = models.CharField(max_length=60, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    """These three are unknown where only the GPU side can read the files; the first finished run fills them."""
    options = models.JSONField(default=dict, blank=True)
    """What its files do not say: `hook_point`, `output_hook_point`, `norm_scaling_factor`."""
    card = models.JSONField(default=dict)
    """What its makers declare: data, tokens, FVE, L0, CE rise, dead latents."""

    class Meta:
        verbose_name = "SAE"

    def __str__(self) -> str:
        return self.name


class MiningRun(models.Model):
    sae = models.ForeignKey(Sae, on_delete=models.PROTECT)
    corpus = models.ForeignKey(Corpus, on_delete=models.PROTECT)
    request = models.JSONField()
    digest = models.CharField(max_length=64, unique=True)
    """Digest of the request: names the artifact folder."""
    state = models.CharField(max_length=20, choices=RunState.choices, default=RunState.QUEUED)
    manifest = models.JSONField(null=True, blank=True)
    failure = models.TextField(blank=True)
    retry_helps = models.BooleanField(default=False)
    """Whether a failed run may succeed when it is sent again as it is."""
    asked_with = models.CharField(max_length=64, blank=True)
    """The same for runs that were asked for together, to be mined in one pass; empty for a run of its own."""
    requested_at = models.DateTimeField()
    sent_at = models.DateTimeField()
    """When it was last put on the gpu queue."""
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="run_state_known", condition=models.Q(state__in=RunState.values)),
            models.CheckConstraint(
                name="run_finished_has_manifest",
                condition=~models.Q(state=RunState.FINISHED) | models.Q(manifest__isnull=False, ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="run_failed_says_why", condition=~models.Q(state=RunState.FAILED) | ~models.Q(failure="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sae} on {self.corpus}"


class Latent(models.Model):
    run = models.ForeignKey(MiningRun, on_delete=models.PROTECT, related_name="latents")
    index = models.PositiveIntegerField()
    identity = models.CharField(max_length=64)
    """Digest of weights, encode configuration and model revision: what a label attaches to."""
    firings = models.BigIntegerField()
    documents = models.PositiveIntegerField()
    density = models.FloatField()
    max_activation = models.FloatField()
    histogram = models.JSONField()
    decile_edges = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "index"], name="latent_index_unique_in_run")]

    def __str__(self) -> str:
        return f"latent {self.index}"


class Snippet(models.Model):
    latent = models.ForeignKey(Latent, on_delete=models.PROTECT, related_name="snippets")
    document = models.ForeignKey(Document, on_delete=models.PROTECT)
    kind = models.CharField(max_length=20, choices=SnippetKind.choices)
    rank = models.PositiveSmallIntegerField()
    decile = models.PositiveSmallIntegerField(null=True, blank=True)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    """Characters [start, end) of the document's text."""
    peak = models.FloatField()
    tokens = models.JSONField()
    """Firing tokens: [{start, end, activation}], characters relative to the snippet's start."""
    section = models.TextField(blank=True)
    """Header of the section in which it begins, as written."""
    context_start = models.PositiveIntegerField(null=True, blank=True)
    context_end = models.PositiveIntegerField(null=True, blank=True)
    """Characters [context_start, context_end) of the document's text: the wider context, where the run kept one."""
    mention = models.BooleanField(default=False, db_default=False)
    """A look-alike that was chosen because it negates a word of the latent, or says it of a relative."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["latent", "kind", "rank", "decile"], name="snippet_place_unique", nulls_distinct=False
            ),
            models.CheckConstraint(name="snippet_not_empty", condition=models.Q(end__gt=models.F("start"))),
            models.CheckConstraint(name="snippet_kind_known", condition=models.Q(kind__in=SnippetKind.values)),
            models.CheckConstraint(
                name="snippet_lies_in_its_context",
                condition=models.Q(context_start__isnull=True, context_end__isnull=True)
                | models.Q(
                    context_start__isnull=False,
                    context_end__isnull=False,
                    context_start__lte=models.F("start"),
                    context_end__gte=models.F("end"),
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.rank} of latent {self.latent_id}"
