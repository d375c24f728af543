"""A person's own account: its password, and what she says of herself."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from annotation.actions import audit
from annotation.enums import AuditVerb, Seniority, Specialty
from annotation.models import User
from annotation.rules.refusal import Refused


@transaction.atomic
def choose_password(*, password: str, by: User, now: datetime) -> User:
    """Her own password from now on; whoever is signed in as her elsewhere is signed out.

    Raises Refused with Django's sentences if it is too short, too common or too much like her name.
    """
    try:
        validate_password(password, by)
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from error
    by.set_password(password)
    by.save(update_fields=["password"])
    audit.record(AuditVerb.PASSWORD_CHOSEN, by, by=by, now=now)
    return by


@transaction.atomic
def describe_oneself(*, specialty: str, seniority: str, by: User, now: datetime) -> User:
    """Her own field and how far she is, as releases may say them; empty takes back what she said.

    Raises Refused for what is on neither list. Saying the same again changes nothing.
    """
    if specialty not in ("", *Specialty.values) or seniority not in ("", *Seniority.values):
        raise Refused("Choose among the fields and the bands that are offered.")
    by = User.objects.select_for_update(no_key=True).get(pk=by.pk)
    if (by.specialty, by.seniority) == (specialty, seniority):
        return by
    by.specialty, by.seniority = specialty, seniority
    by.save(update_fields=["specialty", "seniority"])
    # What she said is hers to take back: the audit, which forgets nothing, notes only that she said something.
    said = [name for name, value in (("specialty", specialty), ("seniority", seniority)) if value]
    audit.record(AuditVerb.PERSON_DESCRIBED, by, by=by, now=now, said=said)
    return by
