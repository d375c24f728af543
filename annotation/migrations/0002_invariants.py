"""The invariants that no client may break, as triggers in plain SQL (docs/adr/0003-invariants-in-sql.md).

Every refusal is a sentence, raised with SQLSTATE 23514 (check violation), which Django reports as IntegrityError.
"""

from django.db import migrations

REFUSE_CHANGE = """
CREATE FUNCTION consilium_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused. Add a new row instead.', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'check_violation';
END $$;
"""

APPEND_ONLY = (
    "rating",
    "decision",
    "auditevent",
    "reference",
    "corpus",
    "document",
    "latent",
    "snippet",
)
"""No UPDATE, DELETE or TRUNCATE, from any client."""

NO_UPDATE = ("resultrun", "agreement", "consensus", "raterreliability")
"""Derived: may be pruned and computed again, never edited."""

FREEZE_RUBRIC = """
CREATE FUNCTION consilium_freeze_rubric() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    versions bigint[];
BEGIN
    IF TG_TABLE_NAME = 'annotation_rubricversion' THEN
        versions := ARRAY[OLD.id];
    ELSIF TG_OP = 'INSERT' THEN
        versions := ARRAY[NEW.version_id];
    ELSIF TG_OP = 'DELETE' THEN
        versions := ARRAY[OLD.version_id];
    ELSE
        versions := ARRAY[OLD.version_id, NEW.version_id];
    END IF;
    IF EXISTS (SELECT 1 FROM annotation_round WHERE rubric_id = ANY (versions)) THEN
        RAISE EXCEPTION 'This rubric version is in use by a round and cannot be changed. Publish a new version.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER freeze_when_used BEFORE UPDATE OR DELETE ON annotation_rubricversion
    FOR EACH ROW EXECUTE FUNCTION consilium_freeze_rubric();
CREATE TRIGGER freeze_when_used BEFORE INSERT OR UPDATE OR DELETE ON annotation_rubricitem
    FOR EACH ROW EXECUTE FUNCTION consilium_freeze_rubric();
"""

FREEZE_WHEN_DONE = """
CREATE FUNCTION consilium_freeze_when_done() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = TG_ARGV[0] THEN
        RAISE EXCEPTION 'This % is % and cannot be changed. Make a new one.', TG_TABLE_NAME, OLD.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER freeze_when_finished BEFORE UPDATE OR DELETE ON annotation_miningrun
    FOR EACH ROW EXECUTE FUNCTION consilium_freeze_when_done('finished');
CREATE TRIGGER freeze_when_ready BEFORE UPDATE OR DELETE ON annotation_release
    FOR EACH ROW EXECUTE FUNCTION consilium_freeze_when_done('ready');
"""

FREEZE_ROUND_CONCEPTS = """
CREATE FUNCTION consilium_freeze_round_concepts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    round_id bigint := CASE WHEN TG_OP = 'INSERT' THEN NEW.round_id ELSE OLD.round_id END;
BEGIN
    IF EXISTS (SELECT 1 FROM annotation_round r WHERE r.id = round_id AND r.state <> 'draft') THEN
        RAISE EXCEPTION 'The concept list of a round is frozen when it opens.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER freeze_when_open BEFORE INSERT OR UPDATE OR DELETE ON annotation_round_concepts
    FOR EACH ROW EXECUTE FUNCTION consilium_freeze_round_concepts();
"""

SLOT_CONFLICT = """
CREATE FUNCTION consilium_slot_conflict() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.rater_id IS NULL OR (TG_OP = 'UPDATE' AND NEW.rater_id IS NOT DISTINCT FROM OLD.rater_id) THEN
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT 1 FROM annotation_reference WHERE latent_id = NEW.latent_id AND set_by_id = NEW.rater_id) THEN
        RAISE EXCEPTION 'This person set the calibration reference of the latent and cannot rate it.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM annotation_decision d JOIN annotation_case c ON c.id = d.case_id
               WHERE c.latent_id = NEW.latent_id AND d.adjudicator_id = NEW.rater_id) THEN
        RAISE EXCEPTION 'This person decided the case of the latent and cannot rate it.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_conflict BEFORE INSERT OR UPDATE OF rater_id, latent_id ON annotation_slot
    FOR EACH ROW EXECUTE FUNCTION consilium_slot_conflict();
"""

