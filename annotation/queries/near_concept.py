"""The term that a rater may have meant: of the frozen list, her own terms and the study's code systems only."""

from annotation.codes.closeness import canonical, edits
from annotation.codes.text import fold
from annotation.models import Study, User
from annotation.queries.code_terms import chosen_indexes, note
from annotation.queries.concept_suggestions import Suggestion, own_list, round_of


def near_concept(*, study: Study, round_number: int, user: User, text: str) -> Suggestion | None:
    """None where the text is one of these terms as it stands, or is near none of them."""
    offered = own_list(round_of(study, round_number), user)
    written = " ".join(text.split()).lower()
    if not fold(text) or any(suggestion.value.lower() == written for suggestion in offered):
        return None
    indexes = chosen_indexes(study)
    listed = {word for suggestion in offered for name in suggestion.names for word in canonical(name)}

    def known(word: str) -> bool:
        return word in listed or any(index.knows(word) for index in indexes.values())

    named = [(name, place) for place, one in enumerate(offered) for name in one.names]
    costs = [(cost, place) for name, place in named if (cost := edits(text, name, known)) is not None]
    if costs:
        return offered[min(costs)[1]]
    if any(index.names(text) for index in indexes.values()):
        return None
    coded = [(found[0], told, found[1]) for told, index in indexes.items() if (found := index.near(text, known))]
    # Of two as near, the one that is a label before the one that has it for a synonym.
    best = min(coded, key=lambda one: (one[0], fold(one[2].name) != fold(one[2].label)), default=None)
    return Suggestion(value=best[2].label, note=note(*best[1:])) if best else None
