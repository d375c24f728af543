"""Write a release for another tool: Neuronpedia's bulk layout, or delphi's explanations."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation.actions.exporting_latents import DELPHI, LABEL_STUDIO, NEURONPEDIA, TOOLS, Names, export_latents
from annotation.enums import ReleaseState
from annotation.interop.neuronpedia.writing import BOTH, WHICH
from annotation.management.commands._people import person_of
from annotation.management.commands._sentences import in_a_sentence
from annotation.models import Release


class Command(BaseCommand):
    help = "Write a release of a study for another tool. No text of the corpus is in it."

    def add_arguments(self, parser: CommandParser) -> None:
        tools = parser.add_subparsers(dest="tool", required=True, metavar="TOOL", parser_class=ArgumentParser)
        for tool, title in TOOLS.items():
            own = tools.add_parser(tool, help=f"for {title}")
            own.add_argument("folder", type=Path, help="a new folder")
            own.add_argument("--study", required=True, metavar="SLUG")
            own.add_argument("--release", type=int, metavar="NUMBER", help="the newest that is ready, if left out")
            own.add_argument("--by", metavar="EMAIL", default="", help="the researcher in whose name this is done")
            if tool != LABEL_STUDIO:
                own.add_argument("--hook-point", default="", help=f"what {title} calls it")
            if tool == NEURONPEDIA:
                own.add_argument("--model-id", default="", help="Neuronpedia's id of the model")
                own.add_argument("--source-id", default="", help="Neuronpedia's id of the source, such as 6-res-jb")
                own.add_argument("--user-id", default=Names().user, help="Neuronpedia's id of the author")
                own.add_argument("--explanations", choices=WHICH, default=BOTH, help="whose explanations")

    def handle(self, *args: Any, **options: Any) -> None:
        release = _release(options["study"], options["release"])
        names = Names(
            model=options.get("model_id", ""),
            source=options.get("source_id", ""),
            user=options.get("user_id", "") or Names().user,
            hook_point=options.get("hook_point", ""),
        )
        with in_a_sentence():
            written = export_latents(
                release=release,
                tool=options["tool"],
                folder=options["folder"],
                by=person_of(options["by"]),
                now=timezone.now(),
                names=names,
                which=options.get("explanations", BOTH),
            )
        what = ", ".join(f"{number:,} {kind}" for kind, number in written.items()) or "nothing to explain yet"
        of = "explanations: " if options["tool"] == DELPHI else ""
        self.stdout.write(f"Release {release.number} is in {options['folder']}: {of}{what}.")


def _release(slug: str, number: int | None) -> Release:
    ready = Release.objects.filter(study__slug=slug, state=ReleaseState.READY).select_related(
        "study__run__sae__language_model"
    )
    found = ready.filter(number=number).first() if number else ready.order_by("-number").first()
    if found is None:
        which = f"release {number} that is ready" if number else "release that is ready"
        raise CommandError(f"The study “{slug}” has no {which}. Cut one on its Releases page.")
    return found
