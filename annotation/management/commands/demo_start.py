"""Import the demo's notes and ask for its mining runs."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from annotation.actions import demo
from annotation.management.commands._sentences import in_a_sentence

MODEL_FOLDER = settings.BASE_DIR / "var" / "models" / "smollm2-135m-instruct"


class Command(BaseCommand):
    help = "Import the demo corpus, register the reference model and SAEs, and put their mining runs on the gpu queue."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", type=Path, default=MODEL_FOLDER, help="folder of the converted reference model")

    def handle(self, *args: Any, **options: Any) -> None:
        with in_a_sentence():
            run = demo.start(model_folder=options["model"].resolve(), now=timezone.now())
        self.stdout.write(f"Demo: {run.corpus.document_count} notes imported, mining run is {run.state}.")
