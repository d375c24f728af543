"""Facts about concepts: append-only, of one study, never in a circle (docs/adr/0020-concept-facts.md).

Every refusal is a sentence, raised with SQLSTATE 23514 (check violation), which Django reports as IntegrityError.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

STANDING = """
CREATE VIEW consilium_standing_concept_fact AS
    SELECT f.* FROM annotation_conceptfact f
    WHERE f.kind <> 'withdrawn'
        AND NOT EXISTS (SELECT 1 FROM annotation_conceptfact w WHERE w.withdraws_id = f.id);
"""

SURVIVOR = """
CREATE FUNCTION consilium_survivor(concept bigint) RETURNS bigint LANGUAGE sql STABLE STRICT AS $$
    -- The concept under whose name this one counts: itself where it is not merged.
    WITH RECURSIVE chain AS (
        SELECT concept AS id, 0 AS step
        UNION ALL
        SELECT f.other_id, chain.step + 1 FROM chain
            JOIN consilium_standing_concept_fact f ON f.concept_id = chain.id AND f.kind = 'merged-into'
    )
    SELECT id FROM chain ORDER BY step DESC LIMIT 1
$$;
"""

FACT_BELONGS = """
CREATE FUNCTION consilium_concept_fact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- One fact at a time in a study; released at commit. Each statement below sees what committed before.
    PERFORM pg_advisory_xact_lock(hashtextextended('consilium concepts', NEW.study_id));
    -- Numbered under the lock: in a study the newest fact has the highest number, whoever commits last.
    NEW.id := nextval(pg_get_serial_sequence('annotation_conceptfact', 'id'));
    IF EXISTS (SELECT 1 FROM annotation_concept
               WHERE id IN (NEW.concept_id, NEW.other_id) AND study_id <> NEW.study_id) THEN
        RAISE EXCEPTION 'A fact about concepts stays within one study.' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind = 'withdrawn' THEN
        IF NOT EXISTS (SELECT 1 FROM annotation_conceptfact f WHERE f.id = NEW.withdraws_id
                       AND f.study_id = NEW.study_id AND f.concept_id = NEW.concept_id AND f.kind <> 'withdrawn') THEN
            RAISE EXCEPTION 'Only a fact about the same concept of the same study is taken back, and no taking back.'
                USING ERRCODE = 'check_violation';
        END IF;
    ELSIF EXISTS (SELECT 1 FROM consilium_standing_concept_fact f
                  WHERE f.concept_id = NEW.concept_id AND f.kind = NEW.kind
                    AND (NEW.kind = 'merged-into' OR f.system = NEW.system AND NEW.kind = 'coded-as'
                         OR f.other_id = NEW.other_id)) THEN
        RAISE EXCEPTION 'Such a fact about this concept stands already. Take it back first.'
            USING ERRCODE = 'check_violation';
    ELSIF NEW.kind IN ('merged-into', 'narrower-than') AND (
        NEW.concept_id IN (SELECT consilium_concepts_up(NEW.study_id, NEW.other_id))
        OR NEW.kind = 'merged-into' AND NEW.other_id IN (SELECT consilium_concepts_up(NEW.study_id, NEW.concept_id))
    ) THEN
        RAISE EXCEPTION 'With this fact a concept would be merged into itself, or narrower than itself.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION consilium_concepts_up(study bigint, beginning bigint) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    -- What the concept is or is narrower than. A merge is one concept, so that it is followed in both directions.
    WITH RECURSIVE step AS (
        SELECT concept_id AS here, other_id AS there FROM consilium_standing_concept_fact
            WHERE study_id = study AND kind IN ('merged-into', 'narrower-than')
        UNION ALL
        SELECT other_id, concept_id FROM consilium_standing_concept_fact
            WHERE study_id = study AND kind = 'merged-into'
    ), up AS (
        SELECT beginning AS concept
        UNION
        SELECT step.there FROM step JOIN up ON up.concept = step.here
    )
    SELECT concept FROM up
$$;
CREATE TRIGGER refuse_circle BEFORE INSERT ON annotation_conceptfact
    FOR EACH ROW EXECUTE FUNCTION consilium_concept_fact();
"""

APPEND_ONLY = ("concept", "conceptfact")
"""No UPDATE, DELETE or TRUNCATE, from any client: what a rating says it was given is what was typed."""


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
        ("annotation", "0006_results_explained"),
    ]

    operations = [
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
            name="ConceptFact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("merged-into", "Merged into"),
                            ("narrower-than", "Narrower than"),
                            ("coded-as", "Coded as"),
                            ("withdrawn", "Taken back"),
                        ],
                        max_length=20,
                    ),
                ),
                ("system", models.CharField(blank=True, max_length=20)),
                ("code", models.CharField(blank=True, max_length=20)),
                ("term", models.CharField(blank=True, max_length=400)),
                ("release", models.CharField(blank=True, max_length=60)),
                ("above", models.JSONField(blank=True, default=list)),
                ("reason", models.TextField(blank=True)),
                ("stated_at", models.DateTimeField()),
                (
                    "concept",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="facts", to="annotation.concept"
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="facts_leading_here",
                        to="annotation.concept",
                    ),
                ),
                (
                    "stated_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="concept_facts", to="annotation.study"
                    ),
                ),
                (
                    "withdraws",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawn_by",
                        to="annotation.conceptfact",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("kind", "merged-into"),
                                ("other__isnull", False),
                                ("withdraws__isnull", True),
                                ("above", []),
                                ("code", ""),
                                ("release", ""),
                                ("system", ""),
                                ("term", ""),
                            ),
                            models.Q(
                                ("kind", "narrower-than"),
                                ("other__isnull", False),
                                ("withdraws__isnull", True),
                                ("above", []),
                                ("code", ""),
                                ("release", ""),
                                ("system", ""),
                                ("term", ""),
                            ),
                            models.Q(
                                ("kind", "coded-as"),
                                ("other__isnull", True),
                                ("system__in", ["icd-10-cm", "hpo"]),
                                ("withdraws__isnull", True),
                                models.Q(("code", ""), _negated=True),
                                models.Q(("term", ""), _negated=True),
                                models.Q(("release", ""), _negated=True),
                            ),
                            models.Q(
                                ("kind", "withdrawn"),
                                ("other__isnull", True),
                                ("withdraws__isnull", False),
                                ("above", []),
                                ("code", ""),
                                ("release", ""),
                                ("system", ""),
                                ("term", ""),
                            ),
                            _connector="OR",
                        ),
                        name="concept_fact_says_what_its_kind_says",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("other__isnull", True),
                            models.Q(("other", models.F("concept")), _negated=True),
                            _connector="OR",
                        ),
                        name="concept_fact_of_two_concepts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind", "coded-as"), models.Q(("reason__regex", "^\\s*$"), _negated=True), _connector="OR"
                        ),
                        name="concept_fact_says_why",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            sql="\n".join([STANDING, SURVIVOR, FACT_BELONGS, *map(append_only, APPEND_ONLY)]),
            reverse_sql="\n".join(
                [
                    *map(no_append_only, APPEND_ONLY),
                    "DROP FUNCTION consilium_concept_fact CASCADE;",
                    "DROP FUNCTION consilium_concepts_up;",
                    "DROP FUNCTION consilium_survivor;",
                    "DROP VIEW consilium_standing_concept_fact;",
                ]
            ),
        ),
    ]
