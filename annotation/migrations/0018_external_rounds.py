"""Rounds that were rated elsewhere, and who stands for their raters. Append-only, by 0002_invariants.py."""

from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

invariants = import_module("annotation.migrations.0002_invariants")
undone = import_module("annotation.migrations.0014_imported_runs").undone
TABLES = ("externalround", "externalrater")


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0017_study_ethics"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExternalRater",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("annotator", models.CharField(max_length=64)),
                (
                    "membership",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="external", to="annotation.membership"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ExternalRound",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tool", models.CharField(max_length=40)),
                ("source", models.TextField()),
                ("exported_by", models.CharField(max_length=120)),
                ("file", models.CharField(max_length=255)),
                ("digest", models.CharField(max_length=64)),
                ("counts", models.BooleanField()),
                ("passed", models.JSONField(default=dict)),
                ("imported_at", models.DateTimeField()),
                (
                    "imported_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="annotation.institution"
                    ),
                ),
                (
                    "round",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="external", to="annotation.round"
                    ),
                ),
            ],
        ),
        migrations.RunSQL(
            sql="\n".join(invariants.append_only(table) for table in TABLES),
            reverse_sql="\n".join(undone(table) for table in TABLES),
        ),
    ]
