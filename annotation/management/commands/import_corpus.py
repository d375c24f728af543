"""Bring a corpus in from files of text."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from annotation.actions.corpora import begun_before, read_here, store_here
from annotation.actions.importing_text import Wish, begin_reading, discard_import, propose_import
from annotation.enums import CorpusImportState
from annotation.interop.corpora.columns import MEANINGS, ROW_NUMBER, Field
from annotation.interop.corpora.encodings import LEGACY
from annotation.interop.corpora.sources import KNOWN, TITLES, Format
from annotation.management.commands._people import person_of
from annotation.management.commands._sentences import in_a_sentence
from annotation.models import CorpusImport, User
from annotation.queries.corpus_report import report_lines
from annotation.rules.refusal import Refused


class Command(BaseCommand):
    help = f"Import a corpus: a folder or files of {KNOWN}. Killed, the same command goes on where it was."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, help="files or folders of one format")
        parser.add_argument("--name", required=True)
        parser.add_argument("--source", required=True, help="where the text comes from and who may use it, in words")
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help=f"which column is which, where the names do not say it: {', '.join(Field)}; {Field.KEY}={ROW_NUMBER} "
            "names documents by their rows; FIELD= alone takes none",
        )
        parser.add_argument("--if-not-utf-8", choices=LEGACY, default="", help="what files are that are not UTF-8")
        parser.add_argument("--hide-patients", action="store_true", help="replace patients' ids by pseudonyms")
        parser.add_argument("--leave-out", action="store_true", help="leave out documents without a text to be read")
        parser.add_argument("--drop-duplicates", action="store_true", help="take documents of the same text once")
        parser.add_argument("--dry-run", action="store_true", help="read and check everything, store nothing")
        parser.add_argument("--by", metavar="EMAIL", default="", help="the person in whose name this is done")

    def handle(self, *args: Any, **options: Any) -> None:
        by = person_of(options["by"])
        with in_a_sentence():
            wished, wish = self._wished(options)
            begun = begun_before(paths=options["files"], wish=wish)
            if begun is not None:
                self.stdout.write(f"Going on with the import of {begun.created_at:%-d %B, %H:%M}.")
                discard_import(wished=wished, by=by, now=timezone.now())
                wished = begun
            else:
                wished = self._begun(wished, wish, by)
            self._import(wished, by, options)

    def _begun(self, wished: CorpusImport, wish: Wish, by: User | None) -> CorpusImport:
        try:
            return begin_reading(wished=wished, wish=wish, by=by, now=timezone.now(), here=True)
        except Refused:
            discard_import(wished=wished, by=by, now=timezone.now())
            raise

    def _import(self, wished: CorpusImport, by: User | None, options: dict[str, Any]) -> None:
        if wished.state == CorpusImportState.CHECKING:
            wished = read_here(wished, clock=timezone.now)
        for line in report_lines(wished):
            self.stdout.write(line)
        if options["dry_run"]:
            discard_import(wished=wished, by=by, now=timezone.now())
            self.stdout.write("Nothing was stored.")
            return
        corpus = store_here(
            wished,
            leave_out=options["leave_out"],
            drop_duplicates=options["drop_duplicates"],
            by=by,
            clock=timezone.now,
        )
        self.stdout.write(f"{corpus.name}: {corpus.document_count} documents, digest {corpus.digest}.")

    def _wished(self, options: dict[str, Any]) -> tuple[CorpusImport, Wish]:
        """The proposal, shown, and what becomes of it by what was said."""
        wished = propose_import(
            paths=options["files"],
            study=None,
            by=None,
            now=timezone.now(),
            legacy=options["if_not_utf_8"],
        )
        said = _said(options["column"])
        mapping = {Field(field): column for field, column in wished.mapping.items()} | said
        self.stdout.write(f"{TITLES[Format(wished.format)]}. Which column is which:")
        for field in Field:
            why = "as you say" if field in said else "by its name"
            taken = f"“{mapping[field]}”, {why}" if mapping.get(field) else "none"
            self.stdout.write(f"  {field:10} {taken} ({MEANINGS[field]})")
        wish = Wish(
            name=options["name"],
            source=options["source"],
            mapping={field: column for field, column in mapping.items() if column},
            legacy=options["if_not_utf_8"],
            hide_patients=options["hide_patients"],
        )
        return wished, wish


def _said(columns: list[str]) -> dict[Field, str]:
    said = {}
    for one in columns:
        field, equals, column = one.partition("=")
        if not equals or field not in set(Field):
            raise CommandError(f"--column {one}: say FIELD=COLUMN, with one of {', '.join(Field)}.")
        said[Field(field)] = column
    return said
