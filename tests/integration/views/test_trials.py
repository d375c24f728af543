"""Trying a text: who may, what the page says while it waits and when it is answered; the text itself stays nowhere."""

import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as site
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from annotation.actions.people import add_member
from annotation.actions.rounds import close_round
from annotation.actions.sweeping import sweep_trials
from annotation.enums import Role
from annotation.models import AuditEvent, MiningRun, Study, User
from annotation.views.trial_limit import TRIES
from saeserve import contract
from tests import broker
from tests.full_disk import no_file_longer_than
from tests.world import NOW, World, rate_next

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
Committed = Callable[..., Any]
SECRET = "Zebrafish oesophagitis after the opera"
HANDLE = re.compile(r"/try/([0-9a-f]{32})/$")


@pytest.fixture(autouse=True)
def _of_its_own(tmp_path: Path, settings: Settings) -> Iterator[None]:
    settings.ARTIFACT_ROOT = tmp_path / "artifacts"
    broker.empty()
    cache.clear()
    yield
    broker.empty()
    cache.clear()


def send(client: Client, world: World, text: str = SECRET, **fields: Any) -> str:
    """The handle under which the text was left."""
    response = client.post(reverse("try_text", args=[world.study.slug]), {"text": text, "latent": "", **fields})
    assert response.status_code == 303, response.content.decode()
    found = HANDLE.search(response.url)
    assert found is not None
    return found.group(1)


def read(client: Client, world: World, handle: str, *, status: int = 200, query: str = "", **headers: str) -> str:
    address = reverse("trial", args=[world.study.slug, handle]) + query
    response = client.get(address, headers=headers or None)
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def answer(handle: str, record: contract.TrialAnswer | contract.Failure) -> None:
    """What the GPU side leaves."""
    file = site.ARTIFACT_ROOT / "trials" / handle / contract.ANSWER_FILE
    file.write_bytes(Fernet(site.ARTIFACT_KEY).encrypt(json.dumps(record.to_dict()).encode()))


def fired(*values: float | None, words: str = SECRET) -> contract.TrialAnswer:
    """Word by word with these activations, the rest silent; two latents fire most."""
    spans = [match.span() for match in re.finditer(r"\S+", words)]
    tokens = [
        {"start": start, "end": end, "activation": values[place] if place < len(values) else 0.0}
        for place, (start, end) in enumerate(spans)
    ]
    strongest = [
        {"latent": 7, "peak": 9.5, "firings": 3, "start": spans[1][0], "end": spans[1][1]},
        {"latent": 2, "peak": 4.25, "firings": 1, "start": spans[0][0], "end": spans[0][1]},
    ]
    return contract.TrialAnswer(tokens=tokens, strongest=strongest, unit="raw", dtype="bfloat16", seconds=1.26)


