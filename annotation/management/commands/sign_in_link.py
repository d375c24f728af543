"""The way in for the first administrator, and for anyone who lost hers."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation.actions.links import issue_link
from annotation.models import User


class Command(BaseCommand):
    help = "Print a one-time sign-in link for a person; with --administrator create her if she is new."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--administrator", metavar="NAME", help="create this administrator if she is new")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            if not options["administrator"]:
                raise CommandError(f"Nobody has the address {options['email']}. Create her with --administrator NAME.")
            try:
                user = User.objects.create_superuser(options["email"], name=options["administrator"])
            except ValueError as error:
                raise CommandError(str(error)) from error
        token = issue_link(user=user, by=None, now=timezone.now())
        self.stdout.write(f"{settings.SITE_URL.rstrip('/')}/enter/{token}/")
