"""Who a command is run for."""

from django.core.management.base import CommandError

from annotation.models import User


def person_of(email: str) -> User | None:
    """None where nobody was named. Raises CommandError where there is nobody of this address."""
    if not email:
        return None
    found = User.objects.filter(email__iexact=email, is_active=True).first()
    if found is None:
        raise CommandError(f"There is nobody here with the address {email}. Give that of a researcher.")
    return found
