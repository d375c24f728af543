"""What raters said of one latent, stripped of everything that could tell who they are: for cases and latents' pages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from django.utils.crypto import salted_hmac

from annotation.enums import Fit, ItemKind, Outcome, RoundKind
from annotation.models import Rating, RubricItem
from annotation.queries.counted_ratings import under_newest_version
from annotation.queries.set_aside import set_aside
from annotation.queries.withheld import withheld
from annotation.rules.evidence import Word

SALT = "consilium.opinions"


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """One rater's current answer. No name, pseudonym, institution, weight, time or place in the order of arrival."""

    letter: str
    outcome: Outcome
    concept: str
    second_concept: str
    """Where she found two meanings; empty else."""
    answers: tuple[tuple[str, str], ...]
    """(question, answer) in words, in the rubric's order, without the concept."""
    rationale: str
    evidence: tuple[Word, ...]
    """Words of the snippets that the rationale points at, as she attached them."""
    fits: Mapping[int, Fit]
    """By snippet, where she said so."""

    @property
    def answered(self) -> bool:
        return self.outcome == Outcome.ANSWERED


def opinions_on(latent: int, *, order: str, names: Mapping[int, str] | None = None) -> tuple[Opinion, ...]:
    """Every rater's newest revision on a sampled latent, in an order that is the same each time for the same `order`.

    order: who reads where, such as `7:12` for reader 7 and case 12; other readers and cases have other orders.
    names: the name that each concept goes by (queries.concept_names); as typed where it is left out.
    Without what is withheld, or gave way to an answer to a newer rubric version. Asks nobody's leave: callers check
    rules.blinding first. Two statements.
    """
    return opinions_of(ratings_before_adjudicator(latent), order=order, names=names)


def opinions_of(
    ratings: Sequence[Rating], *, order: str, names: Mapping[int, str] | None = None
) -> tuple[Opinion, ...]:
    """Like `opinions_on`, of the ratings that `ratings_before_adjudicator` gave. One statement."""
    shuffled = sorted(ratings, key=lambda rating: _place(rating, order))
    versions = {rating.round.rubric_id for rating in shuffled}
    items: dict[int, list[RubricItem]] = {version: [] for version in versions}
    for item in RubricItem.objects.filter(version__in=versions).order_by("position"):
        items[item.version_id].append(item)
    return tuple(
        _opinion(letter(place), rating, items[rating.round.rubric_id], names or {})
        for place, rating in enumerate(shuffled)
    )


def ratings_before_adjudicator(latent: int) -> list[Rating]:
    """The ratings on a sampled latent that an adjudicator is shown and signs upon. One statement."""
    given = under_newest_version(Rating.objects.filter(~withheld(), ~set_aside(), latent=latent))
    # A retest tells how steady a rater is: beside her first answer it would look like another person's.
    given = given.exclude(round__kind=RoundKind.RETEST)
    return _current(given.select_related("concept", "second_concept", "round"))


def _current(ratings: Iterable[Rating]) -> list[Rating]:
    newest: dict[tuple[int, int], Rating] = {}
    for rating in ratings:
        key = (rating.round_id, rating.rater_id)
        if key not in newest or newest[key].revision < rating.revision:
            newest[key] = rating
    return list(newest.values())


def _place(rating: Rating, order: str) -> str:
    """Random to everyone who lacks the site's key, and the same each time. A revision keeps its place."""
    return salted_hmac(SALT, f"{order}:{rating.round_id}:{rating.rater_id}", algorithm="sha256").hexdigest()


def letter(place: int) -> str:
    """A, B, ... Z, AA, AB, ... for places from 0."""
    rest, last = divmod(place, len(ascii_uppercase))
    return (letter(rest - 1) if rest else "") + ascii_uppercase[last]


def _opinion(name: str, rating: Rating, items: list[RubricItem], names: Mapping[int, str]) -> Opinion:
    second = rating.second_concept
    return Opinion(
        letter=name,
        outcome=Outcome(rating.outcome),
        concept=names.get(rating.concept.pk, rating.concept.name) if rating.concept else "",
        second_concept=names.get(second.pk, second.name) if second else "",
        answers=tuple(
            (item.question, in_words(item, rating.answers))
            for item in items
            if item.kind != ItemKind.CONCEPT and item.key in rating.answers
        ),
        rationale=rating.rationale,
        evidence=tuple(Word(snippet=row["snippet"], start=row["start"], end=row["end"]) for row in rating.evidence),
        fits={int(snippet): Fit(fit) for snippet, fit in rating.fits.items()},
    )


def in_words(item: RubricItem, answers: Mapping[str, Any]) -> str:
    """The answer as the rubric's labels say it; points of a scale with their number."""
    value = answers.get(item.key)
    labels = {str(option["value"]): option["label"] for option in item.options}
    if item.kind == ItemKind.FLAGS:
        return ", ".join(labels.get(str(flag), str(flag)) for flag in value or []) or "none"
    label = labels.get(str(value), str(value))
    return f"{value}: {label}" if item.kind in (ItemKind.ORDINAL, ItemKind.CONFIDENCE) else label
