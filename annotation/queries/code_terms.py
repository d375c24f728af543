"""Terms of the code systems that a study chose, and whose they are."""

from collections.abc import Iterable
from itertools import chain, zip_longest

from django.conf import settings

from annotation.codes.closeness import canonical
from annotation.codes.entry import Term
from annotation.codes.index import Index
from annotation.codes.open_index import index_of
from annotation.codes.systems import SYSTEMS, Origin, origin
from annotation.codes.text import fold
from annotation.enums import ConceptFactKind
from annotation.models import ConceptFact, Study


def chosen_indexes(study: Study) -> dict[Origin, Index]:
    """Those that are ready. One whose index is still being made is left out for these seconds: nobody waits for it."""
    return _ready(study.code_systems)


def every_index() -> dict[Origin, Index]:
    """Of all installed systems that are ready: for the researcher, whatever raters are offered."""
    return _ready(SYSTEMS)


def _ready(systems: Iterable[str]) -> dict[Origin, Index]:
    ready = {}
    for system in systems:
        told, index = origin(system), index_of(system, settings.ARTIFACT_ROOT / "codes")
        if told and index:
            ready[told] = index
    return ready


def chosen_origins(study: Study) -> tuple[Origin, ...]:
    """The chosen systems whose packages are installed, in the order of the study's choice."""
    return tuple(told for system in study.code_systems if (told := origin(system)))


def installed_origins() -> tuple[Origin, ...]:
    """Every system whose package is installed."""
    return tuple(told for system in SYSTEMS if (told := origin(system)))


def released_origins(study: Study) -> tuple[Origin, ...]:
    """Whose terms a release holds: of the chosen systems, and of those by which concepts were coded."""
    coded = ConceptFact.objects.filter(study=study, kind=ConceptFactKind.CODED).order_by("system")
    systems = dict.fromkeys([*study.code_systems, *coded.values_list("system", flat=True).distinct()])
    return tuple(told for system in systems if (told := origin(system)))


def offered_origins(study: Study) -> tuple[Origin, ...]:
    """The same for a page that offers them: an index that is missing is begun, and mostly ready when she types."""
    chosen_indexes(study)
    return chosen_origins(study)


def code_terms(study: Study, text: str, limit: int) -> list[tuple[str, str]]:
    """(label, note) of terms that begin like the typed words, from each chosen system in turn; each label once.

    The note names code and system, and the synonym where the typed words found one.
    """
    each = [[(told, term) for term in index.search(text, limit)] for told, index in chosen_indexes(study).items()]
    notes: dict[str, list[str]] = {}
    labels: dict[str, str] = {}
    for told, term in filter(None, chain.from_iterable(zip_longest(*each))):
        same = fold(term.label)
        labels.setdefault(same, term.label)
        notes.setdefault(same, []).append(note(told, term))
    return [(label, ", ".join(notes[same])) for same, label in labels.items()][:limit]


def note(told: Origin, term: Term) -> str:
    """ "I21.4 · ICD-10-CM"; before it the synonym by which it was found, if that is more than another spelling."""
    by_synonym = set(canonical(term.name)) - set(canonical(term.label))
    return f"{f'“{term.name}” · ' if by_synonym else ''}{term.code} · {told.name}"
