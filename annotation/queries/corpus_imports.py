"""Text that came into a study, or is on its way."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from annotation.enums import CorpusImportState
from annotation.models import Corpus, CorpusImport, Study, TextPermission
from annotation.queries.text_leaving import text_permission

LISTED = 20
PAST = (CorpusImportState.DISCARDED, CorpusImportState.REFUSED)


@dataclass(frozen=True, kw_only=True)
class HeldCorpus:
    corpus: Corpus
    permission: TextPermission | None
    """Whether its text may leave in releases, as it was said last; None: nobody has said so."""

    @property
    def text_may_leave(self) -> bool:
        return self.permission is not None and self.permission.may_leave


@dataclass(frozen=True, kw_only=True)
class StudyCorpora:
    corpora: tuple[HeldCorpus, ...]
    """That the study rests on, or that came in by its page."""
    imports: tuple[CorpusImport, ...]
    """Newest first, those that became nothing at the end."""


def study_corpora(study: Study) -> StudyCorpora:
    """Two statements, and one a corpus. Corpora of other studies are nobody's business here."""
    imports = CorpusImport.objects.filter(study=study).select_related("asked_by").order_by("-pk")[:LISTED]
    return StudyCorpora(
        corpora=tuple(
            HeldCorpus(corpus=corpus, permission=text_permission(corpus))
            for corpus in corpora_of(study).order_by("-imported_at")
        ),
        imports=tuple(sorted(imports, key=lambda one: one.state in PAST)),
    )


def corpora_of(study: Study) -> QuerySet[Corpus]:
    """That the study rests on, or that came in by its page."""
    return Corpus.objects.filter(Q(miningrun__studies=study) | Q(imports__study=study)).distinct()
