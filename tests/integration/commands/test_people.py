from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from annotation.actions.links import link_is_open, redeem_link
from annotation.models import AuditEvent, SignInLink, User
from annotation.rules.refusal import Refused
from tests.world import NOW, World

pytestmark = pytest.mark.django_db


def printed(command: str, *arguments: str, **options: object) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def test_the_first_administrator_gets_a_link_that_opens_once() -> None:
    from django.utils import timezone

    token = printed("sign_in_link", "ann@hospital.example", administrator="Ann").strip().rstrip("/").rsplit("/", 1)[1]
    now = timezone.now()
    assert link_is_open(token=token, now=now)
    assert redeem_link(token=token, now=now) == User.objects.get(is_superuser=True)
    with pytest.raises(Refused, match="has been used"):
        redeem_link(token=token, now=now)
    assert not User.objects.get().has_usable_password()
    assert token not in str(list(SignInLink.objects.values()))


def test_an_unknown_address_gets_a_sentence() -> None:
    with pytest.raises(CommandError, match="Nobody has the address"):
        printed("sign_in_link", "nobody@hospital.example")


def test_a_study_is_created_from_the_command_line(world: World) -> None:
    User.objects.create_superuser("ann@hospital.example", name="Ann")
    out = printed(
        "create_study",
        "lungs",
        name="Lungs",
        run=world.study.run.digest[:12],
        researcher="rita@hospital.example",
        researcher_name="Rita",
    )
    assert "/studies/lungs/" in out
    assert "/enter/" in out
    with pytest.raises(CommandError, match="no mining run"):
        printed("create_study", "x", name="X", run="beef", researcher="a@b.example", researcher_name="A")


def test_the_audit_command_names_what_was_altered(world: World) -> None:
    assert "hearts" in printed("verify_audit")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE annotation_auditevent DISABLE TRIGGER USER")
        AuditEvent.objects.filter(study=world.study.pk, number=1).update(verb="signed-in")
        cursor.execute("ALTER TABLE annotation_auditevent ENABLE TRIGGER USER")
    with pytest.raises(CommandError, match="1 problems"):
        printed("verify_audit")


def test_the_demo_is_refused_beside_servers_that_are_not_embedded(settings) -> None:  # type: ignore[no-untyped-def]
    settings.EMBEDDED = False
    with pytest.raises(CommandError, match="only with the embedded servers"):
        printed("demo_links")
    assert not User.objects.exists()


def test_the_demo_is_refused_beside_a_database_elsewhere(settings) -> None:  # type: ignore[no-untyped-def]
    settings.REDIS_URL = "redis://broker.hospital.example:6379/0"
    with pytest.raises(CommandError, match="only with the embedded servers"):
        printed("demo_links")


def test_the_demo_prints_a_link_for_each_of_its_people_and_new_ones_the_next_time() -> None:
    first, second = printed("demo_links"), printed("demo_links")
    assert first.count("/enter/") == 7
    assert not set(first.split()) & {word for word in second.split() if "/enter/" in word}
    assert User.objects.count() == 7


def test_links_run_out(db: None) -> None:
    from datetime import timedelta

    from annotation.actions.links import issue_link

    user = User.objects.create_user("late@hospital.example", name="Late")
    token = issue_link(user=user, by=None, now=NOW)
    with pytest.raises(Refused, match="run out"):
        redeem_link(token=token, now=NOW + timedelta(hours=25))