RATING_BELONGS = """
CREATE FUNCTION consilium_rating_belongs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM annotation_sampledlatent l JOIN annotation_round r ON r.study_id = l.study_id
                   WHERE l.id = NEW.latent_id AND r.id = NEW.round_id AND l.study_id = NEW.study_id) THEN
        RAISE EXCEPTION 'The latent, the round and the study of this rating do not belong together.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.slot_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM annotation_slot s WHERE s.id = NEW.slot_id AND s.latent_id = NEW.latent_id
            AND s.round_id = NEW.round_id AND s.rater_id = NEW.rater_id) THEN
        RAISE EXCEPTION 'This slot is not the rater''s place on this latent in this round.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM annotation_reference WHERE latent_id = NEW.latent_id AND set_by_id = NEW.rater_id) THEN
        RAISE EXCEPTION 'This person set the calibration reference of the latent and cannot rate it.'
            USING ERRCODE = 'check_violation';
    END IF;
    -- Waits for a decision that is under way, and it for this (see consilium_adjudicator_conflict).
    PERFORM 1 FROM annotation_sampledlatent WHERE id = NEW.latent_id FOR KEY SHARE;
    IF EXISTS (SELECT 1 FROM annotation_decision d JOIN annotation_case c ON c.id = d.case_id
               WHERE c.latent_id = NEW.latent_id AND d.adjudicator_id = NEW.rater_id) THEN
        RAISE EXCEPTION 'This person decided the case of the latent and cannot rate it.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_foreign BEFORE INSERT ON annotation_rating
    FOR EACH ROW EXECUTE FUNCTION consilium_rating_belongs();
"""

ADJUDICATOR_CONFLICT = """
CREATE FUNCTION consilium_adjudicator_conflict() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    latent bigint;
BEGIN
    SELECT latent_id INTO latent FROM annotation_case WHERE id = NEW.case_id;
    -- Inserting a rating takes a key-share lock on its latent: this lock waits for one that is under way.
    PERFORM 1 FROM annotation_sampledlatent WHERE id = latent FOR UPDATE;
    IF EXISTS (SELECT 1 FROM annotation_rating WHERE latent_id = latent AND rater_id = NEW.adjudicator_id)
       OR EXISTS (SELECT 1 FROM annotation_slot WHERE latent_id = latent AND rater_id = NEW.adjudicator_id) THEN
        RAISE EXCEPTION 'This adjudicator rated the latent herself and cannot decide its case.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_conflict BEFORE INSERT ON annotation_decision
    FOR EACH ROW EXECUTE FUNCTION consilium_adjudicator_conflict();
"""

AUDIT_CHAIN = """
CREATE FUNCTION consilium_audit_digest(
    previous text, number bigint, study bigint, at timestamptz, actor bigint, verb text, target text, detail jsonb
) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(sha256(convert_to(
        previous || E'\\n' || number || E'\\n' || study || E'\\n' || (extract(epoch FROM at) * 1000000)::bigint
        || E'\\n' || actor || E'\\n' || verb || E'\\n' || target || E'\\n' || detail::text, 'UTF8')), 'hex')
$$;
CREATE FUNCTION consilium_audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- One writer at a time in a study's chain; released at commit.
    PERFORM pg_advisory_xact_lock(hashtextextended('consilium audit', NEW.study));
    SELECT e.number, e.digest INTO NEW.number, NEW.previous FROM annotation_auditevent e
        WHERE e.study = NEW.study ORDER BY e.number DESC LIMIT 1;
    NEW.number := coalesce(NEW.number, 0) + 1;
    NEW.previous := coalesce(NEW.previous, repeat('0', 64));
    NEW.digest := consilium_audit_digest(
        NEW.previous, NEW.number, NEW.study, NEW.at, NEW.actor, NEW.verb, NEW.target, NEW.detail);
    RETURN NEW;
END $$;
CREATE TRIGGER chain BEFORE INSERT ON annotation_auditevent
    FOR EACH ROW EXECUTE FUNCTION consilium_audit_chain();
"""

FUNCTIONS = (
    "consilium_refuse_change",
    "consilium_freeze_rubric",
    "consilium_freeze_when_done",
    "consilium_freeze_round_concepts",
    "consilium_slot_conflict",
    "consilium_rating_belongs",
    "consilium_adjudicator_conflict",
    "consilium_audit_chain",
    "consilium_audit_digest",
)


def append_only(table: str) -> str:
    return f"""
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON annotation_{table}
        FOR EACH ROW EXECUTE FUNCTION consilium_refuse_change();
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON annotation_{table}
        FOR EACH STATEMENT EXECUTE FUNCTION consilium_refuse_change();
    """


def no_update(table: str) -> str:
    return f"""
    CREATE TRIGGER no_update BEFORE UPDATE ON annotation_{table}
        FOR EACH ROW EXECUTE FUNCTION consilium_refuse_change();
    """


STATEMENTS = (
    REFUSE_CHANGE,
    *map(append_only, APPEND_ONLY),
    *map(no_update, NO_UPDATE),
    FREEZE_RUBRIC,
    FREEZE_WHEN_DONE,
    FREEZE_ROUND_CONCEPTS,
    SLOT_CONFLICT,
    RATING_BELONGS,
    ADJUDICATOR_CONFLICT,
    AUDIT_CHAIN,
)


class Migration(migrations.Migration):
    dependencies = [("annotation", "0001_initial")]
    operations = [
        migrations.RunSQL(
            sql="\n".join(STATEMENTS),
            reverse_sql="\n".join(f"DROP FUNCTION {name} CASCADE;" for name in FUNCTIONS),
        )
    ]
