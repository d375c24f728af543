"""How a run is computed, in steps; and that what it holds is never edited."""

import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

RUN_MAY_END = """
CREATE FUNCTION consilium_run_may_end() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- What says how the run stands to the study, and never what it holds.
    loose text[] := ARRAY['seen', 'judged_with', 'left_out_with'];
BEGIN
    IF NOT OLD.complete THEN
        loose := loose || ARRAY['complete', 'seconds'];
    END IF;
    IF (to_jsonb(NEW) - loose) IS DISTINCT FROM (to_jsonb(OLD) - loose) THEN
        RAISE EXCEPTION 'A run of results is never edited: compute another one.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER no_update ON annotation_resultrun;
CREATE TRIGGER run_may_end BEFORE UPDATE ON annotation_resultrun
    FOR EACH ROW EXECUTE FUNCTION consilium_run_may_end();
"""
NEVER_EDITED = ("pairagreement", "latentagreement", "sensitivity", "institutionhabit", "scorerstanding")
"""As their older neighbours (0002): pruned and computed again, never edited."""


def no_update(table: str) -> str:
    return f"""
    CREATE TRIGGER no_update BEFORE UPDATE ON annotation_{table}
        FOR EACH ROW EXECUTE FUNCTION consilium_refuse_change();
    """


UNDO = """
DROP FUNCTION consilium_run_may_end CASCADE;
CREATE TRIGGER no_update BEFORE UPDATE ON annotation_resultrun
    FOR EACH ROW EXECUTE FUNCTION consilium_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0008_automatic_scores"),
    ]

    operations = [
        migrations.CreateModel(
            name="ResultInputs",
            fields=[
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="inputs",
                        serialize=False,
                        to="annotation.resultrun",
                    ),
                ),
                ("content", models.BinaryField()),
            ],
            options={
                "verbose_name_plural": "result inputs",
            },
        ),
        migrations.AlterModelOptions(
            name="resultrun",
            options={"base_manager_name": "everything"},
        ),
        migrations.AlterModelManagers(
            name="resultrun",
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("everything", django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddField(
            model_name="resultrun",
            name="complete",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="resultrun",
            name="judged_with",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="resultrun",
            name="left_out_with",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="resultrun",
            name="seen",
            field=models.JSONField(default=dict),
        ),
        migrations.CreateModel(
            name="ResultStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("agreement", "agreement"),
                            ("pairs", "pairs"),
                            ("latents", "latents"),
                            ("consensus", "consensus"),
                            ("sensitivity", "sensitivity"),
                        ],
                        max_length=20,
                    ),
                ),
                ("item", models.SlugField(max_length=40)),
                ("part", models.CharField(blank=True, max_length=80)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                ("seconds", models.FloatField(default=0.0)),
                (
                    "kept_from",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="annotation.resultrun",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="steps", to="annotation.resultrun"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("done_at", None)), fields=["run", "position"], name="result_step_to_do"
                    ),
                    models.Index(
                        condition=models.Q(("digest", ""), _negated=True), fields=["digest"], name="result_step_digest"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("run", "kind", "item", "part"), name="result_step_once"),
                    models.UniqueConstraint(fields=("run", "position"), name="result_step_position_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("agreement", "pairs", "latents", "consensus", "sensitivity"))),
                        name="result_step_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("done_at", None), models.Q(("digest", ""), _negated=True), _connector="OR"),
                        name="result_step_done_has_digest",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            sql="\n".join([RUN_MAY_END, *map(no_update, NEVER_EDITED)]),
            reverse_sql="\n".join(
                [UNDO, *(f"DROP TRIGGER no_update ON annotation_{table};" for table in NEVER_EDITED)]
            ),
        ),
    ]
