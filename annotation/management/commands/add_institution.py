"""Add an institution, so that raters and coordinators can be invited to it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from annotation.actions.institutions import add_institution
from annotation.management.commands._sentences import in_a_sentence


class Command(BaseCommand):
    help = "Add an institution. Its code stands for it in releases."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code")
        parser.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        with in_a_sentence():
            institution = add_institution(code=options["code"], name=options["name"], by=None, now=timezone.now())
        self.stdout.write(f"{institution.name} ({institution.code})")
