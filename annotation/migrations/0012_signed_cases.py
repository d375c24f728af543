"""Decisions are signed and form one chain a case; second opinions and repeats go to the one adjudicator they ask.

Every refusal is a sentence, raised with SQLSTATE 23514 (check violation), which Django reports as IntegrityError.
"""

import django.db.models.deletion
from django.db import migrations, models

SIGN_WHAT_IS_THERE = """
ALTER TABLE annotation_decision DISABLE TRIGGER append_only;
ALTER TABLE annotation_signature ADD COLUMN of_decision bigint;
INSERT INTO annotation_signature (signed_by_id, signed_at, method, meaning, ratings, ratings_digest, digest, of_decision)
    SELECT adjudicator_id, decided_at, 'none', 'Decided before signatures were asked for.', '[]', '', '', id
    FROM annotation_decision;
UPDATE annotation_decision d SET signature_id = s.id FROM annotation_signature s WHERE s.of_decision = d.id;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
ALTER TABLE annotation_signature DROP COLUMN of_decision;
ALTER TABLE annotation_decision ENABLE TRIGGER append_only;
"""
"""Decisions of an earlier version carry a signature that says that none was asked for."""

DECISION_STANDS = """
CREATE OR REPLACE FUNCTION consilium_adjudicator_conflict() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_case annotation_case%ROWTYPE;
    signed annotation_signature%ROWTYPE;
    mined bigint;
BEGIN
    SELECT * INTO of_case FROM annotation_case WHERE id = NEW.case_id;
    -- Inserting a rating takes a key-share lock on its latent: this lock waits for one that is under way.
    SELECT latent_id INTO mined FROM annotation_sampledlatent WHERE id = of_case.latent_id FOR UPDATE;
    IF EXISTS (SELECT 1 FROM annotation_rating r JOIN annotation_sampledlatent l ON l.id = r.latent_id
               WHERE l.latent_id = mined AND r.rater_id = NEW.adjudicator_id)
       OR EXISTS (SELECT 1 FROM annotation_slot s JOIN annotation_sampledlatent l ON l.id = s.latent_id
                  WHERE l.latent_id = mined AND s.rater_id = NEW.adjudicator_id) THEN
        RAISE EXCEPTION 'This adjudicator rated the latent herself and cannot decide its case.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM annotation_reference f JOIN annotation_sampledlatent l ON l.id = f.latent_id
               WHERE l.latent_id = mined AND f.set_by_id = NEW.adjudicator_id) THEN
        RAISE EXCEPTION 'This adjudicator set the calibration reference of the latent and cannot decide its case.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF of_case.asks_id IS NOT NULL AND of_case.asks_id <> NEW.adjudicator_id AND NEW.supersedes_id IS NULL THEN
        RAISE EXCEPTION 'This case is with another adjudicator.' USING ERRCODE = 'check_violation';
    END IF;
    IF of_case.kind <> 'first' AND of_case.asks_id <> NEW.adjudicator_id THEN
        RAISE EXCEPTION 'This case is with another adjudicator.' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.supersedes_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM annotation_decision WHERE id = NEW.supersedes_id AND case_id = NEW.case_id) THEN
        RAISE EXCEPTION 'A decision supersedes one of its own case.' USING ERRCODE = 'check_violation';
    END IF;
    SELECT * INTO signed FROM annotation_signature WHERE id = NEW.signature_id;
    IF signed.signed_by_id <> NEW.adjudicator_id THEN
        RAISE EXCEPTION 'A decision is signed by its adjudicator.' USING ERRCODE = 'check_violation';
    END IF;
    IF signed.method = 'simulated' AND NOT EXISTS (
        SELECT 1 FROM annotation_study WHERE id = of_case.study_id AND simulated) THEN
        RAISE EXCEPTION 'A program signs only in a study that is marked as simulated.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""
"""In place of 0002's function, whose trigger goes on calling it."""

SIGNATURE_IS_GIVEN = """
CREATE FUNCTION consilium_signature_is_given() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.method = 'none' THEN
        RAISE EXCEPTION 'A decision is signed.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_none BEFORE INSERT ON annotation_signature
    FOR EACH ROW EXECUTE FUNCTION consilium_signature_is_given();
"""

