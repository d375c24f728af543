"""Check the audit chains."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.models import Study
from annotation.queries.audit_chain import verify_chain


class Command(BaseCommand):
    help = "Recompute every audit chain; exit code 1 and a sentence for each event that is missing or altered."

    def handle(self, *args: Any, **options: Any) -> None:
        names = {0: "site", **dict(Study.objects.values_list("pk", "slug"))}
        broken = 0
        for study, name in names.items():
            report = verify_chain(study)
            broken += len(report.problems)
            self.stdout.write(f"{name}: {report.events} events, head {report.head[:16]}")
            for problem in report.problems:
                self.stderr.write(f"{name}: {problem}")
        if broken:
            raise CommandError(f"{broken} problems. Compare with the manifests of releases to find when it happened.")
