"""`manage.py verify_release FOLDER`: is a downloaded release intact? Exit code 0 or 1, a sentence each."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.export.manifest import UnreadableManifest
from annotation.export.verify import verify


class Command(BaseCommand):
    help = "Check digests, schema and counts of an unpacked release, from its own files alone."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="the folder of an unpacked release, with manifest.json in it")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            verdict = verify(folder)
        except UnreadableManifest as error:
            raise CommandError(str(error)) from error
        for problem in verdict.problems:
            self.stderr.write(problem)
        if verdict.problems:
            raise CommandError(f"This release is not intact: {_problems(len(verdict.problems))}. Download it again.")
        self.stdout.write(
            f"This release is intact: {verdict.files} files with {verdict.rows:,} rows have the digests, columns and "
            "counts that its manifest says."
        )


def _problems(number: int) -> str:
    return "one problem" if number == 1 else f"{number} problems"
