"""Text that came into a study, or is on its way."""

from dataclasses import dataclass

from django.db.models import Q

from annotation.enums import CorpusImportState
from annotation.models import Corpus, CorpusImport, Study

LISTED = 20
PAST = (CorpusImportState.DISCARDED, CorpusImportState.REFUSED)


@dataclass(frozen=True, kw_only=True)
class StudyCorpora:
    corpora: tuple[Corpus, ...]
    """That the study rests on, or that came in by its page."""
    imports: tuple[CorpusImport, ...]
    """Newest first, those that became nothing at the end."""


def study_corpora(study: Study) -> StudyCorpora:
    """Two statements. Corpora of other studies are nobody's business here."""
    imports = CorpusImport.objects.filter(study=study).select_related("asked_by").order_by("-pk")[:LISTED]
    found = Corpus.objects.filter(Q(miningrun__studies=study) | Q(imports__study=study)).distinct()
    return StudyCorpora(
        corpora=tuple(found.order_by("-imported_at")),
        imports=tuple(sorted(imports, key=lambda one: one.state in PAST)),
    )
