"""One-time sign-in links: issue, redeem."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction

from annotation.actions import audit
from annotation.enums import AuditVerb
from annotation.models import SignInLink, User
from annotation.rules.refusal import Refused

LIFETIME = timedelta(hours=24)


@transaction.atomic
def issue_link(*, user: User, by: User | None, now: datetime, lifetime: timedelta = LIFETIME) -> str:
    """A token that opens the site once as `user`. Only its digest is stored: show it now or never."""
    token = secrets.token_urlsafe(24)
    link = SignInLink.objects.create(user=user, token_digest=_digest(token), created_at=now, expires_at=now + lifetime)
    audit.record(AuditVerb.LINK_ISSUED, link, by=by, now=now, user=user.pk)
    return token


@transaction.atomic
def redeem_link(*, token: str, now: datetime) -> User:
    """The person whom the token lets in; the token is spent, also when two tabs race for it.

    Raises Refused if it is unknown, spent or too old.
    """
    links = SignInLink.objects.filter(token_digest=_digest(token), used_at=None, expires_at__gt=now)
    if links.update(used_at=now) != 1:
        raise Refused("This sign-in link has been used or has run out. Ask your coordinator for a new one.")
    link = SignInLink.objects.select_related("user").get(token_digest=_digest(token))
    if not link.user.is_active:
        raise Refused("This account is closed. Ask your coordinator.")
    audit.record(AuditVerb.SIGNED_IN, link, by=link.user, now=now)
    return link.user


def link_is_open(*, token: str, now: datetime) -> bool:
    """Whether the token would let somebody in, without spending it."""
    return SignInLink.objects.filter(token_digest=_digest(token), used_at=None, expires_at__gt=now).exists()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
