"""Tokens: whose they are, what they open, when they stop."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from annotation.actions.api_tokens import issue_token, revoke_token
from annotation.actions.people import add_member
from annotation.actions.studies import create_study
from annotation.enums import AuditVerb, Role, TokenScope
from annotation.models import ApiToken, AuditEvent, Membership, User
from annotation.rules.refusal import NotYours, Refused
from tests.api_world import Script, problem, script, token
from tests.world import NOW, World


def test_a_token_opens_its_study_and_says_so_in_the_list(world: World) -> None:
    answer = script(world.ada, world.study).get("studies/")
    assert [study["slug"] for study in answer.json()["items"]] == ["hearts"]
    assert answer.json()["items"][0]["roles"] == ["annotator"]


def test_only_its_digest_is_kept(world: World) -> None:
    text = token(world.ada, world.study)
    kept = ApiToken.objects.values().get()
    assert text not in str(kept)
    assert kept["ending"] == text[-4:]
    assert text.startswith("consilium_")


def test_nobody_without_one_learns_anything(world: World) -> None:
    answer = Script().get("studies/hearts/")
    assert problem(answer)["status"] == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for wrong in ("x", "consilium_" + "a" * 43, "ü", "a" * 5000):
        assert problem(Script(wrong).get("studies/hearts/"))["status"] == 401


def test_a_wrong_token_is_refused_though_a_session_comes_along(world: World) -> None:
    asking = Script("consilium_wrong")
    asking.client.force_login(world.rosa)
    assert asking.get("studies/hearts/").status_code == 401


@pytest.mark.parametrize("end", ["revoked", "expired", "account closed"])
def test_a_token_that_has_ended_opens_nothing(world: World, end: str) -> None:
    asking = script(world.ada, world.study)
    assert asking.get("studies/hearts/").status_code == 200
    mine = ApiToken.objects.get()
    if end == "revoked":
        revoke_token(token_id=mine.pk, by=world.ada, now=timezone.now())
    elif end == "expired":
        asking = Script(
            issue_token(
                study=world.study,
                name="Old",
                scopes=[TokenScope.READ],
                days=1,
                by=world.ada,
                now=timezone.now() - timedelta(days=1, seconds=1),
            ).text
        )
    else:
        User.objects.filter(pk=world.ada.pk).update(is_active=False)
    assert problem(asking.get("studies/hearts/"))["type"].endswith("unauthenticated")


def test_who_withdrew_is_told_so_also_by_her_token(world: World) -> None:
    asking = script(world.ada, world.study)
    Membership.objects.filter(user=world.ada).update(withdrawn_at=NOW)
    assert "You withdrew" in problem(asking.get("studies/hearts/"))["detail"]


def test_a_token_of_one_study_knows_no_other(world: World) -> None:
    other = create_study(
        slug="kidneys",
        name="Kidneys",
        purpose="",
        rubric=world.study.rubric,
        run=None,
        concepts=[],
        by=world.rosa,
        now=NOW,
    )
    add_member(study=other, user=world.rosa, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    here, there = script(world.rosa, world.study), script(world.rosa, other)
    assert here.get("studies/kidneys/").status_code == 404
    assert there.get("studies/kidneys/").status_code == 200
    assert [study["slug"] for study in there.get("studies/").json()["items"]] == ["kidneys"]


def test_a_token_does_no_more_than_its_scopes(world: World) -> None:
    asking = script(world.ada, world.study, [TokenScope.RATE])
    assert "lacks the scope “read”" in problem(asking.get("studies/hearts/"))["detail"]


def test_scopes_that_ones_roles_cannot_use_are_refused(world: World) -> None:
    with pytest.raises(Refused, match="do not allow “Cut releases"):
        token(world.ada, world.study, [TokenScope.READ, TokenScope.RELEASE])
    with pytest.raises(NotYours):
        token(world.sven, world.study, [TokenScope.READ])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "  "}, "Give the token a name"),
        ({"name": "x" * 81}, "longer than 80"),
        ({"scopes": []}, "at least one thing"),
        ({"days": 0}, "1 to 365 days"),
        ({"days": 366}, "1 to 365 days"),
    ],
)
def test_what_no_token_can_be_is_said(world: World, change: dict[str, object], sentence: str) -> None:
    wish = {"name": "A script", "scopes": [TokenScope.READ], "days": 30} | change
    with pytest.raises(Refused, match=sentence):
        issue_token(study=world.study, by=world.ada, now=NOW, **wish)
    assert not ApiToken.objects.exists()


def test_there_are_at_most_twenty_that_work(world: World) -> None:
    for _ in range(20):
        token(world.ada, world.study)
    with pytest.raises(Refused, match="Revoke one first"):
        token(world.ada, world.study)
    revoke_token(token_id=ApiToken.objects.first().pk, by=world.ada, now=timezone.now())
    assert token(world.ada, world.study)


def test_when_it_was_used_last_is_noted_once_a_minute(world: World) -> None:
    asking = script(world.ada, world.study)
    assert ApiToken.objects.get().last_used_at is None
    asking.get("studies/")
    first = ApiToken.objects.get().last_used_at
    asking.get("studies/")
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))
    asking.get("studies/")
    assert ApiToken.objects.get().last_used_at > first


def test_issuing_and_revoking_are_on_record_without_the_token(world: World) -> None:
    text = token(world.ada, world.study, [TokenScope.READ])
    revoke_token(token_id=ApiToken.objects.get().pk, by=world.ada, now=timezone.now())
    revoke_token(token_id=ApiToken.objects.get().pk, by=world.ada, now=timezone.now())
    told = AuditEvent.objects.filter(verb__in=[AuditVerb.TOKEN_ISSUED, AuditVerb.TOKEN_REVOKED]).order_by("pk")
    assert [event.verb for event in told] == ["token-issued", "token-revoked"]
    assert all(event.study == world.study.pk and text not in str(event.detail) for event in told)
    with pytest.raises(NotYours):
        revoke_token(token_id=ApiToken.objects.get().pk, by=world.ben, now=timezone.now())


@pytest.mark.parametrize(
    "statement",
    [
        """UPDATE annotation_apitoken SET scopes = '["read", "release"]'""",
        "UPDATE annotation_apitoken SET expires_at = expires_at + interval '1 year'",
        "UPDATE annotation_apitoken SET user_id = (SELECT max(id) FROM annotation_user)",
        "DELETE FROM annotation_apitoken",
    ],
)
def test_the_database_lets_nobody_widen_one(world: World, statement: str) -> None:
    token(world.ada, world.study, [TokenScope.READ])
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_revoked_one_stays_revoked(world: World) -> None:
    token(world.ada, world.study)
    revoke_token(token_id=ApiToken.objects.get().pk, by=world.ada, now=timezone.now())
    with pytest.raises(DatabaseError), transaction.atomic():
        ApiToken.objects.update(revoked_at=None)
