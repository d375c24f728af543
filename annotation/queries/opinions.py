"""What raters said of one latent, stripped of everything that could tell who they are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from django.utils.crypto import salted_hmac

from annotation.enums import ItemKind, Outcome, RoundKind
from annotation.models import Case, Rating, RubricItem, User
from annotation.queries.counted_ratings import under_newest_version
from annotation.queries.withheld import withheld

SALT = "consilium.opinions"


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """One rater's current answer. No name, pseudonym, institution, weight, time or place in the order of arrival."""

    letter: str
    outcome: Outcome
    concept: str
    answers: tuple[tuple[str, str], ...]
    """(question, answer) in words, in the rubric's order, without the concept."""
    rationale: str

    @property
    def answered(self) -> bool:
        return self.outcome == Outcome.ANSWERED


def opinions_on(case: Case, *, reader: User) -> tuple[Opinion, ...]:
    """Every rater's newest revision, in an order that is this reader's own for this case and never changes.

    Without what is withheld, or gave way to an answer to a newer rubric version. Asks nobody's leave: callers check
    rules.blinding first. Two statements.
    """
    given = under_newest_version(Rating.objects.filter(latent=case.latent_id).filter(~withheld()))
    # A retest tells how steady a rater is: beside her first answer it would look like another person's.
    given = given.exclude(round__kind=RoundKind.RETEST)
    ratings = _current(given.select_related("concept", "round"))
    ratings.sort(key=lambda rating: _place(rating, case, reader))
    versions = {rating.round.rubric_id for rating in ratings}
    items: dict[int, list[RubricItem]] = {version: [] for version in versions}
    for item in RubricItem.objects.filter(version__in=versions).order_by("position"):
        items[item.version_id].append(item)
    return tuple(_opinion(letter(place), rating, items[rating.round.rubric_id]) for place, rating in enumerate(ratings))


def _current(ratings: Iterable[Rating]) -> list[Rating]:
    newest: dict[tuple[int, int], Rating] = {}
    for rating in ratings:
        key = (rating.round_id, rating.rater_id)
        if key not in newest or newest[key].revision < rating.revision:
            newest[key] = rating
    return list(newest.values())


def _place(rating: Rating, case: Case, reader: User) -> str:
    """Random to everyone who lacks the site's key, and the same each time. A revision keeps its place."""
    return salted_hmac(
        SALT, f"{reader.pk}:{case.pk}:{rating.round_id}:{rating.rater_id}", algorithm="sha256"
    ).hexdigest()


def letter(place: int) -> str:
    """A, B, ... Z, AA, AB, ... for places from 0."""
    rest, last = divmod(place, len(ascii_uppercase))
    return (letter(rest - 1) if rest else "") + ascii_uppercase[last]


def _opinion(name: str, rating: Rating, items: list[RubricItem]) -> Opinion:
    return Opinion(
        letter=name,
        outcome=Outcome(rating.outcome),
        concept=rating.concept.name if rating.concept else "",
        answers=tuple(
            (item.question, in_words(item, rating.answers))
            for item in items
            if item.kind != ItemKind.CONCEPT and item.key in rating.answers
        ),
        rationale=rating.rationale,
    )


def in_words(item: RubricItem, answers: Mapping[str, Any]) -> str:
    """The answer as the rubric's labels say it; points of a scale with their number."""
    value = answers.get(item.key)
    labels = {str(option["value"]): option["label"] for option in item.options}
    if item.kind == ItemKind.FLAGS:
        return ", ".join(labels.get(str(flag), str(flag)) for flag in value or []) or "none"
    label = labels.get(str(value), str(value))
    return f"{value}: {label}" if item.kind in (ItemKind.ORDINAL, ItemKind.CONFIDENCE) else label
