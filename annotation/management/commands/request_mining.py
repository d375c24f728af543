"""Ask the gpu queue for mining runs, from the command line."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from annotation.actions.mining import request_runs
from annotation.actions.subjects import register_sae
from annotation.management.commands._sentences import in_a_sentence
from annotation.models import Corpus

OPTIONS = ("hook_point", "output_hook_point", "norm_scaling_factor", "l0")
NUMBERS = {"norm_scaling_factor": "24.0", "l0": "60"}
"""Options that are numbers, each with an example."""
LEFT_OUT = "-"


class Command(BaseCommand):
    help = (
        "Register SAEs of one language model and mine a corpus with all of them in one pass. "
        "A failed or cancelled run is sent again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--corpus", required=True, help="name of an imported corpus")
        parser.add_argument(
            "--model", required=True, type=Path, help="folder of the language model, or its name on the hub"
        )
        parser.add_argument("--model-name", required=True)
        each = "; repeat it for several SAEs"
        parser.add_argument("--sae", required=True, action="append", type=Path, help=f"folder or file of an SAE{each}")
        parser.add_argument("--sae-name", required=True, action="append", help="its name, in the same order")
        which = f"one for each SAE in the same order, {LEFT_OUT} to leave one out"
        parser.add_argument("--hook-point", action="append", help=f"where its files do not say: {which}")
        parser.add_argument("--output-hook-point", action="append", help=f"of a transcoder: {which}")
        parser.add_argument("--norm-scaling-factor", action="append", help=f"where its files do not say: {which}")
        parser.add_argument("--l0", action="append", help=f"declared firings a token, for the gate to compare: {which}")

    def handle(self, *args: Any, **options: Any) -> None:
        corpus = Corpus.objects.filter(name=options["corpus"]).first()
        if corpus is None:
            raise CommandError(f"There is no corpus “{options['corpus']}”. Import it first with import_corpus.")
        wanted = list(_saes(options))
        now = timezone.now()
        with in_a_sentence(), transaction.atomic():
            saes = [
                register_sae(
                    name=name,
                    folder=folder.resolve(),
                    model_name=options["model_name"],
                    model_folder=_place(options["model"]),
                    options=given,
                    by=None,
                    now=now,
                )
                for name, folder, given in wanted
            ]
            runs = request_runs(saes=saes, corpus=corpus, by=None, now=now)
        for sae, run in zip(saes, runs, strict=True):
            self.stdout.write(f"{sae.name}: mining run {run.digest} is {run.state}.")


def _saes(options: dict[str, Any]) -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """Name, folder and options of each SAE. Raises CommandError where their numbers do not fit."""
    folders, names = options["sae"], options["sae_name"]
    given = {option: options[option] for option in OPTIONS if options[option]}
    for option, values in {"sae_name": names, **given}.items():
        if len(values) != len(folders):
            raise CommandError(
                f"--{option.replace('_', '-')} was given {len(values)} times for {len(folders)} SAEs. "
                f"Give one for each, in the same order{f'; {LEFT_OUT} leaves one out' if option in OPTIONS else ''}."
            )
    for place, (name, folder) in enumerate(zip(names, folders, strict=True)):
        chosen = {option: values[place] for option, values in given.items() if values[place] != LEFT_OUT}
        yield name, folder, {option: _value(option, value) for option, value in chosen.items()}


def _value(option: str, value: str) -> str | float:
    if option not in NUMBERS:
        return value
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        name = option.replace("_", "-")
        raise CommandError(f"--{name} is {value}; give a number above 0, such as {NUMBERS[option]}.")
    return number


def _place(model: Path) -> Path:
    """A folder by its full path; what is no folder here is left as it was written."""
    return model.resolve() if model.exists() else model
