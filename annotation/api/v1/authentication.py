"""Who asks: a script by a token of one person for one study, or a person by her session on the site."""

from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from annotation.actions.api_tokens import note_use
from annotation.models import ApiToken, User
from annotation.queries.api_tokens import token_behind

SCHEME = "Bearer"
REALM = 'Bearer realm="Consilium"'
WRONG = "This token is unknown, revoked or expired. Make another one on your account's page."
LONGEST = 200


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`. Where it is sent, it alone counts, whatever cookies come along."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, text = get_authorization_header(request).partition(b" ")
        if scheme.lower() != SCHEME.lower().encode():
            return None
        now = timezone.now()
        token = token_behind(_read(text), now=now)
        if token is None:
            raise AuthenticationFailed(WRONG)
        note_use(token=token, now=now)
        return token.user, token

    def authenticate_header(self, request: Any) -> str:
        return REALM


def _read(text: bytes) -> str:
    try:
        told = text.strip().decode("ascii")
    except UnicodeDecodeError:
        raise AuthenticationFailed(WRONG) from None
    if not told or len(told) > LONGEST or "\x00" in told:
        raise AuthenticationFailed(WRONG)
    return told