CASE_IS_PUT_TO = """
CREATE FUNCTION consilium_case_is_put_to() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    other annotation_decision%ROWTYPE;
    same_latent boolean;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM annotation_sampledlatent WHERE id = NEW.latent_id AND study_id = NEW.study_id) THEN
        RAISE EXCEPTION 'The latent of this case is not of its study.' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind = 'first' THEN
        RETURN NEW;
    END IF;
    SELECT * INTO other FROM annotation_decision WHERE id = NEW.beside_id;
    SELECT c.latent_id = NEW.latent_id INTO same_latent FROM annotation_case c WHERE c.id = other.case_id;
    IF NOT coalesce(same_latent, false) THEN
        RAISE EXCEPTION 'What is put beside a decision is about the same latent.' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind = 'repeat' AND NEW.asks_id <> other.adjudicator_id THEN
        RAISE EXCEPTION 'A case comes back to the adjudicator who decided it.' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind = 'second' AND NEW.asks_id = other.adjudicator_id THEN
        RAISE EXCEPTION 'A second opinion comes from a second adjudicator.' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM annotation_rating r JOIN annotation_sampledlatent l ON l.id = r.latent_id
               JOIN annotation_sampledlatent here ON here.latent_id = l.latent_id
               WHERE here.id = NEW.latent_id AND r.rater_id = NEW.asks_id)
       OR EXISTS (SELECT 1 FROM annotation_reference f JOIN annotation_sampledlatent l ON l.id = f.latent_id
                  JOIN annotation_sampledlatent here ON here.latent_id = l.latent_id
                  WHERE here.id = NEW.latent_id AND f.set_by_id = NEW.asks_id) THEN
        RAISE EXCEPTION 'This adjudicator rated the latent, or set its reference, and cannot be asked about it.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_conflict BEFORE INSERT ON annotation_case
    FOR EACH ROW EXECUTE FUNCTION consilium_case_is_put_to();
"""

CASE_STAYS = """
CREATE FUNCTION consilium_case_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.study_id, NEW.latent_id, NEW.kind, NEW.opened_at, coalesce(NEW.beside_id, 0))
       IS DISTINCT FROM (OLD.study_id, OLD.latent_id, OLD.kind, OLD.opened_at, coalesce(OLD.beside_id, 0)) THEN
        RAISE EXCEPTION 'What a case is about stays as it was when it was opened.' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state <> 'open' AND (NEW.state <> OLD.state OR NEW.asks_id IS DISTINCT FROM OLD.asks_id) THEN
        RAISE EXCEPTION 'This case is over and is not opened again. Its decision can be superseded by a new one.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = 'decided' AND NOT EXISTS (SELECT 1 FROM annotation_decision WHERE case_id = NEW.id) THEN
        RAISE EXCEPTION 'A case is decided by a signed decision.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stay BEFORE UPDATE ON annotation_case FOR EACH ROW EXECUTE FUNCTION consilium_case_stays();
CREATE TRIGGER keep BEFORE DELETE ON annotation_case FOR EACH ROW EXECUTE FUNCTION consilium_refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON annotation_case
    FOR EACH STATEMENT EXECUTE FUNCTION consilium_refuse_change();
"""

APPEND_ONLY = ("signature", "casestep", "casedigest")
"""No UPDATE, DELETE or TRUNCATE, from any client."""


def append_only(table: str) -> str:
    return f"""
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON annotation_{table}
        FOR EACH ROW EXECUTE FUNCTION consilium_refuse_change();
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON annotation_{table}
        FOR EACH STATEMENT EXECUTE FUNCTION consilium_refuse_change();
    """


class Migration(migrations.Migration):
    """No way back: what was signed would lose its signatures."""

    dependencies = [("annotation", "0011_cases_whole")]
    operations = [
        migrations.RunSQL(sql=SIGN_WHAT_IS_THERE),
        migrations.AlterField(
            model_name="decision",
            name="signature",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="decision", to="annotation.signature"
            ),
        ),
        migrations.RunSQL(
            sql="\n".join(
                [DECISION_STANDS, SIGNATURE_IS_GIVEN, CASE_IS_PUT_TO, CASE_STAYS, *map(append_only, APPEND_ONLY)]
            )
        ),
    ]
