"""Scores that programs give to rationales: once a rating, scorer, version and task, and on held-out snippets alone.

Every refusal is a sentence, raised with SQLSTATE 23514 (check violation), which Django reports as IntegrityError.
"""

import django.db.models.deletion
from django.db import migrations, models

import annotation.models.studies

SCORE_BELONGS = """
CREATE FUNCTION consilium_score_belongs() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    mined bigint;
BEGIN
    SELECT l.latent_id INTO mined FROM annotation_rating r JOIN annotation_sampledlatent l ON l.id = r.latent_id
        WHERE r.id = NEW.rating_id AND r.study_id = NEW.study_id AND r.outcome = 'answered';
    IF mined IS NULL THEN
        RAISE EXCEPTION 'Only an answered rating of the same study has a rationale to be scored.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM jsonb_array_elements(NEW.judgements) j
               WHERE NOT consilium_is_held_out(j -> 'snippet', mined)) THEN
        RAISE EXCEPTION 'A rationale is scored on held-out snippets of its latent alone, which no rater has seen.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_foreign BEFORE INSERT ON annotation_rationalescore
    FOR EACH ROW EXECUTE FUNCTION consilium_score_belongs();
"""

INTRUDER_BELONGS = """
CREATE FUNCTION consilium_intruder_belongs() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    mined bigint;
BEGIN
    SELECT l.latent_id INTO mined FROM annotation_sampledlatent l
        WHERE l.id = NEW.latent_id AND l.study_id = NEW.study_id;
    IF mined IS NULL THEN
        RAISE EXCEPTION 'This latent is not in the sample of the study.' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM jsonb_array_elements(NEW.judgements) j, jsonb_array_elements(j -> 'snippets') s
               WHERE NOT consilium_is_held_out(s, mined)) THEN
        RAISE EXCEPTION 'An intruder is looked for among held-out snippets of the latent alone.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_foreign BEFORE INSERT ON annotation_intruderscore
    FOR EACH ROW EXECUTE FUNCTION consilium_intruder_belongs();
"""

IS_HELD_OUT = """
CREATE FUNCTION consilium_is_held_out(snippet jsonb, latent bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM annotation_snippet s
                   WHERE s.id = (snippet #>> '{}')::bigint AND s.latent_id = latent
                     AND s.kind IN ('held-out', 'held-out-random', 'held-out-hard'))
$$;
"""

BATCH_STAYS = """
CREATE FUNCTION consilium_batch_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF ROW(NEW.study_id, NEW.scorer, NEW.version, NEW.digest, NEW.ratings, NEW.asked_at)
       IS DISTINCT FROM ROW(OLD.study_id, OLD.scorer, OLD.version, OLD.digest, OLD.ratings, OLD.asked_at) THEN
        RAISE EXCEPTION 'What a scorer was asked cannot be changed. Ask anew.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_question BEFORE UPDATE ON annotation_scorebatch
    FOR EACH ROW EXECUTE FUNCTION consilium_batch_stays();
"""

APPEND_ONLY = ("rationalescore", "intruderscore")
"""No UPDATE, DELETE or TRUNCATE, from any client."""

FUNCTIONS = ("consilium_score_belongs", "consilium_intruder_belongs", "consilium_is_held_out", "consilium_batch_stays")


def append_only(table: str) -> str:
    return f"""
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON annotation_{table}
        FOR EACH ROW EXECUTE FUNCTION consilium_refuse_change();
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON annotation_{table}
        FOR EACH STATEMENT EXECUTE FUNCTION consilium_refuse_change();
    """


