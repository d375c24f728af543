"""Ask the gpu queue for a mining run, from the command line."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation.actions.mining import request_run
from annotation.actions.subjects import register_sae
from annotation.management.commands._sentences import in_a_sentence
from annotation.models import Corpus


class Command(BaseCommand):
    help = "Register an SAE with its language model and mine a corpus with it. A failed run is sent again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--corpus", required=True, help="name of an imported corpus")
        parser.add_argument("--sae", required=True, type=Path, help="folder of the SAE, SAELens layout")
        parser.add_argument("--sae-name", required=True)
        parser.add_argument("--model", required=True, type=Path, help="folder of the language model")
        parser.add_argument("--model-name", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        corpus = Corpus.objects.filter(name=options["corpus"]).first()
        if corpus is None:
            raise CommandError(f"There is no corpus “{options['corpus']}”. Import it first with import_corpus.")
        now = timezone.now()
        with in_a_sentence():
            sae = register_sae(
                name=options["sae_name"],
                folder=options["sae"].resolve(),
                model_name=options["model_name"],
                model_folder=options["model"].resolve(),
                by=None,
                now=now,
            )
            run = request_run(sae=sae, corpus=corpus, by=None, now=now)
        self.stdout.write(f"Mining run {run.digest} is {run.state}.")