def test_the_text_is_sent_by_handle_ahead_of_every_shard(
    world: World, signed_in: SignIn, django_capture_on_commit_callbacks: Committed
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        handle = send(signed_in(world.rosa), world, latent="4")
    message = broker.waiting()[0]
    assert (message.task, message.step) == (contract.TRY_TASK, 0)
    trial = contract.Trial.from_dict(message.keywords["trial"])
    run = world.study.run
    assert run is not None
    assert (trial.handle, trial.latent) == (handle, 4)
    assert {name: run.request[name] for name in ("model", "sae", "dtype", "context_tokens")} == {
        name: getattr(trial, name) for name in ("model", "sae", "dtype", "context_tokens")
    }


def test_the_text_is_in_no_table_address_log_session_message_or_readable_file(
    world: World,
    signed_in: SignIn,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Committed,
) -> None:
    client = signed_in(world.rosa)
    with caplog.at_level(logging.DEBUG), django_capture_on_commit_callbacks(execute=True):
        handle = send(client, world, latent="4")
        assert SECRET in read(client, world, handle)
        answer(handle, fired(3.0, 12.0))
        assert "Zebrafish" in read(client, world, handle)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text ILIKE %s', ["%zebrafish%"])
            assert cursor.fetchone() == (0,), table
    assert all("zebrafish" not in str(session.get_decoded()).lower() for session in Session.objects.all())
    assert Session.objects.exists()
    assert "zebrafish" not in caplog.text.lower()
    assert [message for message in broker.waiting() if "zebrafish" in message.raw.lower()] == []
    files = [path for path in site.ARTIFACT_ROOT.rglob("*") if path.is_file()]
    assert any(handle in str(path) for path in files)
    assert [path for path in files if b"zebrafish" in path.read_bytes().lower()] == []
    assert [path for path in files if "zebrafish" in path.name.lower()] == []


def test_a_page_with_the_text_is_kept_by_no_cache(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.rosa)
    for address in (
        reverse("trial", args=[world.study.slug, send(client, world)]),
        reverse("try_text", args=[world.study.slug]),
    ):
        assert "no-store" in client.get(address).headers["Cache-Control"]


def test_that_a_text_was_tried_is_on_record_without_the_text(world: World, signed_in: SignIn) -> None:
    send(signed_in(world.rosa), world, latent="4")
    event = AuditEvent.objects.get(verb="text-tried")
    assert (event.actor, event.detail) == (world.rosa.pk, {"latent": 4, "characters": len(SECRET)})


def test_while_it_waits_the_page_asks_again_and_has_a_link_for_those_without_script(
    world: World, signed_in: SignIn
) -> None:
    client = signed_in(world.rosa)
    handle = send(client, world)
    text = read(client, world, handle)
    address = reverse("trial", args=[world.study.slug, handle])
    assert "usually takes a second or two" in text
    assert f'hx-get="{address}?seen=asked" hx-trigger="every 1s"' in text
    assert f'href="{address}"' in text
    assert SECRET in text  # the form holds it, ready to be sent again
    polled = client.get(address + "?seen=asked", headers={"HX-Request": "true"})
    assert (polled.status_code, polled.content) == (204, b"")


def test_while_a_run_is_being_mined_the_page_says_that_the_text_is_next(world: World, signed_in: SignIn) -> None:
    run = world.study.run
    assert run is not None
    MiningRun.objects.create(
        sae=run.sae, corpus=run.corpus, request={}, digest="9" * 64, state="running", requested_at=NOW, sent_at=NOW
    )
    client = signed_in(world.rosa)
    handle = send(client, world)
    swapped = read(client, world, handle, query="?seen=asked", **{"HX-Request": "true"})
    assert "A mining run is going on: your text is next" in swapped
    assert swapped.startswith('<section class="stack" id="trial"')


def test_a_worker_that_does_not_answer_is_asked_after(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.rosa)
    handle = send(client, world)
    age(client, handle, timedelta(minutes=2))
    assert "No GPU worker has answered for a minute" in read(client, world, handle)


def age(client: Client, handle: str, by: timedelta) -> None:
    """Let the session believe that it made the trial so much earlier."""
    session = client.session
    trials = session["trials"]
    trials[handle][2] -= by.total_seconds()
    session["trials"] = trials
    session.save()


def test_the_answer_shades_the_chosen_latent_and_says_the_numbers(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.rosa)
    handle = send(client, world, latent="4")  # its strongest in the corpus is 16
    answer(handle, fired(3.0, 16.0, None))
    text = read(client, world, handle)
    assert "fires on 2 of 5 tokens, peak 16" in text
    assert 'aria-label="Zebrafish: 3, level 1 of 5"' in text
    assert 'data-activation="16" tabindex="-1">oesophagitis</span>' in text
    assert "1 token left out as attention sink" in text
    assert '<td class="number">3</td>' in text  # the same as a table
    assert "hx-trigger" not in text


def test_the_latents_that_fire_most_are_listed_with_a_button_that_sends_the_form_again(
    world: World, signed_in: SignIn
) -> None:
    client = signed_in(world.rosa)
    handle = send(client, world)
    answer(handle, fired())
    text = read(client, world, handle)
    assert f'<a href="{reverse("latent", args=[world.study.slug, 7])}">Latent 7</a>' in text
    assert "peak 9.5, 3 tokens" in text
    assert "<mark>oesophagitis</mark>" in text
    assert 'type="submit" form="try" name="show" value="7"' in text
    assert "Answered in 1.3 s." in text
    again = send(client, world, show="7")
    answer(again, fired(2.0))
    assert "Latent 7</a> on your text" in read(client, world, again)


def test_a_latent_that_stays_silent_and_a_text_on_which_nothing_fires_are_said_in_words(
    world: World, signed_in: SignIn
) -> None:
    client = signed_in(world.rosa)
    handle = send(client, world, latent="4")
    silent = fired()
    answer(handle, contract.TrialAnswer(**{**silent.to_dict(), "strongest": []}))
    text = read(client, world, handle)
    assert "Latent 4 stays silent here." in text
    assert "No latent fires on this text." in text


def test_the_answer_is_read_aloud_in_a_sentence_when_it_arrives(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.rosa)
    handle = send(client, world, latent="4")
    answer(handle, fired(3.0, 16.0))
    swapped = read(client, world, handle, query="?seen=asked", **{"HX-Request": "true"})
    assert 'id="trial-status" role="status" hx-swap-oob="true"' in swapped
    assert "The answer is here. Latent 4 fires on 2 of 5 tokens. Latents listed: 2." in swapped
    assert "hx-swap-oob" not in read(client, world, handle)


def test_a_failed_trial_says_why(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.rosa)
    handle = send(client, world)
    answer(handle, contract.Failure(sentence="The text has no tokens; paste a sentence or more."))
    text = read(client, world, handle)
    assert "The text has no tokens" in text
    assert "hx-trigger" not in text


def test_after_a_quarter_of_an_hour_text_and_answer_are_gone(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.rosa)
    handle = send(client, world)
    answer(handle, fired())
    age(client, handle, timedelta(minutes=16))
    text = read(client, world, handle)
    assert "The text was deleted" in text
    assert SECRET not in text
    assert not (site.ARTIFACT_ROOT / "trials" / handle).exists()


def test_the_sweep_deletes_what_is_old_and_nothing_else(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.rosa)
    old, new = send(client, world), send(client, world)
    left_at = timezone.now().timestamp() - contract.TRIAL_SECONDS - 5
    os.utime(site.ARTIFACT_ROOT / "trials" / old / contract.TEXT_FILE, (left_at, left_at))
    answer(old, fired())
    stray = site.ARTIFACT_ROOT / "trials" / ".DS_Store"
    stray.write_bytes(b"what a file manager leaves")
    sweep_trials(now=timezone.now())
    assert {path.name for path in (site.ARTIFACT_ROOT / "trials").iterdir()} == {new, stray.name}
    (site.ARTIFACT_ROOT / "trials" / "gone").symlink_to("what the other side has just deleted")
    sweep_trials(now=timezone.now())


def test_a_handle_belongs_to_the_session_that_made_it(world: World, signed_in: SignIn) -> None:
    handle = send(signed_in(world.rosa), world)
    rita = User.objects.create_user("rita@hospital.example", name="Rita")
    add_member(study=world.study, user=rita, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    read(signed_in(rita), world, handle, status=404)
    read(signed_in(world.rosa), world, handle, status=404)  # herself, signed in elsewhere


def test_a_handle_opens_nothing_in_another_study(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.rosa)
    handle = send(client, world)
    other = Study.objects.create(
        slug="other",
        name="Other",
        rubric=world.study.rubric,
        run=world.study.run,
        created_at=NOW,
        created_by=world.rosa,
    )
    add_member(study=other, user=world.rosa, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    assert client.get(reverse("trial", args=["other", handle])).status_code == 404


@pytest.mark.parametrize(("name", "status"), [("ada", 403), ("cora", 403), ("nora", 403), ("sven", 404)])
def test_only_researchers_try_texts(world: World, signed_in: SignIn, name: str, status: int) -> None:
    client = signed_in(getattr(world, name))
    address = reverse("try_text", args=[world.study.slug])
    assert client.get(address).status_code == status
    assert client.post(address, {"text": SECRET}).status_code == status
    assert not (site.ARTIFACT_ROOT / "trials").exists()


def test_a_researcher_who_may_still_rate_waits_with_trying(world: World, signed_in: SignIn) -> None:
    add_member(study=world.study, user=world.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    client, address = signed_in(world.ada), reverse("try_text", args=[world.study.slug])
    refused = client.post(address, {"text": SECRET})
    assert refused.status_code == 403
    assert "You may still rate in this study or in another one on the same mining run." in refused.content.decode()
    for rater in (world.ada, world.ben):
        while rate_next(world.study, rater):
            pass
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    assert client.get(address).status_code == 200


def test_a_researcher_who_may_still_rate_in_another_study_of_the_run_waits_as_well(
    world: World, signed_in: SignIn
) -> None:
    other = Study.objects.create(
        slug="other", name="O", rubric=world.study.rubric, run=world.study.run, created_at=NOW, created_by=world.rosa
    )
    add_member(study=other, user=world.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    client, address = signed_in(world.ada), reverse("try_text", args=["other"])
    assert client.post(address, {"text": SECRET}).status_code == 403
    assert not (site.ARTIFACT_ROOT / "trials").exists()
    while rate_next(world.study, world.ada):
        pass
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    assert client.get(address).status_code == 200


def test_before_the_sample_is_drawn_a_researcher_who_rates_may_not_try(before_round: World, signed_in: SignIn) -> None:
    run = before_round.study.run
    fresh = Study.objects.create(
        slug="fresh", name="F", rubric=before_round.study.rubric, run=run, created_at=NOW, created_by=before_round.rosa
    )
    for role, institution in ((Role.RESEARCHER, None), (Role.ANNOTATOR, before_round.north)):
        add_member(study=fresh, user=before_round.ada, role=role, institution=institution, by=None, now=NOW)
    assert signed_in(before_round.ada).get(reverse("try_text", args=["fresh"])).status_code == 403


def test_a_study_whose_run_has_not_finished_says_when_a_text_can_be_tried(world: World, signed_in: SignIn) -> None:
    Study.objects.filter(pk=world.study.pk).update(run=None)
    text = signed_in(world.rosa).get(reverse("try_text", args=[world.study.slug])).content.decode()
    assert "No latents to try it on yet" in text
    assert "<textarea" not in text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"text": " \r\n "}, "There is no text."),
        ({"text": "x" * 20_001}, "The text has 20,001 characters. Shorten it to 20,000 or fewer."),
        ({"text": "chest\x00pain"}, "NUL character"),
        ({"text": SECRET, "latent": "999"}, "has no latent 999"),
        ({"text": SECRET, "latent": "four"}, "named by its number"),
        ({"text": SECRET, "latent": "٣"}, "named by its number"),
    ],
)
def test_a_text_that_cannot_be_tried_stays_in_the_form_beside_the_reason(
    world: World, signed_in: SignIn, fields: dict[str, str], sentence: str
) -> None:
    response = signed_in(world.rosa).post(reverse("try_text", args=[world.study.slug]), fields)
    assert response.status_code == 422
    html = response.content.decode()
    assert sentence in html
    assert fields["text"].strip()[:20].replace("\x00", "") in html.replace("\x00", "")
    assert not (site.ARTIFACT_ROOT / "trials").exists()


def test_a_full_disk_is_told_beside_the_text_and_nothing_is_left_or_sent(
    world: World, signed_in: SignIn, django_capture_on_commit_callbacks: Committed
) -> None:
    client, text = signed_in(world.rosa), "chest pain " * 1_500
    with no_file_longer_than(10_000), django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("try_text", args=[world.study.slug]), {"text": text})
    html = response.content.decode()
    assert response.status_code == 422
    assert "The text could not be sent, because the site could not write to its disk (File too large)." in html
    assert text.strip() in html
    assert not list((site.ARTIFACT_ROOT / "trials").iterdir())
    assert not broker.waiting()
    assert not AuditEvent.objects.filter(verb="text-tried").exists()
    send(client, world, text)


def test_line_breaks_of_a_form_count_as_one_character_and_longest_is_allowed(world: World, signed_in: SignIn) -> None:
    send(signed_in(world.rosa), world, text="x\r\n" * 10_000)


def test_trying_very_often_is_slowed_down_and_the_text_stays(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.rosa)
    for _ in range(TRIES):
        send(client, world)
    response = client.post(reverse("try_text", args=[world.study.slug]), {"text": SECRET})
    assert response.status_code == 429
    assert "Wait ten minutes" in response.content.decode()
    assert SECRET in response.content.decode()


def test_the_study_and_a_latent_lead_to_it(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.rosa)
    address = reverse("try_text", args=[world.study.slug])
    assert f'href="{address}"' in client.get(reverse("study", args=[world.study.slug])).content.decode()
    page = client.get(reverse("latent", args=[world.study.slug, 4])).content.decode()
    assert f'href="{address}?latent=4"' in page
    assert 'value="4"' in client.get(address + "?latent=4").content.decode()
