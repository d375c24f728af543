"""What an adjudicator has before her: the snippets of one latent and every opinion on it, side by side."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from annotation.enums import Role
from annotation.models import Case, Concept, Study, User
from annotation.queries.case_queue import conflicts
from annotation.queries.concept_suggestions import Suggestion
from annotation.queries.opinions import Opinion, opinions_on
from annotation.queries.shown_snippets import SnippetGroup, snippet_groups
from annotation.queries.sight import onlooker
from annotation.rules.refusal import NotYours, Refused


@dataclass(frozen=True, kw_only=True)
class CaseSheet:
    case: Case
    groups: tuple[SnippetGroup, ...]
    scale: float
    opinions: tuple[Opinion, ...]
    suggestions: tuple[Suggestion, ...]

    @property
    def concepts(self) -> dict[str, int]:
        """Opinions by proposed concept, by name."""
        counted = Counter(opinion.concept for opinion in self.opinions if opinion.concept)
        return dict(sorted(counted.items(), key=lambda entry: entry[0].lower()))

    @property
    def unnamed(self) -> str:
        """How many opinions name no concept (cannot tell, not clinical), in words; empty if all do."""
        count = sum(not opinion.concept for opinion in self.opinions)
        return f"{count} opinion{'s name' if count > 1 else ' names'} no concept" if count else ""


def case_sheet(*, study: Study, pk: int, user: User, roles: Iterable[Role]) -> CaseSheet:
    """The case with everything that this person may see of it. The number of statements does not depend on its size.

    Raises NotYours if the study has no such case, Refused if she rated the latent or may yet rate it.
    """
    case = Case.objects.select_related("latent__latent", "decision__concept").filter(study=study, pk=pk).first()
    if case is None:
        raise NotYours("There is no such case in this study.")
    _check_sight(case, study, user, roles)
    opinions = opinions_on(case, reader=user)
    return CaseSheet(
        case=case,
        groups=snippet_groups(case.latent.latent_id),
        scale=case.latent.latent.max_activation,
        opinions=opinions,
        suggestions=_suggestions(study, opinions),
    )


def _check_sight(case: Case, study: Study, user: User, roles: Iterable[Role]) -> None:
    viewer = onlooker(user, roles, study)
    if viewer.sight(case.latent).ratings:
        return
    if case.latent_id in conflicts(user, study, viewer):
        raise Refused("You rated this latent yourself, so that another adjudicator decides its case.")
    raise Refused(
        "You may still rate in this study, or this latent in another one on the same mining run, so that the case "
        "stays closed to you until your part is over."
    )


def _suggestions(study: Study, opinions: Iterable[Opinion]) -> tuple[Suggestion, ...]:
    """What was proposed here first, then the list that the study began with."""
    proposed = sorted({opinion.concept for opinion in opinions if opinion.concept}, key=str.lower)
    listed = Concept.objects.filter(study=study, created_by=None).order_by("name").values_list("name", flat=True)
    return (
        *(Suggestion(value=name, note="proposed here") for name in proposed),
        *(Suggestion(value=name, note="") for name in listed if name not in proposed),
    )
