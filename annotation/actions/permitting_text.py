"""Says whether text of a corpus may leave in releases. Nothing is altered: the newest word counts."""

from datetime import datetime

from django.db import transaction

from annotation.actions import audit
from annotation.enums import AuditVerb
from annotation.models import Corpus, Study, TextPermission, User
from annotation.queries.text_leaving import text_permission
from annotation.rules.permitting_text import check_may_permit, check_words
from annotation.rules.refusal import Refused


@transaction.atomic
def permit_text(
    *, corpus: Corpus, may_leave: bool, words: str, by: User | None, now: datetime, study: Study | None = None
) -> TextPermission:
    """words: on what it rests. study: on whose page it was said, for the audit.

    Raises Refused for anyone but an administrator, without words, and where it would change nothing.
    """
    check_may_permit(by)
    words = check_words(words)
    corpus = Corpus.objects.select_for_update(no_key=True).get(pk=corpus.pk)
    before = text_permission(corpus)
    if not may_leave and (before is None or not before.may_leave):
        raise Refused(f"Text of “{corpus.name}” stays as it is: nobody has permitted that it leaves.")
    said = TextPermission.objects.create(corpus=corpus, may_leave=may_leave, words=words, stated_by=by, stated_at=now)
    verb = AuditVerb.TEXT_PERMITTED if may_leave else AuditVerb.TEXT_KEPT
    audit.record(verb, said, by=by, now=now, study=study, corpus=corpus.digest, words=words)
    return said
