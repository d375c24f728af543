"""One latent: what it fires on, and, where blinding allows, what raters and the statistics made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Count, F
from django.db.models.functions import Length, Substr

from annotation.enums import SHOWN_TO_RATERS, SnippetKind
from annotation.models import Consensus, Latent, Rating, ResultRun, SampledLatent, Snippet, Study
from annotation.queries.evidence_quotes import Quote, evidence_quotes
from annotation.queries.hidden_snippets import closed, without_hidden
from annotation.queries.opinions import Opinion, opinions_on
from annotation.queries.shown_snippets import place_of
from annotation.queries.sight import Onlooker
from annotation.queries.withheld import withheld
from annotation.rules.blinding import NOTHING, Sight
from annotation.rules.evidence import Word
from annotation.rules.refusal import NotYours

TITLES = {
    SnippetKind.TOP: "Strongest",
    SnippetKind.DECILE: "Mid-range, strong to weak",
    SnippetKind.FOIL_RANDOM: "Random, should not fire",
    SnippetKind.FOIL_HARD: "Look-alikes, should not fire",
}


@dataclass(frozen=True, kw_only=True)
class MinedSnippet:
    """A stretch of a document with its firing tokens."""

    text: str
    tokens: list[dict[str, float]]
    decile: int | None
    peak: float
    place: str
    """Specialty, kind of note and section."""
    before: str
    """The wider context in front of it, and behind; both empty where the run kept none, or where it is closed."""
    after: str
    cut_start: bool
    cut_end: bool

    @property
    def strength(self) -> str:
        """Its decile in words, counted from the weakest; empty for a snippet that does not fire."""
        return "" if self.decile is None else f"decile {self.decile + 1} of 10"


@dataclass(frozen=True, kw_only=True)
class KindGroup:
    kind: SnippetKind
    snippets: tuple[MinedSnippet, ...]

    @property
    def by_decile(self) -> bool:
        """Whether its snippets differ in strength by design."""
        return self.kind == SnippetKind.DECILE

    @property
    def title(self) -> str:
        return f"{TITLES[self.kind]} ({len(self.snippets)})"


@dataclass(frozen=True, kw_only=True)
class LatentDetail:
    latent: Latent
    sampled: SampledLatent | None
    """None for a latent outside the sample: it has statistics and no snippets."""
    groups: tuple[KindGroup, ...]
    held_out: int
    """Snippets kept back for readers and scorers; counted, never shown here."""
    ratings: int
    sight: Sight
    hidden: int = 0
    """Snippets that were reported to show a person: counted, not shown."""
    opinions: tuple[Opinion, ...] = ()
    quotes: Mapping[Word, Quote] = field(default_factory=dict)
    """The words that rationales point at, those of hidden snippets left out."""
    consensuses: tuple[Consensus, ...] = field(default=())


def find_latent(study: Study, index: int) -> tuple[Latent, SampledLatent | None]:
    """The run's latent of this index, and its place in the sample. Raises NotYours where the run has none such."""
    latent = Latent.objects.filter(run=study.run_id, index=index).first() if study.run_id else None
    if latent is None:
        raise NotYours(f"The study's run has no latent {index}.")
    return latent, study.sample.filter(latent=latent).first()


def latent_detail(study: Study, index: int, *, viewer: Onlooker, results: ResultRun | None) -> LatentDetail:
    """Everything that the latent's page shows this person; at most eight statements."""
    latent, sampled = find_latent(study, index)
    if sampled is None:
        return LatentDetail(latent=latent, sampled=None, groups=(), held_out=0, ratings=0, sight=NOTHING)
    sight = viewer.sight(sampled)
    kinds = dict(latent.snippets.values_list("kind").annotate(Count("pk")).order_by())
    groups = _groups(latent)
    opinions = opinions_on(sampled.pk, order=f"latent:{sampled.pk}") if sight.ratings else ()
    return LatentDetail(
        latent=latent,
        sampled=sampled,
        groups=groups,
        hidden=sum(kinds.get(kind, 0) for kind in SHOWN_TO_RATERS) - sum(len(group.snippets) for group in groups),
        held_out=sum(count for kind, count in kinds.items() if kind not in SHOWN_TO_RATERS),
        ratings=Rating.objects.filter(latent=sampled, revision=1).filter(~withheld()).count(),
        sight=sight,
        opinions=opinions,
        quotes=evidence_quotes(word for opinion in opinions for word in opinion.evidence),
        consensuses=_consensuses(sampled, results) if sight.results and results else (),
    )


def _groups(latent: Latent) -> tuple[KindGroup, ...]:
    rows = (
        without_hidden(Snippet.objects.filter(latent=latent, kind__in=SHOWN_TO_RATERS))
        .annotate(
            around_closed=closed("context_start", "context_end"),
            # A note may be long: only the snippet's own characters leave the database.
            text=Substr("document__text", F("start") + 1, F("end") - F("start")),
            note_length=Length("document__text"),
            before=Substr("document__text", F("context_start") + 1, F("start") - F("context_start")),
            after=Substr("document__text", F("end") + 1, F("context_end") - F("end")),
            specialty=F("document__specialty"),
            note_type=F("document__note_type"),
        )
        .order_by(F("decile").desc(nulls_last=True), "rank")
    )
    by_kind: dict[str, list[MinedSnippet]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(_shown(row))
    return tuple(KindGroup(kind=kind, snippets=tuple(by_kind[kind])) for kind in SHOWN_TO_RATERS if kind in by_kind)


def _shown(row: Snippet) -> MinedSnippet:
    extra = vars(row)
    around = {} if extra["around_closed"] else extra
    return MinedSnippet(
        text=extra["text"],
        tokens=row.tokens,
        decile=row.decile,
        peak=row.peak,
        place=place_of(extra["specialty"], extra["note_type"], row.section),
        before=around.get("before") or "",
        after=around.get("after") or "",
        cut_start=row.start > 0,
        cut_end=row.end < extra["note_length"],
    )


def _consensuses(sampled: SampledLatent, results: ResultRun) -> tuple[Consensus, ...]:
    return tuple(Consensus.objects.filter(run=results, latent=sampled).order_by("pk"))
