from django.db import connection

from annotation.models import AuditEvent
from annotation.queries.audit_chain import verify_chain
from tests.world import World, rate_next


def tamper(statement: str) -> None:
    """As the owner of the tables may, with the triggers switched off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE annotation_auditevent DISABLE TRIGGER USER")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE annotation_auditevent ENABLE TRIGGER USER")


def test_an_untouched_chain_verifies_and_its_head_is_the_last_event(world: World) -> None:
    rate_next(world.study, world.ada)
    report = verify_chain(world.study.pk)
    assert report.problems == ()
    assert report.events == AuditEvent.objects.filter(study=world.study.pk).count() > 3
    assert report.head == AuditEvent.objects.filter(study=world.study.pk).order_by("number").last().digest


def test_an_altered_event_is_found_and_named(world: World) -> None:
    tamper(f"UPDATE annotation_auditevent SET actor = 999 WHERE study = {world.study.pk} AND number = 2")
    assert verify_chain(world.study.pk).problems == ("Event 2 was altered.",)


def test_a_missing_event_is_found_and_named(world: World) -> None:
    tamper(f"DELETE FROM annotation_auditevent WHERE study = {world.study.pk} AND number = 2")
    assert verify_chain(world.study.pk).problems[0] == "Event 2 is missing: 3 follows 1."


def test_a_rewritten_event_with_a_fresh_digest_breaks_the_next_one(world: World) -> None:
    tamper(
        "UPDATE annotation_auditevent SET verb = 'signed-in', digest = consilium_audit_digest(previous, number, study, "
        f"at, actor, 'signed-in', target, detail) WHERE study = {world.study.pk} AND number = 2"
    )
    assert verify_chain(world.study.pk).problems == ("Event 3 does not follow the one before it.",)


def test_studies_and_the_site_have_chains_of_their_own(world: World) -> None:
    assert set(AuditEvent.objects.values_list("study", flat=True)) == {0, world.study.pk}
    assert verify_chain(0).problems == ()
