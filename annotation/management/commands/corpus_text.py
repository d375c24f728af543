"""Whether text of a corpus may leave in releases: an administrator's word, given on the server."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation.actions.permitting_text import permit_text
from annotation.management.commands._sentences import in_a_sentence
from annotation.models import Corpus
from annotation.queries.text_leaving import text_permission


class Command(BaseCommand):
    help = "Lists the corpora and whether their text may leave in releases; permits it, or takes that back."

    def add_arguments(self, parser: CommandParser) -> None:
        wish = parser.add_mutually_exclusive_group()
        wish.add_argument("--permit", metavar="CORPUS", help="name of the corpus whose snippets may leave")
        wish.add_argument("--keep", metavar="CORPUS", help="name of the corpus whose text stays from now on")
        parser.add_argument("--words", default="", help="on what that rests: licence or approval, number, date")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["permit"] or options["keep"]
        if not name:
            for corpus in Corpus.objects.order_by("name"):
                self.stdout.write(f"{corpus.name}: {_told(corpus)}")
            return
        found = Corpus.objects.filter(name=name).first()
        if found is None:
            raise CommandError(f"There is no corpus “{name}”. Without options this command lists those that there are.")
        with in_a_sentence():
            permit_text(
                corpus=found, may_leave=bool(options["permit"]), words=options["words"], by=None, now=timezone.now()
            )
        self.stdout.write(f"{found.name}: {_told(found)}")


def _told(corpus: Corpus) -> str:
    said = text_permission(corpus)
    if said is None:
        return "text stays"
    return f"{'snippets may leave' if said.may_leave else 'text stays'} ({said.words})"
