"""A stored consensus as the pages draw it: both layers, majority vote and Dawid-Skene in the rubric's words."""

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.models import Consensus
from annotation.queries.rubric_words import ItemWords
from annotation.views.breakdown_words import Breakdown, breakdown
from annotation.views.drawing.distribution import Method
from annotation.views.drawing.figures import percent


@dataclass(frozen=True, kw_only=True)
class Leader:
    """The class that a method puts first."""

    label: str
    share: float


@dataclass(frozen=True, kw_only=True)
class ConsensusPanel:
    """One item of one latent."""

    words: ItemWords
    row: Consensus
    classes: tuple[str, ...]
    methods: tuple[Method, ...]
    votes: dict[str, int | float]
    """Halves where a rater read the latent twice and changed her mind."""
    votes_note: str
    theta: Leader | None
    q: Leader | None
    dawid_skene: Leader | None
    majority: tuple[str, ...]
    """More than one is a tie; none where nobody gave an answer."""
    breakdown: Breakdown | None = None
    """None where it may not be shown, or was not stored."""

    @property
    def caption(self) -> str:
        return f"{self.words.name}: opinion and single truth beside majority vote and Dawid-Skene"

    @property
    def summary(self) -> str:
        """For a closed panel: the item and the answer that leads, with its share."""
        return f"{self.words.name}: {self.theta.label}, {percent(self.theta.share)}" if self.theta else self.words.name

    @property
    def rests_on(self) -> str:
        return f"of {self.row.ratings} rating{'' if self.row.ratings == 1 else 's'}"

    @property
    def weights(self) -> list[tuple[str, float]]:
        """(pseudonym, weight) by pseudonym."""
        return sorted(self.row.weights.items())

    @property
    def differs(self) -> bool:
        """Whether the methods name different answers; a tie of the majority vote is no single answer."""
        if self.theta is None:
            return False
        named = {leader.label for leader in (self.theta, self.q, self.dawid_skene) if leader}
        return self.majority != (self.theta.label,) or len(named) > 1


def consensus_panel(row: Consensus, words: ItemWords, *, raters: bool = False) -> ConsensusPanel:
    """Words and shares of one row. raters: with what each rater's answer weighed, under her pseudonym."""
    classes = tuple(words.label(value) for value in row.classes)
    return ConsensusPanel(
        words=words,
        row=row,
        classes=classes,
        methods=_methods(row),
        votes={label: _whole(count) for label, count in zip(classes, row.votes, strict=True)},
        votes_note=_votes_note(row),
        theta=_leader(classes, row.theta),
        q=_leader(classes, row.q),
        dawid_skene=_leader(classes, row.dawid_skene) if row.dawid_skene else None,
        majority=tuple(words.label(value) for value in row.majority),
        breakdown=breakdown(row, words) if raters else None,
    )


def _methods(row: Consensus) -> tuple[Method, ...]:
    voted = sum(row.votes)
    return (
        Method(
            name="θ opinion",
            meaning="share of raters like these who would say so",
            shares=row.theta,
            n=f"n_eff {row.n_eff:.1f}",
            primary=True,
        ),
        Method(name="q single truth", meaning="probability, if one answer is right", shares=row.q),
        Method(
            name="Majority vote",
            meaning="share of the votes",
            shares=[count / voted for count in row.votes] if voted else None,
            n=f"{row.ratings} rating{'' if row.ratings == 1 else 's'}",
            reason="" if voted else "nobody gave an answer to this item.",
        ),
        Method(
            name="Dawid-Skene",
            meaning="probability, raters weighed by EM alone",
            shares=row.dawid_skene,
            reason=row.dawid_skene_reason or ("" if row.dawid_skene else "it was not computed for this item."),
        ),
    )


def _whole(count: float) -> int | float:
    return round(count) if count == round(count) else count


def _votes_note(row: Consensus) -> str:
    parts = []
    if row.cannot_tell:
        parts.append(f"{row.cannot_tell} rater{'' if row.cannot_tell == 1 else 's'} could not tell")
    if any(count != round(count) for count in row.votes):
        parts.append("a rater who read the latent twice and changed her mind counts half for each answer")
    return "; ".join(parts)


def _leader(classes: Sequence[str], shares: Sequence[float]) -> Leader | None:
    if not shares:
        return None
    share, label = max(zip(shares, classes, strict=True), key=lambda pair: pair[0])
    return Leader(label=label, share=share)
