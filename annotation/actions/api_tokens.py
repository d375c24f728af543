"""Issues and revokes the tokens by which a person's scripts come in, and notes when one was used."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from annotation.actions import audit
from annotation.enums import AuditVerb, TokenScope
from annotation.models import ApiToken, Study, User
from annotation.queries.api_tokens import digest_of, working
from annotation.rules.api_tokens import check_token, end_of
from annotation.rules.membership import check_entry
from annotation.rules.refusal import NotYours

PREFIX = "consilium_"
"""So that programs which look for secrets in files know one."""
ENDING = 4
NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class IssuedToken:
    token: ApiToken
    text: str
    """What the script sends. It is stored nowhere: show it now or never."""


@transaction.atomic
def issue_token(
    *, study: Study, name: str, scopes: Collection[TokenScope], days: int, by: User, now: datetime
) -> IssuedToken:
    """A token for her own scripts in one study. Raises NotYours for a stranger, Refused with what to change."""
    roles = check_entry(by, study)
    User.objects.select_for_update(no_key=True).get(pk=by.pk)  # Two windows do not go past the limit together.
    live = working(now).filter(user=by, study=study).count()
    told = check_token(name=name, scopes=scopes, roles=roles, days=days, live=live)
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=by,
        study=study,
        name=told,
        scopes=[scope.value for scope in TokenScope if scope in scopes],
        digest=digest_of(text),
        ending=text[-ENDING:],
        created_at=now,
        expires_at=end_of(now, days),
    )
    audit.record(AuditVerb.TOKEN_ISSUED, token, by=by, now=now, study=study, scopes=token.scopes, days=days)
    return IssuedToken(token=token, text=text)


@transaction.atomic
def revoke_token(*, token_id: int, by: User, now: datetime) -> ApiToken:
    """Her own token opens nothing any more. Twice is once. Raises NotYours for anybody else's."""
    token = ApiToken.objects.select_for_update(no_key=True).filter(pk=token_id, user=by).first()
    if token is None:
        raise NotYours("There is no such token among yours.")
    if token.revoked_at is None:
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
        audit.record(AuditVerb.TOKEN_REVOKED, token, by=by, now=now, study=token.study_id)
    return token


def note_use(*, token: ApiToken, now: datetime) -> None:
    """When it was used last, to the minute: a script that asks often does not write each time."""
    if token.last_used_at is not None and token.last_used_at > now - NOTED_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - NOTED_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
