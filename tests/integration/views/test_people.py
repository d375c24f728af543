"""Who sees whom, who may invite whom, and the link that is shown once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.actions.people import add_member
from annotation.enums import Role
from annotation.models import Membership, Study, User
from tests.html import without_tokens
from tests.world import NOW, World, add_rater, rate_next

SignIn = Callable[[User], Client]
LINK = re.compile(r"http://testserver(/enter/[\w-]+/)")


def page(world: World) -> str:
    return reverse("people", args=[world.study.slug])


def shown(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return str(response.content.decode())


def invitation(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Dr Ida",
        "email": "ida@hospital.example",
        "role": "annotator",
        "institution": world.north.pk,
    } | changes


def membership(world: World, user: User) -> Membership:
    return Membership.objects.get(study=world.study, user=user)


def test_a_coordinator_sees_her_own_institutions_raters_and_nobody_else(world: World, signed_in: SignIn) -> None:
    html = shown(signed_in(world.nora).get(page(world)))
    assert "Ada" in html
    assert "ada@hospital.example" in html
    for word in ("Ben", "ben@", "South", "Cora", "R01", "R02"):
        assert word not in without_tokens(html)


def test_a_researcher_sees_everybody_and_raters_only_by_pseudonym(world: World, signed_in: SignIn) -> None:
    html = shown(signed_in(world.rosa).get(page(world)))
    for word in ("R01", "R02", "A01", "North Hospital", "South Hospital", "Nora"):
        assert word in html
    for word in ("Ada", "Ben", "Cora", "ada@hospital.example"):
        assert word not in without_tokens(html)


def test_progress_is_told_and_never_a_rating(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada, concept="chest pain at rest", rationale="Every one is about rest pain.")
    for viewer in (world.nora, world.rosa):
        response = signed_in(viewer).get(page(world))
        html = shown(response)
        (rater,) = (row for row in response.context["raters"] if row.institution == "North Hospital")
        assert (rater.rated, rater.left, rater.last_active) == (1, 5, NOW)
        assert "1 of 6" in html
        assert "rest pain" not in html
        assert "pain at rest" not in html


def test_what_is_left_shrinks_with_what_colleagues_take(world: World, signed_in: SignIn) -> None:
    eva = add_rater(world, "eva", world.north)
    for _ in range(4):
        rate_next(world.study, eva)
    response = signed_in(world.nora).get(page(world))
    left = {row.who: (row.rated, row.left) for row in response.context["raters"]}
    assert left["Eva"][0] == 4
    assert left["Ada"] == (0, 2)


def test_a_rater_who_never_came_in_is_shown_as_invited(world: World, signed_in: SignIn) -> None:
    assert "Invited" in shown(signed_in(world.nora).get(page(world)))
    signed_in(world.ada)
    assert "Invited" not in shown(signed_in(world.nora).get(page(world)))


def test_a_coordinator_invites_an_annotator_of_her_own_and_gets_a_link_that_opens(
    world: World, signed_in: SignIn, client: Client
) -> None:
    nora = signed_in(world.nora)
    response = nora.post(page(world), {"name": "Dr Ida", "email": "ida@hospital.example"})
    match = LINK.search(shown(response))
    assert match is not None
    assert "no-store" in response["Cache-Control"]
    ida = User.objects.get(email="ida@hospital.example")
    assert (membership(world, ida).role, membership(world, ida).institution) == ("annotator", world.north)
    assert client.post(match[1])["Location"] == "/"
    assert client.session["_auth_user_id"] == str(ida.pk)
    assert LINK.search(shown(nora.get(page(world)))) is None


def test_a_coordinator_cannot_invite_in_another_role_or_elsewhere(world: World, signed_in: SignIn) -> None:
    signed_in(world.nora).post(page(world), invitation(world, role="researcher", institution=world.south.pk))
    ida = User.objects.get(email="ida@hospital.example")
    assert (membership(world, ida).role, membership(world, ida).institution) == ("annotator", world.north)


@pytest.mark.parametrize("role", Role.values)
def test_a_researcher_invites_in_any_role(world: World, signed_in: SignIn, role: str) -> None:
    assert LINK.search(shown(signed_in(world.rosa).post(page(world), invitation(world, role=role))))
    assert membership(world, User.objects.get(email="ida@hospital.example")).role == role


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"email": "ida"}, "Enter a valid email address."),
        ({"institution": ""}, "belongs to an institution"),
        ({"role": "king"}, "Select a valid choice."),
        ({"institution": 10**9}, "Select a valid choice."),
    ],
)
def test_an_incomplete_invitation_is_refused_and_makes_nobody(
    world: World, signed_in: SignIn, changes: dict[str, Any], sentence: str
) -> None:
    html = shown(signed_in(world.rosa).post(page(world), invitation(world, **changes)), 422)
    assert sentence in html
    assert not User.objects.filter(name="Dr Ida").exists()


def test_inviting_somebody_with_more_elsewhere_gives_no_key_to_her_account(world: World, signed_in: SignIn) -> None:
    html = shown(signed_in(world.nora).post(page(world), {"name": "Rosa", "email": "ROSA@hospital.example"}))
    assert LINK.search(html) is None
    assert "has an account already" in html
    assert Membership.objects.filter(study=world.study, user=world.rosa, role="annotator").exists()


def test_nobody_gets_a_link_for_an_administrator(world: World, signed_in: SignIn) -> None:
    User.objects.filter(pk=world.sven.pk).update(is_superuser=True)
    html = shown(signed_in(world.rosa).post(page(world), invitation(world, email=world.sven.email)))
    assert LINK.search(html) is None


def test_a_lost_link_is_made_anew(world: World, signed_in: SignIn, client: Client) -> None:
    form = {"link": membership(world, world.ada).pk, "who": "Ada"}
    match = LINK.search(shown(signed_in(world.nora).post(page(world), form)))
    assert match is not None
    client.post(match[1])
    assert client.session["_auth_user_id"] == str(world.ada.pk)


def test_another_institutions_person_does_not_exist_for_a_coordinator(world: World, signed_in: SignIn) -> None:
    nora = signed_in(world.nora)
    for wanted in (membership(world, world.ben).pk, membership(world, world.rosa).pk, 10**9, "x", "²"):
        assert nora.post(page(world), {"link": wanted}).status_code == 404


def test_a_researcher_gets_no_link_for_somebody_who_works_in_a_study_of_others(world: World, signed_in: SignIn) -> None:
    other = Study.objects.create(
        slug="other", name="Other", rubric=world.study.rubric, created_at=NOW, created_by=world.sven
    )
    add_member(study=other, user=world.cora, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    rosa = signed_in(world.rosa)
    html = shown(rosa.post(page(world), {"link": membership(world, world.cora).pk, "who": "A01"}))
    assert LINK.search(html) is None
    assert "not yours to give" in html


def test_a_study_without_raters_says_what_to_do(world: World, signed_in: SignIn) -> None:
    Study.objects.create(slug="empty", name="Empty", rubric=world.study.rubric, created_at=NOW, created_by=world.rosa)
    study = Study.objects.get(slug="empty")
    add_member(study=study, user=world.rosa, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    html = shown(signed_in(world.rosa).get(reverse("people", args=["empty"])))
    assert "No raters yet" in html
    assert "Invite physicians" in html


def test_a_stranger_finds_no_page_and_a_rater_a_sentence(world: World, signed_in: SignIn) -> None:
    assert signed_in(world.sven).get(page(world)).status_code == 404
    for user in (world.ada, world.cora):
        html = shown(signed_in(user).get(page(world)), 403)
        assert "role of researcher or coordinator" in html
        assert signed_in(user).post(page(world), invitation(world)).status_code == 403


def thirty(world: World) -> None:
    for number in range(27):
        institution = world.north if number % 2 else world.south
        user = add_rater(world, f"r{number}", institution)
        if number < 4:
            rate_next(world.study, user)


@pytest.mark.parametrize("who", ["nora", "rosa"])
def test_the_page_costs_the_same_for_three_raters_as_for_thirty(
    world: World, signed_in: SignIn, django_assert_num_queries: Any, who: str
) -> None:
    add_rater(world, "eva", world.north)
    rate_next(world.study, world.ada)
    client = signed_in(getattr(world, who))
    client.get(page(world))
    with CaptureQueriesContext(connection) as few:
        client.get(page(world))
    assert len(few) <= 40
    thirty(world)
    with django_assert_num_queries(len(few)):
        client.get(page(world))
