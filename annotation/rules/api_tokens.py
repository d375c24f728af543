"""What an API token may be: which scopes each role can hand to a script, how long, how many."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from annotation.enums import Role, TokenScope
from annotation.rules.refusal import Refused

NAME_LIMIT = 80
MOST_DAYS = 365
MOST_TOKENS = 20
"""That work, of one person in one study."""
LIFETIMES = (7, 30, 90, MOST_DAYS)
"""Days that the page offers."""

USABLE: dict[TokenScope, frozenset[Role]] = {
    TokenScope.READ: frozenset(Role),
    TokenScope.TEXT: frozenset({Role.RESEARCHER, Role.ADJUDICATOR}),
    TokenScope.RATE: frozenset({Role.ANNOTATOR}),
    TokenScope.DIRECT: frozenset({Role.RESEARCHER}),
    TokenScope.RELEASE: frozenset({Role.RESEARCHER}),
}
"""Roles to which a scope means anything. What a role allows is asked anew at every request."""


def scopes_of(roles: Iterable[Role]) -> tuple[TokenScope, ...]:
    """The scopes that a person with these roles can give a token."""
    held = frozenset(roles)
    return tuple(scope for scope, usable in USABLE.items() if usable & held)


def check_token(*, name: str, scopes: Iterable[TokenScope], roles: Iterable[Role], days: int, live: int) -> str:
    """The name as it is stored. Raises Refused with what to change.

    days: how long it shall work; live: how many of hers work in the study already.
    """
    told = " ".join(name.replace("\x00", "").split())
    wanted = frozenset(scopes)
    if not told:
        raise Refused("Give the token a name that says what it is for: you will know it by that when you revoke it.")
    if len(told) > NAME_LIMIT:
        raise Refused(f"The name is longer than {NAME_LIMIT} characters. Shorten it.")
    if not wanted:
        raise Refused("Choose at least one thing that the token may do.")
    if beyond := wanted - set(scopes_of(roles)):
        words = ", ".join(f"“{scope.label}”" for scope in TokenScope if scope in beyond)
        raise Refused(f"Your roles in this study do not allow {words}. Choose without it.")
    if not 1 <= days <= MOST_DAYS:
        raise Refused(f"A token works for 1 to {MOST_DAYS} days. Choose a number between.")
    if live >= MOST_TOKENS:
        raise Refused(f"You have {MOST_TOKENS} tokens in this study that work. Revoke one first.")
    return told


def end_of(now: datetime, days: int) -> datetime:
    return now + timedelta(days=days)
