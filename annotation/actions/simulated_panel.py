"""The demo's senior panel: two simulated people whose references follow from the latents' snippets and the rubric.

Their shares differ as two readers' do: one goes by the leading idea, the other by how many snippets carry which.
Every reason counts what it speaks of, and the clause is the rubric's own sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from annotation.actions.references import GivenReference, set_reference
from annotation.actions.simulated_words import FORM, vocabulary
from annotation.enums import ItemKind
from annotation.models import RubricItem, SampledLatent, User
from annotation.queries.peak_words import look_alike_words, peak_words
from annotation.rules.referenced_items import NO, NOT_CLINICAL, YES

LEANING = 0.75
"""The share that the first of the panel gives to what leads; the rest goes to what comes next."""
MOST = 3


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What can be counted in a latent's snippets."""

    concepts: tuple[tuple[str, int], ...]
    """(concept, firing snippets that peak on it), most frequent first."""
    firing: int
    look_alikes: int
    alike: int
    """Look-alikes that hold a word of the leading concept."""

    @property
    def leading(self) -> str:
        return self.concepts[0][0]

    @property
    def carried(self) -> int:
        return self.concepts[0][1]

    @property
    def clinical(self) -> bool:
        return vocabulary().is_clinical(self.leading)


def set_panel_references(*, latents: Sequence[SampledLatent], panel: Sequence[User], now: datetime) -> None:
    """Each of the panel says what she would answer for each latent."""
    for latent in latents:
        seen = sight(latent)
        items = list(latent.study.rubric.items.order_by("position"))
        for place, person in enumerate(panel):
            given = {key: one for item in items for key, one in _given(item, seen, place).items()}
            set_reference(latent=latent, given=given, by=person, now=now)


def sight(latent: SampledLatent) -> Sight:
    counted = vocabulary().concepts(peak_words(latent.latent_id))
    concepts = tuple(sorted(counted.items(), key=lambda entry: (-entry[1], entry[0])))
    words = vocabulary().words_of(concepts[0][0])
    others = look_alike_words(latent.latent_id)
    return Sight(
        concepts=concepts,
        firing=counted.total(),
        look_alikes=len(others),
        alike=sum(bool(words & other) for other in others),
    )


def _given(item: RubricItem, seen: Sight, place: int) -> dict[str, GivenReference]:
    kind = ItemKind(item.kind)
    if kind == ItemKind.CONCEPT:
        return {item.key: _concept(item, seen, place)}
    if kind == ItemKind.NOMINAL:
        return {item.key: _category(item, seen, place)}
    if kind == ItemKind.ORDINAL:
        return {item.key: _scale(item, seen, place)}
    if kind == ItemKind.FLAGS:
        return _flags(item, seen)
    return {}


def _concept(item: RubricItem, seen: Sight, place: int) -> GivenReference:
    leading = seen.concepts[:MOST]
    total = sum(number for _, number in leading)
    shares = {name: number / total for name, number in leading}
    if place == 0:
        shares = _leaning([name for name, _ in leading])
    if not seen.clinical:
        shares = {NOT_CLINICAL: LEANING, seen.leading: 1 - LEANING}
    counted = ", ".join(f"“{name}” in {number}" for name, number in leading)
    why = f"Simulated: I go by the peaks of the {seen.firing} firing snippets: {counted}."
    if place == 0:
        why = (
            f"Simulated: “{seen.leading}” is what most of them share, {seen.carried} of {seen.firing} firing snippets."
        )
    return GivenReference(shares=shares, rationale=why, clause=first_sentence(item.help))


def _category(item: RubricItem, seen: Sight, place: int) -> GivenReference:
    offered = [str(option["value"]) for option in item.options]
    kinds = dict.fromkeys(vocabulary().category_of(name) for name, _ in seen.concepts[:MOST])
    fitting = [kind for kind in kinds if kind in offered] or offered[:1]
    shares = {fitting[0]: 1.0} if place else _leaning(fitting[:2])
    if not seen.clinical:
        shares = {NOT_CLINICAL: LEANING, FORM: 1 - LEANING} if FORM in offered else {NOT_CLINICAL: 1.0}
    why = f"Simulated: “{seen.leading}” names the highlighted words themselves."
    return GivenReference(shares=shares, rationale=why, clause=first_sentence(item.help))


def _scale(item: RubricItem, seen: Sight, place: int) -> GivenReference:
    """A point and its neighbour: how many snippets carry the idea, or how many look-alikes hold its words."""
    points = [str(option["value"]) for option in item.options]
    share = seen.carried / max(1, seen.firing)
    why = f"Simulated: {seen.carried} of {seen.firing} firing snippets peak on “{seen.leading}”."
    if item.key == "specificity":
        share = 1 - seen.alike / max(1, seen.look_alikes)
        why = f"Simulated: {seen.alike} of {seen.look_alikes} look-alikes hold a word for “{seen.leading}” as well."
    at = min(len(points) - 1, int(share * len(points)))
    beside = at - 1 if at == len(points) - 1 else at + 1
    shares = {points[at]: 0.5, points[beside]: 0.5} if place else _leaning([points[at], points[beside]])
    return GivenReference(shares=shares, rationale=why, clause=str(item.options[at].get("help", "")))


def _flags(item: RubricItem, seen: Sight) -> dict[str, GivenReference]:
    offered = [str(option["value"]) for option in item.options]
    due = vocabulary().flags_of(seen.leading, offered)
    clauses = {str(option["value"]): str(option.get("help", "")) for option in item.options}
    return {
        f"{item.key}-{flag}": GivenReference(
            shares={YES: LEANING, NO: 1 - LEANING} if flag in due else {NO: 1.0}, clause=clauses[flag]
        )
        for flag in offered
    }


def _leaning(names: Sequence[str]) -> dict[str, float]:
    """Most for the first, the rest for the second."""
    return {names[0]: LEANING, names[1]: 1 - LEANING} if len(names) > 1 else {names[0]: 1.0}


def first_sentence(text: str) -> str:
    head, stop, _ = text.partition(". ")
    return head + "." if stop else head
