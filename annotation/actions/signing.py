"""A person shows that it is she who signs, and the signature is kept with what it was given for."""

from dataclasses import dataclass
from datetime import datetime

from annotation.enums import SignatureMethod
from annotation.models import Study, User
from annotation.rules.answers import Incomplete
from annotation.rules.refusal import Refused

NO_PASSWORD = (
    "You sign with a password, and have none yet: so far you entered by one-time links, which pass through other "
    "people’s hands. Choose a password on your account page first. What you entered here is kept."
)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """That a person has just shown who she is. Made by the functions of this file alone, and used at once."""

    user: int
    method: SignatureMethod
    at: datetime


def prove_by_password(*, password: str, by: User, now: datetime) -> Proof:
    """Raises Incomplete at `password` where it is missing or not hers, Refused where she has none yet."""
    if not by.has_usable_password():
        raise Refused(NO_PASSWORD)
    if not password:
        raise Incomplete({"password": "Enter your password: it is your signature."})
    if not by.check_password(password):
        raise Incomplete({"password": "This is not your password. Nothing was signed."})
    return Proof(user=by.pk, method=SignatureMethod.PASSWORD, at=now)


def prove_simulated(*, study: Study, by: User, now: datetime) -> Proof:
    """For a program that plays an adjudicator. Raises Refused in a study whose decisions come from people."""
    if not study.simulated:
        raise Refused("A program signs only in a study that is marked as simulated.")
    return Proof(user=by.pk, method=SignatureMethod.SIMULATED, at=now)


def check_proof(proof: Proof, *, by: User, now: datetime) -> None:
    """Raises Refused unless the proof is hers and of this moment: each signature asks for one of its own."""
    if proof.user != by.pk or proof.at != now:
        raise Refused("A signature is given anew each time. Enter your password again.")
