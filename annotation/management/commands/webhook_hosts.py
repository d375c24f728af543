"""Which machines webhooks may point to: an administrator's word, given on the server."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from annotation.actions.webhooks import allow_host, allowed_hosts, remove_host
from annotation.management.commands._sentences import in_a_sentence


class Command(BaseCommand):
    help = "Lists the hosts that webhooks may point to; allows or removes one."

    def add_arguments(self, parser: CommandParser) -> None:
        wish = parser.add_mutually_exclusive_group()
        wish.add_argument("--allow", metavar="HOST", help="such as hooks.hospital.example or 10.1.2.3:8443")
        wish.add_argument("--remove", metavar="HOST")
        parser.add_argument(
            "--plain", action="store_true", help="with --allow: http without TLS too, inside one's own house"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with in_a_sentence():
            if options["allow"]:
                host = allow_host(name=options["allow"], plain=options["plain"], by=None, now=timezone.now())
                self.stdout.write(f"Webhooks may point to {host.name}{' without TLS' if host.plain else ''}.")
            elif options["remove"]:
                silenced = remove_host(name=options["remove"], by=None, now=timezone.now())
                self.stdout.write(f"Removed. {silenced} webhook{'' if silenced == 1 else 's'} will be told nothing.")
            else:
                for name, plain in sorted(allowed_hosts().items()):
                    self.stdout.write(f"{name}{' (http too)' if plain else ''}")
