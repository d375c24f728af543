"""What opening and closing ask of people, said before either happens."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from annotation.actions.claiming import claim
from annotation.actions.drafting import save_draft
from annotation.actions.people import add_member
from annotation.actions.rounds import close_round
from annotation.actions.tickets import read_ticket, write_ticket
from annotation.enums import Role, RoundKind
from annotation.models import Study, User
from annotation.queries.round_preview import round_preview
from annotation.queries.work_cost import Pace
from tests import world as worlds
from tests.world import NOW, World, add_rater, rate_next

SignIn = Callable[[User], Client]


def shown(client: Client, study: Study) -> str:
    response = client.get(reverse("round_preview", args=[study.slug]))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_before_opening_it_says_how_much_is_asked_of_each_institution(before_round: World) -> None:
    study = before_round.study
    add_rater(before_round, "eve", before_round.north)
    Study.objects.update(hourly_rate=Decimal("60.00"), currency="USD", retest_share=0.5)
    study.refresh_from_db()
    opening = round_preview(study, retests=True).opening
    assert opening.refusal == ""
    assert [(share.name, share.raters, share.places, share.each) for share in opening.shares] == [
        ("North Hospital", 2, 6, 3.0),
        ("South Hospital", 1, 6, 6.0),
    ]
    assert opening.retests == 6
    assert opening.total is not None
    assert (opening.total.places, opening.total.minutes) == (18, 12.0)  # at 40 s each
    assert opening.total.money == Decimal("12.00")


def test_what_it_promises_is_what_opens(before_round: World, signed_in: SignIn) -> None:
    text = shown(signed_in(before_round.rosa), before_round.study)
    assert "a usual pace: nobody has rated here yet" in text
    response = signed_in(before_round.rosa).post(reverse("open_round", args=[before_round.study.slug]))
    assert response.status_code == 302
    slots = before_round.study.rounds.get().slots
    promised = round_preview(before_round.study, retests=True)
    assert "open already" in promised.opening.refusal
    assert slots.count() == promised.closing[0].places == 12


def test_without_enough_raters_it_says_why_no_round_opens(before_round: World, signed_in: SignIn) -> None:
    Study.objects.update(raters_per_latent=5)
    text = shown(signed_in(before_round.rosa), before_round.study)
    assert "It cannot be opened now. The study asks for 5 raters a latent and has 2." in text
    assert "Open the round" not in text


def test_before_closing_it_says_what_would_be_dropped(db: None, signed_in: SignIn) -> None:
    world = worlds.build(retest_share=1.0)
    for _ in range(2):
        rate_next(world.study, world.ada)
    slot = claim(study=world.study, by=world.ben, now=NOW)
    assert slot is not None
    save_draft(ticket=read_ticket(write_ticket(slot), by=world.ben), answers={}, by=world.ben, now=NOW)
    (closing,) = round_preview(world.study, retests=True).closing
    assert (closing.rated, closing.missing, closing.in_hand, closing.drafts, closing.retests) == (2, 10, 1, 1, 2)
    assert (closing.unrated, closing.short) == (4, 2)
    assert closing.minutes == pytest.approx(10 * 40 / 60)
    text = shown(signed_in(world.rosa), world.study)
    assert "2 retests have not been rated; the last comes due" in text
    assert "1 latent is with a rater now." in text
    assert "4 latents stay without any rating of this round." in text


def test_a_researcher_who_rates_reads_nothing_of_retests(db: None, signed_in: SignIn) -> None:
    world = worlds.build(retest_share=1.0)
    rate_next(world.study, world.ada)
    add_member(study=world.study, user=world.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    client = signed_in(world.ada)
    assert "retest" not in shown(client, world.study).lower()
    assert "retest" not in client.get(reverse("study", args=["hearts"])).content.decode().lower()


def test_the_pace_is_the_median_of_what_was_timed() -> None:
    pace = Pace(seconds=90.0, ratings=3, hourly_rate=Decimal("50.00"), currency="EUR")
    assert pace.minutes(4) == 6.0
    assert pace.money(4) == Decimal("5.00")


def test_only_the_researcher_looks(world: World, signed_in: SignIn) -> None:
    address = reverse("round_preview", args=["hearts"])
    for name, status in (("ada", 403), ("nora", 403), ("cora", 403), ("sven", 404)):
        assert signed_in(getattr(world, name)).get(address).status_code == status


def test_the_next_step_speaks_of_retests_before_closing(db: None, signed_in: SignIn) -> None:
    world = worlds.build(retest_share=1.0)
    for user in (world.ada, world.ben):
        while rate_next(world.study, user):
            pass
    text = " ".join(signed_in(world.rosa).get(reverse("study", args=["hearts"])).content.decode().split())
    assert (
        "All 12 ratings of round 1 are in: close it now, or wait for its retests. 12 retests have not been rated"
        in text
    )
    assert "Retest of round 1" in text.replace('<span class="quiet">', "").replace("</span>", "")
    close_round(round_=world.study.rounds.get(kind=RoundKind.INDEPENDENT), by=world.rosa, now=NOW)
    text = " ".join(signed_in(world.rosa).get(reverse("study", args=["hearts"])).content.decode().split())
    assert "Round 1 is closed." in text
