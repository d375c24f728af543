"""Profiles of latents, matches between runs, cancelled runs, wider context; and the triggers that keep what a run left.

The functions that refuse changes are those of 0002_invariants.py (docs/adr/0003-invariants-in-sql.md).
"""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

invariants = import_module("annotation.migrations.0002_invariants")

KEEP_PROFILES = """
CREATE FUNCTION consilium_keep_profiles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM annotation_latent l JOIN annotation_miningrun r ON r.id = l.run_id
               WHERE l.id = NEW.latent_id AND r.state = 'finished') THEN
        RAISE EXCEPTION 'The run of this latent is finished: nothing is added to what it left.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_what_is_finished BEFORE INSERT ON annotation_latentprofile
    FOR EACH ROW EXECUTE FUNCTION consilium_keep_profiles();
"""

KEEP_MATCHES = """
CREATE FUNCTION consilium_keep_matches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM annotation_runpair WHERE id = NEW.pair_id AND ended_at IS NOT NULL) THEN
        RAISE EXCEPTION 'The matches of these two runs are in: none is added.' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM annotation_runpair p, annotation_latent a, annotation_latent b
                   WHERE p.id = NEW.pair_id AND a.id = NEW.latent_id AND b.id = NEW.other_id
                   AND ((a.run_id = p.run_id AND b.run_id = p.other_id)
                        OR (a.run_id = p.other_id AND b.run_id = p.run_id))) THEN
        RAISE EXCEPTION 'These two latents are not of the pair''s two runs.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_what_is_finished BEFORE INSERT ON annotation_latentmatch
    FOR EACH ROW EXECUTE FUNCTION consilium_keep_matches();
"""

FREEZE_PAIR = """
CREATE FUNCTION consilium_freeze_pair() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'The matches of these two runs are in and cannot be changed.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER freeze_when_ended BEFORE UPDATE OR DELETE ON annotation_runpair
    FOR EACH ROW EXECUTE FUNCTION consilium_freeze_pair();
"""

FREEZE_SAE = """
CREATE FUNCTION consilium_freeze_sae() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.language_model_id <> NEW.language_model_id
        OR (OLD.hook_point <> '' AND OLD.hook_point <> NEW.hook_point)
        OR (OLD.architecture <> '' AND OLD.architecture <> NEW.architecture)
        OR (OLD.width IS NOT NULL AND OLD.width IS DISTINCT FROM NEW.width)
        OR OLD.options <> NEW.options)
       AND EXISTS (SELECT 1 FROM annotation_miningrun WHERE sae_id = OLD.id AND state = 'finished') THEN
        RAISE EXCEPTION 'This SAE has finished runs: what is known of it stays. Register another SAE under its own name.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER freeze_when_mined BEFORE UPDATE ON annotation_sae
    FOR EACH ROW EXECUTE FUNCTION consilium_freeze_sae();
"""

