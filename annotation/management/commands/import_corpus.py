"""Bring a corpus in from JSON Lines files."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from annotation.actions.corpora import import_corpus
from annotation.management.commands._sentences import in_a_sentence


class Command(BaseCommand):
    help = "Import a corpus: JSON Lines, one object a line with id, text and, if known, specialty, note_type, patient."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path)
        parser.add_argument("--name", required=True)
        parser.add_argument("--source", required=True, help="where the text comes from and who may use it, in words")

    def handle(self, *args: Any, **options: Any) -> None:
        with in_a_sentence():
            corpus = import_corpus(
                name=options["name"], source=options["source"], paths=options["files"], by=None, now=timezone.now()
            )
        self.stdout.write(f"{corpus.name}: {corpus.document_count} documents, digest {corpus.digest}.")
