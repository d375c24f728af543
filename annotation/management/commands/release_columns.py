"""`manage.py release_columns > docs/reference/release-columns.md`: the dictionary of released columns."""

from typing import Any

from django.core.management.base import BaseCommand

from annotation.export.dictionary import markdown


class Command(BaseCommand):
    help = "Print the dictionary of released columns as Markdown."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(markdown(), ending="")
