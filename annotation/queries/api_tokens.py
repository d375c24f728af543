"""The tokens of a person, and whose a token is."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from annotation.enums import TokenScope
from annotation.models import ApiToken, Study, User
from annotation.queries.my_roles import roles_by_study
from annotation.rules.api_tokens import scopes_of


@dataclass(frozen=True, kw_only=True)
class TokenRow:
    token: ApiToken
    standing: str
    """`works`, `expired` or `revoked`."""

    @property
    def works(self) -> bool:
        return self.standing == "works"

    @property
    def scopes(self) -> tuple[TokenScope, ...]:
        return tuple(scope for scope in TokenScope if scope in self.token.scopes)


@dataclass(frozen=True, kw_only=True)
class TokenChoice:
    """A study for which she can make a token, and what it could do."""

    study: Study
    scopes: tuple[TokenScope, ...]


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def working(now: datetime) -> QuerySet[ApiToken]:
    """Tokens that open anything: neither revoked nor expired, of people who may sign in."""
    return ApiToken.objects.filter(revoked_at=None, expires_at__gt=now, user__is_active=True)


def token_behind(text: str, *, now: datetime) -> ApiToken | None:
    """The token with these characters, if it works. One statement."""
    return working(now).filter(digest=digest_of(text)).select_related("user").first()


def own_tokens(user: User, *, now: datetime) -> tuple[TokenRow, ...]:
    """Newest first, those that do not work any more last. One statement."""
    rows = [
        TokenRow(token=token, standing=_standing(token, now))
        for token in ApiToken.objects.filter(user=user).select_related("study").order_by("-pk")
    ]
    return tuple(sorted(rows, key=lambda row: not row.works))


def token_choices(user: User) -> Sequence[TokenChoice]:
    """Her studies by name. Two statements."""
    roles = roles_by_study(user)
    studies = Study.objects.filter(pk__in=roles).defer("sample_frame").order_by("name", "pk")
    return [TokenChoice(study=study, scopes=scopes_of(roles[study.pk])) for study in studies]


def _standing(token: ApiToken, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "works" if token.expires_at > now else "expired"
