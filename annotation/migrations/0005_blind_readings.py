"""Who has read a latent's rationales never rates it, and the other way round; readings and hours are append-only.

Every refusal is a sentence, raised with SQLSTATE 23514 (check violation), which Django reports as IntegrityError.
"""

from django.db import migrations

SLOT_OF_READER = """
CREATE FUNCTION consilium_slot_of_reader() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.rater_id IS NULL THEN
        RETURN NEW;
    END IF;
    -- One person takes one thing at a time: a place to rate and a place to read never cross.
    PERFORM pg_advisory_xact_lock(hashtextextended('consilium rater', NEW.rater_id));
    IF EXISTS (SELECT 1 FROM annotation_readingslot s
               JOIN annotation_rating r ON r.id = s.rating_id
               JOIN annotation_sampledlatent read ON read.id = r.latent_id
               JOIN annotation_sampledlatent here ON here.latent_id = read.latent_id
               WHERE here.id = NEW.latent_id AND s.reader_id = NEW.rater_id) THEN
        RAISE EXCEPTION 'This person has read a rationale of the latent and cannot rate it.'
            USING ERRCODE = 'check_violation';
    END IF;
    -- Asked again under the lock: a reference may have been set since 0002's trigger looked.
    IF EXISTS (SELECT 1 FROM annotation_reference WHERE latent_id = NEW.latent_id AND set_by_id = NEW.rater_id) THEN
        RAISE EXCEPTION 'This person set the calibration reference of the latent and cannot rate it.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_reader BEFORE INSERT OR UPDATE OF rater_id ON annotation_slot
    FOR EACH ROW EXECUTE FUNCTION consilium_slot_of_reader();
CREATE TRIGGER refuse_reader BEFORE INSERT ON annotation_rating
    FOR EACH ROW EXECUTE FUNCTION consilium_slot_of_reader();
"""

READER_IS_BLIND = """
CREATE FUNCTION consilium_reader_is_blind() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    latent bigint;
BEGIN
    IF NEW.reader_id IS NULL OR (TG_OP = 'UPDATE' AND NEW.reader_id IS NOT DISTINCT FROM OLD.reader_id) THEN
        RETURN NEW;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('consilium rater', NEW.reader_id));
    SELECT l.latent_id INTO latent FROM annotation_rating r JOIN annotation_sampledlatent l ON l.id = r.latent_id
        WHERE r.id = NEW.rating_id;
    IF EXISTS (SELECT 1 FROM annotation_rating r JOIN annotation_sampledlatent l ON l.id = r.latent_id
               WHERE l.latent_id = latent AND r.rater_id = NEW.reader_id)
       OR EXISTS (SELECT 1 FROM annotation_slot s JOIN annotation_sampledlatent l ON l.id = s.latent_id
                  WHERE l.latent_id = latent AND (s.rater_id = NEW.reader_id OR s.reserved_for_id = NEW.reader_id))
       OR EXISTS (SELECT 1 FROM annotation_reference f JOIN annotation_sampledlatent l ON l.id = f.latent_id
                  WHERE l.latent_id = latent AND f.set_by_id = NEW.reader_id) THEN
        RAISE EXCEPTION 'This person rated the latent, or holds a place on it, and cannot read its rationales.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM annotation_membership w JOIN annotation_sampledlatent l ON l.study_id = w.study_id
               WHERE l.latent_id = latent AND w.user_id = NEW.reader_id AND w.role IN ('researcher', 'adjudicator'))
       OR EXISTS (SELECT 1 FROM annotation_decision d JOIN annotation_case c ON c.id = d.case_id
                  JOIN annotation_sampledlatent l ON l.id = c.latent_id
                  WHERE l.latent_id = latent AND d.adjudicator_id = NEW.reader_id) THEN
        RAISE EXCEPTION 'This person may see the ratings of the latent and cannot read its rationales blind.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_rater BEFORE INSERT OR UPDATE OF reader_id, rating_id ON annotation_readingslot
    FOR EACH ROW EXECUTE FUNCTION consilium_reader_is_blind();
"""