APPEND_ONLY = ("latentprofile", "latentmatch")
FUNCTIONS = ("consilium_keep_profiles", "consilium_keep_matches", "consilium_freeze_pair", "consilium_freeze_sae")
STATEMENTS = (*map(invariants.append_only, APPEND_ONLY), KEEP_PROFILES, KEEP_MATCHES, FREEZE_PAIR, FREEZE_SAE)


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0002_invariants"),
    ]

    operations = [
        migrations.CreateModel(
            name="LatentMatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rank", models.PositiveSmallIntegerField()),
                ("cosine", models.FloatField(blank=True, null=True)),
                ("correlation", models.FloatField(blank=True, null=True)),
                ("tokens", models.PositiveIntegerField()),
            ],
            options={
                "verbose_name_plural": "latent matches",
            },
        ),
        migrations.CreateModel(
            name="LatentProfile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("flags", models.JSONField(default=list)),
                ("promoted", models.JSONField(default=list)),
                ("suppressed", models.JSONField(default=list)),
                ("neighbours", models.JSONField(default=list)),
                ("coactivation", models.JSONField(default=list)),
                ("peak_tokens", models.JSONField(default=list)),
                ("specialties", models.JSONField(default=list)),
                ("sections", models.JSONField(default=list)),
                ("positions", models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name="RunPair",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked_at", models.DateTimeField()),
                ("asked", models.PositiveSmallIntegerField(default=1)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="miningrun",
            name="run_state_known",
        ),
        migrations.AddField(
            model_name="document",
            name="patient",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name="miningrun",
            name="asked_with",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="miningrun",
            name="retry_helps",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="sae",
            name="options",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="snippet",
            name="context_end",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="snippet",
            name="context_start",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="snippet",
            name="section",
            field=models.TextField(blank=True),
        ),
        migrations.AlterField(
            model_name="auditevent",
            name="verb",
            field=models.CharField(
                choices=[
                    ("corpus-imported", "Corpus imported"),
                    ("model-registered", "Language model and SAE registered"),
                    ("study-created", "Study created"),
                    ("institution-added", "Institution added"),
                    ("member-added", "Member added"),
                    ("link-issued", "Sign-in link issued"),
                    ("password-chosen", "Password chosen"),
                    ("signed-in", "Signed in by link"),
                    ("run-requested", "Mining requested"),
                    ("run-ended", "Mining ended"),
                    ("run-cancelled", "Mining cancelled"),
                    ("run-resumed", "Mining resumed"),
                    ("latents-matched", "Latents of two runs matched"),
                    ("text-tried", "Text tried on the latents"),
                    ("rubric-published", "Rubric version published"),
                    ("sample-drawn", "Sample of latents drawn"),
                    ("round-opened", "Round opened"),
                    ("round-closed", "Round closed"),
                    ("reference-set", "Calibration reference set"),
                    ("rating-submitted", "Rating submitted"),
                    ("rating-revised", "Rating revised"),
                    ("results-computed", "Agreement and consensus computed"),
                    ("raters-asked", "More raters asked"),
                    ("case-opened", "Case opened"),
                    ("case-decided", "Case decided"),
                    ("release-requested", "Release requested"),
                    ("release-cut", "Release cut"),
                    ("release-failed", "Release failed"),
                    ("release-downloaded", "Release file downloaded"),
                ],
                max_length=40,
            ),
        ),
        migrations.AlterField(
            model_name="miningrun",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "Waiting for a GPU worker"),
                    ("running", "Mining"),
                    ("finished", "Finished"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                ],
                default="queued",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="sae",
            name="architecture",
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AlterField(
            model_name="sae",
            name="hook_point",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AlterField(
            model_name="sae",
            name="width",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="miningrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["queued", "running", "finished", "failed", "cancelled"])),
                name="run_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="snippet",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("context_end__isnull", True), ("context_start__isnull", True)),
                    models.Q(
                        ("context_end__gte", models.F("end")),
                        ("context_end__isnull", False),
                        ("context_start__isnull", False),
                        ("context_start__lte", models.F("start")),
                    ),
                    _connector="OR",
                ),
                name="snippet_lies_in_its_context",
            ),
        ),
        migrations.AddField(
            model_name="latentmatch",
            name="latent",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="matches", to="annotation.latent"
            ),
        ),
        migrations.AddField(
            model_name="latentmatch",
            name="other",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="annotation.latent"
            ),
        ),
        migrations.AddField(
            model_name="latentprofile",
            name="latent",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="profile", to="annotation.latent"
            ),
        ),
        migrations.AddField(
            model_name="runpair",
            name="other",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="annotation.miningrun"
            ),
        ),
        migrations.AddField(
            model_name="runpair",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="annotation.miningrun"
            ),
        ),
        migrations.AddField(
            model_name="latentmatch",
            name="pair",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="matches", to="annotation.runpair"
            ),
        ),
        migrations.AddConstraint(
            model_name="runpair",
            constraint=models.UniqueConstraint(fields=("run", "other"), name="run_pair_once"),
        ),
        migrations.AddConstraint(
            model_name="runpair",
            constraint=models.CheckConstraint(
                condition=models.Q(("run__lt", models.F("other"))), name="run_pair_in_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="latentmatch",
            constraint=models.UniqueConstraint(fields=("pair", "latent", "rank"), name="latent_match_rank_unique"),
        ),
        migrations.RunSQL(
            sql="\n".join(STATEMENTS),
            reverse_sql="\n".join(f"DROP FUNCTION {name} CASCADE;" for name in FUNCTIONS),
        ),
    ]
