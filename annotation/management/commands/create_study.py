"""Set up a study from the command line; its researcher gets a one-time link."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from annotation.actions.links import issue_link
from annotation.actions.people import invite
from annotation.actions.shipped_rubric import SHIPPED, publish_from_file
from annotation.actions.studies import create_study
from annotation.enums import Role
from annotation.management.commands._sentences import in_a_sentence
from annotation.models import MiningRun, User


class Command(BaseCommand):
    help = "Create a study of a mining run, with the shipped rubric or one of your own, and invite its researcher."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--name", required=True)
        parser.add_argument("--purpose", default="")
        parser.add_argument("--run", required=True, help="digest of the mining run, or its beginning")
        parser.add_argument("--researcher", required=True, metavar="EMAIL")
        parser.add_argument("--researcher-name", required=True)
        parser.add_argument("--rubric", type=Path, default=SHIPPED)
        parser.add_argument("--concepts", type=Path, default=settings.DEMO_ROOT / "concepts.json")
        parser.add_argument("--sample", type=int, default=24)
        parser.add_argument("--raters-per-latent", type=int, default=3)

    def handle(self, *args: Any, **options: Any) -> None:
        runs = (
            MiningRun.objects.filter(digest__startswith=options["run"]) if options["run"] else MiningRun.objects.none()
        )
        run = runs.first()
        administrator = User.objects.filter(is_superuser=True).order_by("pk").first()
        if run is None:
            raise CommandError(f"There is no mining run {options['run']}. request_mining prints the digest of one.")
        if administrator is None:
            raise CommandError("There is no administrator yet. Create one: sign_in_link EMAIL --administrator NAME.")
        now = timezone.now()
        if min(options["sample"], options["raters_per_latent"]) < 1:
            raise CommandError("The sample and the raters per latent are at least 1.")
        with in_a_sentence(), transaction.atomic():
            rubric = publish_from_file(options["rubric"], by=administrator, now=now)
            study = create_study(
                slug=options["slug"],
                name=options["name"],
                purpose=options["purpose"],
                rubric=rubric,
                run=run,
                concepts=_json(options["concepts"]),
                by=administrator,
                now=now,
                sample_size=options["sample"],
                raters_per_latent=options["raters_per_latent"],
            )
            researcher = invite(
                study=study,
                email=options["researcher"],
                name=options["researcher_name"],
                role=Role.RESEARCHER,
                institution=None,
                by=administrator,
                now=now,
            )
        self.stdout.write(f"Study “{study.name}” is at {settings.SITE_URL}/studies/{study.slug}/")
        token = issue_link(user=researcher, by=administrator, now=now)
        self.stdout.write(f"{researcher.name} enters once by {settings.SITE_URL}/enter/{token}/")


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be read as JSON: {error}") from error
