"""Print a fresh one-time link for each of the demo's people."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from annotation.actions import demo
from annotation.management.commands._sentences import in_a_sentence


class Command(BaseCommand):
    help = "Print one-time sign-in links for the demo's people. Only with embedded servers on loopback."

    def handle(self, *args: Any, **options: Any) -> None:
        with in_a_sentence():
            lines = list(demo.links(now=timezone.now()))
        width = max(len(who) for who, _ in lines)
        self.stdout.write("One-time sign-in links (each works once, within 24 hours):")
        for who, address in lines:
            self.stdout.write(f"  {who:<{width}}  {address}")