PANEL_IS_BLIND = """
CREATE FUNCTION consilium_panel_is_blind() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('consilium rater', NEW.set_by_id));
    IF EXISTS (SELECT 1 FROM annotation_sampledlatent here
               JOIN annotation_sampledlatent l ON l.latent_id = here.latent_id
               WHERE here.id = NEW.latent_id AND (
                   EXISTS (SELECT 1 FROM annotation_rating r WHERE r.latent_id = l.id AND r.rater_id = NEW.set_by_id)
                   OR EXISTS (SELECT 1 FROM annotation_slot s
                              WHERE s.latent_id = l.id AND s.rater_id = NEW.set_by_id))) THEN
        RAISE EXCEPTION 'This person rated the latent, or holds a place on it, and cannot set its reference.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_rater BEFORE INSERT ON annotation_reference
    FOR EACH ROW EXECUTE FUNCTION consilium_panel_is_blind();
"""

READING_BELONGS = """
CREATE FUNCTION consilium_reading_belongs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM annotation_readingslot s JOIN annotation_rating r ON r.id = s.rating_id
                   WHERE s.id = NEW.slot_id AND s.rating_id = NEW.rating_id AND s.reader_id = NEW.reader_id
                     AND r.study_id = NEW.study_id) THEN
        RAISE EXCEPTION 'This is not the reader''s place on this rationale.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_foreign BEFORE INSERT ON annotation_reading
    FOR EACH ROW EXECUTE FUNCTION consilium_reading_belongs();
"""

REPORTS_STAY = """
CREATE TRIGGER freeze_when_withheld BEFORE UPDATE ON annotation_snippetreport
    FOR EACH ROW EXECUTE FUNCTION consilium_freeze_when_done('withheld');
CREATE TRIGGER freeze_when_shown BEFORE UPDATE ON annotation_snippetreport
    FOR EACH ROW EXECUTE FUNCTION consilium_freeze_when_done('shown-again');
CREATE TRIGGER keep BEFORE DELETE ON annotation_snippetreport
    FOR EACH ROW EXECUTE FUNCTION consilium_refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON annotation_snippetreport
    FOR EACH STATEMENT EXECUTE FUNCTION consilium_refuse_change();
"""
"""A decision stands, and no report disappears: what it hides would be shown again."""

NO_REPORTS_STAY = "".join(
    f"DROP TRIGGER {name} ON annotation_snippetreport;"
    for name in ("freeze_when_withheld", "freeze_when_shown", "keep", "no_truncate")
)

RUBRIC_PUBLISHED = """
CREATE FUNCTION consilium_rubric_published() RETURNS trigger LANGUAGE plpgsql AS $$
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
    IF EXISTS (SELECT 1 FROM annotation_rubricversion WHERE id = ANY (versions) AND published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'This rubric version is published and cannot be changed. Start a draft of the next one.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER refuse_when_published BEFORE UPDATE OR DELETE ON annotation_rubricversion
    FOR EACH ROW EXECUTE FUNCTION consilium_rubric_published();
CREATE TRIGGER refuse_when_published BEFORE INSERT OR UPDATE OR DELETE ON annotation_rubricitem
    FOR EACH ROW EXECUTE FUNCTION consilium_rubric_published();
"""
"""What the researcher has seen and published is what she adopts, also before a round uses it."""

APPEND_ONLY = ("reading", "hoursstatement", "decline", "reminder")
"""No UPDATE, DELETE or TRUNCATE, from any client."""

SHUFFLE = "UPDATE annotation_slot SET turn = hashint8extended(id, 20261122) & 2147483647;"
"""Places laid out before this migration had no turn."""

FUNCTIONS = (
    "consilium_slot_of_reader",
    "consilium_reader_is_blind",
    "consilium_panel_is_blind",
    "consilium_reading_belongs",
    "consilium_rubric_published",
)


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
    dependencies = [("annotation", "0004_rating_room")]
    operations = [
        migrations.RunSQL(
            sql="\n".join(
                [
                    SLOT_OF_READER,
                    READER_IS_BLIND,
                    PANEL_IS_BLIND,
                    READING_BELONGS,
                    REPORTS_STAY,
                    RUBRIC_PUBLISHED,
                    *map(append_only, APPEND_ONLY),
                    SHUFFLE,
                ]
            ),
            reverse_sql="\n".join(
                [
                    NO_REPORTS_STAY,
                    *map(no_append_only, APPEND_ONLY),
                    *(f"DROP FUNCTION {name} CASCADE;" for name in FUNCTIONS),
                ]
            ),
        )
    ]
