"""Import another tool's latents as a mining run, from local files."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation.actions.importing_runs import TOOLS, Survey, import_run, look_over
from annotation.interop.choosing import Wish
from annotation.interop.dashboards.saedashboard import read_saedashboard
from annotation.interop.delphi.reading import read_delphi
from annotation.interop.neuronpedia.reading import read_neuronpedia
from annotation.interop.reading import Reading
from annotation.management.commands._people import person_of
from annotation.management.commands._sentences import in_a_sentence
from annotation.models import Study

FOLDERS = {
    "neuronpedia": "folder of one source in the bulk layout: features/, activations/, explanations/",
    "saedashboard": "folder with batch-0.json, batch-1.json, …",
    "delphi": "folder of one hook point in the latent cache: config.json, 0_….safetensors",
}


class Command(BaseCommand):
    help = "Import latents, their snippets and explanations from another tool's local files as a mining run."

    def add_arguments(self, parser: CommandParser) -> None:
        tools = parser.add_subparsers(dest="tool", required=True, metavar="TOOL", parser_class=ArgumentParser)
        for tool, title in TOOLS.items():
            own = tools.add_parser(tool, help=f"files of {title}")
            own.add_argument("folder", type=Path, help=FOLDERS[tool])
            own.add_argument("--source", default="", help="where the files come from and who may use them, in words")
            own.add_argument("--corpus-name", default="", help="name of the corpus that their text becomes")
            own.add_argument("--sae-name", default="", required=tool == "delphi", help="the SAE's name here")
            own.add_argument("--model-name", default="", help="the language model's name here")
            own.add_argument(
                "--reserved-share", type=float, default=Wish().reserved_share, help="of held-out documents"
            )
            own.add_argument("--by", metavar="EMAIL", default="", help="the researcher in whose name this is done")
            own.add_argument("--dry-run", action="store_true", help="read and check everything, store nothing")
            if tool == "delphi":
                own.add_argument("--tokenizer", type=Path, required=True, help="the language model's tokenizer.json")

    def handle(self, *args: Any, **options: Any) -> None:
        read, wish = _reader(options), _wish(options["reserved_share"])
        with in_a_sentence():
            if options["dry_run"]:
                self._say(_survey(read, wish))
                return
            run = import_run(
                read=read,
                source=options["source"],
                by=person_of(options["by"]),
                now=timezone.now(),
                wish=wish,
                corpus_name=options["corpus_name"],
                sae_name=options["sae_name"],
                model_name=options["model_name"],
            )
        self.stdout.write(
            f"{run.sae.name}: mining run {run.digest} is {run.state}, {run.latents.count():,} latents over "
            f"“{run.corpus.name}”. The gate was not run. "
            f"Set up a study with: create_study SLUG --run {run.digest[:12]} …"
        )

    def _say(self, survey: Survey) -> None:
        facts = survey.facts
        self.stdout.write(f"{facts.model}, {facts.sae}: {survey.files:,} files hold and can be imported.")
        self.stdout.write(
            f"{survey.latents:,} latents, {survey.alive:,} that fire, {survey.eligible:,} that a new study "
            f"would draw from; {survey.snippets:,} snippets from {survey.documents:,} documents; "
            f"{survey.explanations:,} explanations."
        )
        if survey.without_foils:
            self.stdout.write(
                f"{survey.without_foils:,} latents would have no look-alikes: nothing silent is known of them."
            )
        for note in facts.notes:
            self.stdout.write(f"- {note}")
        self.stdout.write("Nothing was stored.")


def _reader(options: dict[str, Any]) -> Callable[[], Reading]:
    folder: Path = options["folder"]
    if options["tool"] == "delphi":
        return lambda: read_delphi(folder, options["tokenizer"], sae=options["sae_name"])
    if options["tool"] == "neuronpedia":
        return lambda: read_neuronpedia(folder)
    return lambda: read_saedashboard(folder)


def _survey(read: Callable[[], Reading], wish: Wish) -> Survey:
    usual = Study()
    return look_over(
        read=read, wish=wish, minimum_documents=usual.minimum_documents, maximum_density=usual.maximum_density
    )


def _wish(share: float) -> Wish:
    if not 0 <= share < 1:
        raise CommandError(f"--reserved-share is {share}; give a share from 0 to below 1, such as 0.25.")
    return Wish(reserved_share=share)
