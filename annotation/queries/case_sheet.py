"""What an adjudicator has before her: the snippets of one latent and every opinion on it, side by side."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from annotation.enums import Fit, Role
from annotation.models import Case, CaseDraft, Concept, Study, User
from annotation.queries.case_conflicts import RATED, conflicted_latents
from annotation.queries.case_history import CaseHistory, case_history
from annotation.queries.case_masks import check_not_masked
from annotation.queries.concept_names import concept_names
from annotation.queries.concept_suggestions import Suggestion
from annotation.queries.look_alikes import LookAlike, look_alikes
from annotation.queries.opinions import Opinion, opinions_of, ratings_before_adjudicator
from annotation.queries.shown_snippets import ShownSnippet, SnippetGroup, snippet_groups
from annotation.queries.sight import Onlooker, onlooker
from annotation.rules.refusal import NotYours, Refused
from annotation.rules.signing import ratings_digest


@dataclass(frozen=True, kw_only=True)
class Pointer:
    """Words of one snippet that an opinion's rationale points at."""

    letter: str
    """Of the opinion."""
    start: int
    end: int
    words: str


@dataclass(frozen=True, kw_only=True)
class PointedSnippet:
    """A snippet with what the opinions say about it."""

    shown: ShownSnippet
    name: str
    """`Strongest 3`."""
    pointers: tuple[Pointer, ...]
    """In the order of the text."""
    fits: tuple[tuple[Fit, tuple[str, ...]], ...]
    """(verdict, letters of the opinions that gave it)."""


@dataclass(frozen=True, kw_only=True)
class PointedGroup:
    group: SnippetGroup
    snippets: tuple[PointedSnippet, ...]


@dataclass(frozen=True, kw_only=True)
class Quote:
    """Words that a rationale points at, as they stand beside it."""

    words: str
    where: str
    """Name of the snippet; empty where it may not be shown any more."""
    snippet: int


@dataclass(frozen=True, kw_only=True)
class QuotedOpinion:
    opinion: Opinion
    quotes: tuple[Quote, ...]
    closed: int
    """Places of hers that lie in snippets which are not shown."""


@dataclass(frozen=True, kw_only=True)
class CaseSheet:
    case: Case
    groups: tuple[PointedGroup, ...]
    scale: float
    opinions: tuple[QuotedOpinion, ...]
    shown: str
    """Digest of the ratings behind them: what she signs upon."""
    suggestions: tuple[Suggestion, ...]
    look_alikes: tuple[LookAlike, ...]
    history: CaseHistory
    draft: CaseDraft | None
    conflict: bool
    """She has a part in the latent herself, and cannot decide."""

    @property
    def concepts(self) -> dict[str, int]:
        """Opinions by proposed concept, by name."""
        counted = Counter(quoted.opinion.concept for quoted in self.opinions if quoted.opinion.concept)
        return dict(sorted(counted.items(), key=lambda entry: entry[0].lower()))

    @property
    def unnamed(self) -> str:
        """How many opinions name no concept (cannot tell, not clinical), in words; empty if all do."""
        count = sum(not quoted.opinion.concept for quoted in self.opinions)
        return f"{count} opinion{'s name' if count > 1 else ' names'} no concept" if count else ""


