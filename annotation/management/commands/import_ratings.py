"""Import ratings that were made elsewhere as an external round, from a local file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from annotation.actions.importing_ratings import Provenance, import_ratings, survey_ratings
from annotation.management.commands._people import person_of
from annotation.management.commands._sentences import in_a_sentence
from annotation.models import Study
from annotation.queries.external_rounds import survey_lines


class Command(BaseCommand):
    help = "Import ratings from a JSON export of Label Studio as a round of their own, with their provenance."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--study", required=True, metavar="SLUG")
        parser.add_argument("--source", required=True, help="where they were made and on what terms, in words")
        parser.add_argument("--exported-by", required=True, help="who exported them there")
        parser.add_argument("--institution", required=True, metavar="CODE", help="of the raters")
        parser.add_argument("--institution-name", default="", help="of one that is new here")
        parser.add_argument("--rubric-version", type=int, help="that was asked, if the tasks do not say it")
        counts = parser.add_mutually_exclusive_group(required=True)
        counts.add_argument("--counts", action="store_true", help="the statistics take them")
        counts.add_argument("--set-aside", action="store_true", help="they are kept and released, and count nowhere")
        parser.add_argument("--by", metavar="EMAIL", default="", help="the researcher in whose name this is done")
        parser.add_argument("--dry-run", action="store_true", help="read and check everything, store nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        study = Study.objects.filter(slug=options["study"]).first()
        if study is None:
            raise CommandError(f"There is no study “{options['study']}”.")
        by, version = person_of(options["by"]), options["rubric_version"]
        with in_a_sentence():
            survey = survey_ratings(study=study, path=options["file"], rubric_version=version, by=by)
            for line in survey_lines(survey):
                self.stdout.write(line)
            if options["dry_run"]:
                self.stdout.write("Nothing was stored.")
                return
            said = Provenance(
                source=options["source"],
                exported_by=options["exported_by"],
                institution=options["institution"],
                institution_name=options["institution_name"],
                rubric_version=version,
                counts=options["counts"],
            )
            found = import_ratings(study=study, path=options["file"], said=said, by=by, now=timezone.now())
        standing = "counted by the statistics" if found.counts else "set aside from the statistics"
        self.stdout.write(f"They are round {found.round.number} of {study.name}, {standing}.")
