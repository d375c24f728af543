"""Whether text of a study's corpus may leave in its releases, and why not: two switches, and both must be on."""

from dataclasses import dataclass

from annotation.models import Corpus, Study, TextPermission


@dataclass(frozen=True, kw_only=True)
class TextLeaving:
    study_says: bool
    corpus: str
    """Name; empty where the study has no mining run."""
    permission: TextPermission | None
    """The newest of its corpus, whatever it says."""

    @property
    def corpus_says(self) -> bool:
        return self.permission is not None and self.permission.may_leave

    @property
    def leaves(self) -> bool:
        return self.study_says and self.corpus_says

    @property
    def sentence(self) -> str:
        """Whether text leaves and why, or why not."""
        if not self.corpus:
            return "No text of notes leaves: the study has no mining run, and so no snippets."
        if self.permission is not None and self.leaves:
            return (
                f"Snippets leave with their text: this study's settings say so, and it is permitted for the corpus "
                f"“{self.corpus}”: {self.permission.words}"
            )
        study = "" if self.study_says else "this study's settings do not say so"
        return f"No text of notes leaves: {', and '.join(filter(None, (study, self._corpus_refuses)))}."

    @property
    def _corpus_refuses(self) -> str:
        if self.corpus_says:
            return ""
        if self.permission is None:
            return f"nobody has permitted it for the corpus “{self.corpus}”"
        return f"it is not permitted for the corpus “{self.corpus}”: {self.permission.words.rstrip('.')}"


def text_leaving(study: Study) -> TextLeaving:
    """Up to two statements, beside the study's run."""
    corpus = None if study.run_id is None else Corpus.objects.filter(miningrun=study.run_id).first()
    return TextLeaving(
        study_says=study.release_snippets,
        corpus=corpus.name if corpus else "",
        permission=text_permission(corpus) if corpus else None,
    )


def text_permission(corpus: Corpus) -> TextPermission | None:
    """The one that counts: the newest."""
    return corpus.text_permissions.order_by("-pk").first()