def no_append_only(table: str) -> str:
    return f"DROP TRIGGER append_only ON annotation_{table}; DROP TRIGGER no_truncate ON annotation_{table};"


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0007_concept_facts"),
    ]

    operations = [
        migrations.AddField(
            model_name="snippet",
            name="mention",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="study",
            name="scorers",
            field=models.JSONField(blank=True, default=annotation.models.studies.shipped_scorers),
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
                    ("latent-declined", "Latent declined as not her field"),
                    ("snippet-reported", "Snippet reported to show a person"),
                    ("report-decided", "Report of a snippet decided"),
                    ("reference-corrected", "Calibration reference corrected"),
                    ("calibration-judged", "Calibration set judged"),
                    ("rater-let-through", "Rater let through without having passed"),
                    ("readings-asked", "Readings asked for"),
                    ("reading-submitted", "Reading submitted"),
                    ("rubric-adopted", "Rubric version adopted"),
                    ("ratings-asked-again", "Ratings asked for again"),
                    ("slot-freed", "Place taken back from a rater"),
                    ("slot-given", "Place given to a rater"),
                    ("rater-reminded", "Rater reminded by e-mail"),
                    ("hours-signed", "Statement of hours signed"),
                    ("member-withdrew", "Member withdrew"),
                    ("study-changed", "Study settings changed"),
                    ("concepts-merged", "Concept merged into another"),
                    ("concept-placed", "Concept placed under a broader one"),
                    ("concept-coded", "Concept linked to a code"),
                    ("concept-fact-withdrawn", "Fact about a concept taken back"),
                    ("scores-asked", "Automatic scores asked for"),
                    ("scores-taken", "Automatic scores taken in"),
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
        migrations.CreateModel(
            name="ScoreBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("scorer", models.CharField(max_length=40)),
                ("version", models.CharField(max_length=80)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("ratings", models.JSONField()),
                ("asked_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField()),
                ("sent", models.PositiveSmallIntegerField(default=1)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("failure", models.TextField(blank=True)),
                ("retry_helps", models.BooleanField(default=False)),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="score_batches", to="annotation.study"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "score batches",
            },
        ),
        migrations.CreateModel(
            name="RationaleScore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("scorer", models.CharField(max_length=40)),
                ("version", models.CharField(max_length=80)),
                (
                    "task",
                    models.CharField(
                        choices=[
                            ("detection", "Which snippets should fire"),
                            ("fuzzing", "Whether the right words are marked"),
                            ("intruder", "Which snippet does not belong"),
                        ],
                        max_length=20,
                    ),
                ),
                ("judgements", models.JSONField(default=list)),
                ("value", models.FloatField(blank=True, null=True)),
                ("undefined_reason", models.TextField(blank=True)),
                ("model", models.CharField(blank=True, max_length=200)),
                ("digest", models.CharField(max_length=64)),
                ("scored_at", models.DateTimeField()),
                (
                    "rating",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rationale_scores",
                        to="annotation.rating",
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rationale_scores",
                        to="annotation.study",
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="scores",
                        to="annotation.scorebatch",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="IntruderScore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("scorer", models.CharField(max_length=40)),
                ("version", models.CharField(max_length=80)),
                ("judgements", models.JSONField(default=list)),
                ("value", models.FloatField(blank=True, null=True)),
                ("undefined_reason", models.TextField(blank=True)),
                ("model", models.CharField(blank=True, max_length=200)),
                ("digest", models.CharField(max_length=64)),
                ("scored_at", models.DateTimeField()),
                (
                    "latent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="intruder_scores",
                        to="annotation.sampledlatent",
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="intruder_scores",
                        to="annotation.study",
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="intruder_scores",
                        to="annotation.scorebatch",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="scorebatch",
            index=models.Index(
                condition=models.Q(("ended_at", None)), fields=["study", "scorer"], name="score_batch_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="scorebatch",
            constraint=models.CheckConstraint(
                condition=models.Q(("failure", ""), ("ended_at__isnull", False), _connector="OR"),
                name="score_batch_failed_has_ended",
            ),
        ),
        migrations.AddIndex(
            model_name="rationalescore",
            index=models.Index(fields=["study", "scorer", "version", "task"], name="rationale_score_of_study"),
        ),
        migrations.AddConstraint(
            model_name="rationalescore",
            constraint=models.UniqueConstraint(
                fields=("rating", "scorer", "version", "task"), name="rationale_score_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="rationalescore",
            constraint=models.CheckConstraint(
                condition=models.Q(("task__in", ("detection", "fuzzing"))), name="rationale_score_task_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="rationalescore",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("undefined_reason", ""), ("value__isnull", False), ("value__range", (0, 1))),
                    models.Q(("value__isnull", True), models.Q(("undefined_reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="rationale_score_value_or_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="intruderscore",
            index=models.Index(fields=["study", "scorer", "version"], name="intruder_score_of_study"),
        ),
        migrations.AddConstraint(
            model_name="intruderscore",
            constraint=models.UniqueConstraint(fields=("latent", "scorer", "version"), name="intruder_score_once"),
        ),
        migrations.AddConstraint(
            model_name="intruderscore",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("undefined_reason", ""), ("value__isnull", False), ("value__range", (0, 1))),
                    models.Q(("value__isnull", True), models.Q(("undefined_reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="intruder_score_value_or_reason",
            ),
        ),
        migrations.RunSQL(
            sql="\n".join([IS_HELD_OUT, SCORE_BELONGS, INTRUDER_BELONGS, BATCH_STAYS, *map(append_only, APPEND_ONLY)]),
            reverse_sql="\n".join(
                [*map(no_append_only, APPEND_ONLY), *(f"DROP FUNCTION {name} CASCADE;" for name in FUNCTIONS)]
            ),
        ),
    ]