def case_sheet(*, study: Study, pk: int, user: User, roles: Iterable[Role]) -> CaseSheet:
    """The case with everything that this person may see of it. The number of statements does not depend on its size.

    Raises NotYours if the study has no such case for her, Refused if she rated the latent, may yet rate it, or is asked
    about it apart.
    """
    held = frozenset(roles)
    case = Case.everything.select_related("latent__latent", "beside", "study").filter(study=study, pk=pk).first()
    if case is None or not _may_know(case, user, held):
        raise NotYours("There is no such case in this study.")
    viewer = onlooker(user, held, study)
    conflict = case.latent_id in conflicted_latents(user, study)
    _check_sight(case, viewer, conflict)
    check_not_masked(case, user)
    ratings = ratings_before_adjudicator(case.latent_id)
    opinions = opinions_of(ratings, order=f"{user.pk}:{case.pk}", names=concept_names(study))
    groups = snippet_groups(case.latent.latent_id, mixed_for=case.pk)
    proposed = {opinion.concept for opinion in opinions if opinion.concept}
    return CaseSheet(
        case=case,
        groups=tuple(_pointed(group, opinions) for group in groups),
        scale=case.latent.latent.max_activation,
        opinions=tuple(_quoted(opinion, groups) for opinion in opinions),
        shown=ratings_digest(ratings),
        suggestions=_suggestions(study, proposed),
        look_alikes=look_alikes(case, viewer=viewer, user=user, proposed=proposed),
        history=case_history(case, user=user, roles=held),
        draft=CaseDraft.objects.filter(case=case, adjudicator=user).first(),
        conflict=conflict,
    )


def _may_know(case: Case, user: User, roles: frozenset[Role]) -> bool:
    """What is put beside a decision exists for her alone whom it asks."""
    return case.beside_id is None or (case.asks_id == user.pk and Role.ADJUDICATOR in roles)


def _check_sight(case: Case, viewer: Onlooker, conflict: bool) -> None:
    if viewer.sight(case.latent).ratings:
        return
    if conflict:
        raise Refused(RATED)
    raise Refused(
        "You may still rate in this study, or this latent in another one on the same mining run, so that the case "
        "stays closed to you until your part is over."
    )


def _pointed(group: SnippetGroup, opinions: Iterable[Opinion]) -> PointedGroup:
    told = tuple(opinions)
    return PointedGroup(
        group=group,
        snippets=tuple(
            PointedSnippet(
                shown=shown,
                name=f"{group.one} {number}",
                pointers=_pointers(shown, told),
                fits=_fits(shown.pk, told),
            )
            for number, shown in enumerate(group.snippets, start=1)
        ),
    )


def _pointers(shown: ShownSnippet, opinions: Iterable[Opinion]) -> tuple[Pointer, ...]:
    found = [
        Pointer(letter=opinion.letter, start=word.start, end=word.end, words=shown.text[word.start : word.end])
        for opinion in opinions
        for word in opinion.evidence
        if word.snippet == shown.pk and word.end <= len(shown.text)
    ]
    return tuple(sorted(found, key=lambda one: (one.start, one.end, one.letter)))


def _fits(snippet: int, opinions: Iterable[Opinion]) -> tuple[tuple[Fit, tuple[str, ...]], ...]:
    said = [(opinion.fits[snippet], opinion.letter) for opinion in opinions if snippet in opinion.fits]
    return tuple((fit, letters) for fit in Fit if (letters := tuple(letter for one, letter in said if one == fit)))


def _quoted(opinion: Opinion, groups: Iterable[SnippetGroup]) -> QuotedOpinion:
    shown = _named(groups)
    quotes = [
        Quote(
            words=shown[word.snippet][1].text[word.start : word.end], where=shown[word.snippet][0], snippet=word.snippet
        )
        for word in opinion.evidence
        if word.snippet in shown
    ]
    return QuotedOpinion(opinion=opinion, quotes=tuple(quotes), closed=len(opinion.evidence) - len(quotes))


def _named(groups: Iterable[SnippetGroup]) -> Mapping[int, tuple[str, ShownSnippet]]:
    return {
        shown.pk: (f"{group.one} {number}", shown)
        for group in groups
        for number, shown in enumerate(group.snippets, start=1)
    }


def _suggestions(study: Study, proposed: Iterable[str]) -> tuple[Suggestion, ...]:
    """What was proposed here first, then the list that the study began with."""
    here = sorted(proposed, key=str.lower)
    listed = Concept.objects.filter(study=study, created_by=None).order_by("name").values_list("name", flat=True)
    return (
        *(Suggestion(value=name, note="proposed here") for name in here),
        *(Suggestion(value=name, note="") for name in listed if name not in here),
    )
