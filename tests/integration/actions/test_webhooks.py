"""A receiver of the institution's own hears, signed and once, what happens in a study; no other machine ever does."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from annotation.actions import delivering
from annotation.actions.cases import open_case
from annotation.actions.delivering import IN_HAND, deliver, sweep_deliveries
from annotation.actions.releasing import request_release, write_release
from annotation.actions.rounds import close_round
from annotation.actions.webhooks import allow_host, make_webhook, remove_host, stop_webhook, try_webhook
from annotation.enums import AuditVerb, DeliveryState, LatentState, RoundKind, WebhookKind
from annotation.models import AuditEvent, User, Webhook, WebhookDelivery
from annotation.rules.refusal import NotYours, Refused
from tests.world import NOW, World, rate_next

SignIn = Callable[[User], Client]
EVERYTHING = (WebhookKind.ROUND_CLOSED, WebhookKind.CASE_OPENED, WebhookKind.RELEASE_CUT)


@dataclass
class Receiver:
    """A real server on loopback that keeps what it hears and answers as it is told."""

    url: str = ""
    host: str = ""
    status: int = 204
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.heard]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(kept.status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    kept.host = f"127.0.0.1:{server.server_port}"
    kept.url = f"http://{kept.host}/consilium"
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def told(world: World, receiver: Receiver) -> tuple[Webhook, str]:
    allow_host(name=receiver.host, plain=True, by=None, now=NOW)
    return make_webhook(study=world.study, url=receiver.url, kinds=EVERYTHING, by=world.rosa, now=NOW)


def close_first(world: World) -> None:
    close_round(round_=world.study.rounds.get(kind=RoundKind.INDEPENDENT), by=world.rosa, now=NOW)


def only() -> WebhookDelivery:
    return WebhookDelivery.objects.get()


def test_a_closed_round_is_told_signed_with_the_key_that_was_shown(
    world: World, receiver: Receiver, told: tuple[Webhook, str]
) -> None:
    rate_next(world.study, world.ada)
    close_first(world)
    deliver(delivery_id=only().pk, now=NOW)
    ((headers, body),) = receiver.heard
    key = base64.b64decode(told[1].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    said = json.loads(body)
    assert said["type"] == "round.closed"
    assert said["data"]["study"] == "hearts"
    assert said["data"]["ratings"] == 1
    assert only().state == DeliveryState.DELIVERED
    deliver(delivery_id=only().pk, now=NOW)
    assert len(receiver.heard) == 1


@pytest.mark.django_db(transaction=True)
def test_a_release_and_a_case_are_told_by_numbers_without_a_word_of_anybody(
    world: World, receiver: Receiver, told: tuple[Webhook, str]
) -> None:
    rate_next(world.study, world.ada, concept="a word of hers", rationale="Because of the troponin.")
    latent = world.study.sample.order_by("position").first()
    assert latent is not None
    latent.state = LatentState.PERSISTENT
    latent.save(update_fields=["state"])
    case = open_case(latent=latent, why="Opinion is divided.", now=NOW)
    release = request_release(study=world.study, by=world.rosa, now=NOW)
    write_release(release_id=release.pk, now=NOW)
    for waiting in WebhookDelivery.objects.order_by("pk"):
        deliver(delivery_id=waiting.pk, now=NOW)
    opened, cut = receiver.bodies()
    assert opened == {
        "type": "case.opened", "timestamp": NOW.isoformat(), "data": {"study": "hearts", "case": case.pk},
    }  # fmt: skip
    assert (cut["type"], cut["data"]["number"]) == ("release.cut", 1)
    assert len(cut["data"]["manifest"]) == 64
    everything = b" ".join(body for _, body in receiver.heard)
    assert b"word of hers" not in everything
    assert b"troponin" not in everything


def test_what_is_undone_is_told_to_nobody(world: World, told: tuple[Webhook, str]) -> None:
    def fails() -> None:
        with transaction.atomic():
            close_first(world)
            raise IntegrityError

    with pytest.raises(IntegrityError):
        fails()
    assert not WebhookDelivery.objects.exists()


def test_who_does_not_answer_is_told_again_later_and_at_last_given_up(
    world: World, receiver: Receiver, told: tuple[Webhook, str]
) -> None:
    receiver.status = 503
    close_first(world)
    now = NOW
    for attempt in range(1, 11):
        deliver(delivery_id=only().pk, now=now)
        found = only()
        assert found.attempts == attempt
        assert found.answer == "It answered 503"
        now = found.due_at
        deliver(delivery_id=found.pk, now=now - timedelta(seconds=1))
        assert only().attempts == attempt, "not before its time"
    assert only().state == DeliveryState.FAILED
    assert len(receiver.heard) == 10
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1, "receivers tell repeats by the id"
    assert now - NOW > timedelta(days=2)


def test_a_redirect_is_not_followed(world: World, receiver: Receiver, told: tuple[Webhook, str]) -> None:
    receiver.status = 307
    close_first(world)
    deliver(delivery_id=only().pk, now=NOW)
    assert only().answer == "It answered 307"
    assert only().state == DeliveryState.WAITING


def test_a_receiver_that_is_gone_stops_its_webhook(world: World, receiver: Receiver, told: tuple[Webhook, str]) -> None:
    receiver.status = 410
    close_first(world)
    deliver(delivery_id=only().pk, now=NOW)
    told[0].refresh_from_db()
    assert told[0].stopped_because == "The receiver answered that it is gone (410)."
    assert only().state == DeliveryState.FAILED


def test_a_machine_that_is_down_costs_nothing_but_an_attempt(
    world: World, receiver: Receiver, told: tuple[Webhook, str]
) -> None:
    Webhook.objects.update(url="http://127.0.0.1:1/nobody")
    allow_host(name="127.0.0.1:1", plain=True, by=None, now=NOW)
    close_first(world)
    deliver(delivery_id=only().pk, now=NOW)
    assert only().answer == "No connection (ConnectionRefusedError)"


def test_a_lost_message_or_worker_is_made_good_by_the_sweep(
    world: World, receiver: Receiver, told: tuple[Webhook, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueued: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(delivering, "enqueue", lambda name, **ids: enqueued.append((name, ids)))
    close_first(world)
    waiting = only()
    WebhookDelivery.objects.update(attempts=1, due_at=NOW + IN_HAND)  # its worker was killed while it waited
    sweep_deliveries(now=NOW)
    assert not enqueued
    sweep_deliveries(now=NOW + IN_HAND)
    assert ("annotation.deliver_webhook", {"delivery_id": waiting.pk}) in enqueued


def test_a_host_that_is_no_longer_allowed_hears_nothing(
    world: World, receiver: Receiver, told: tuple[Webhook, str]
) -> None:
    close_first(world)
    assert remove_host(name=receiver.host, by=None, now=NOW) == 1
    deliver(delivery_id=only().pk, now=NOW)
    assert not receiver.heard
    assert "not among the hosts" in only().answer


def test_a_stopped_webhook_hears_nothing(world: World, receiver: Receiver, told: tuple[Webhook, str]) -> None:
    close_first(world)
    stop_webhook(webhook=told[0], by=world.rosa, now=NOW)
    deliver(delivery_id=only().pk, now=NOW)
    assert not receiver.heard
    with pytest.raises(Refused, match="has been stopped"):
        try_webhook(webhook=told[0], by=world.rosa, now=NOW)


def test_only_what_it_asked_for_is_told(world: World, receiver: Receiver) -> None:
    allow_host(name=receiver.host, plain=True, by=None, now=NOW)
    make_webhook(study=world.study, url=receiver.url, kinds=[WebhookKind.RELEASE_CUT], by=world.rosa, now=NOW)
    close_first(world)
    assert not WebhookDelivery.objects.exists()


def test_only_the_researcher_makes_one_and_the_key_is_kept_sealed(
    world: World, receiver: Receiver, told: tuple[Webhook, str]
) -> None:
    assert told[1] not in told[0].secret
    event = AuditEvent.objects.get(verb=AuditVerb.WEBHOOK_MADE)
    assert told[1] not in json.dumps(event.detail)
    for user, refusal in ((world.ada, Refused), (world.nora, Refused), (world.sven, NotYours)):
        with pytest.raises(refusal):
            make_webhook(study=world.study, url=f"{receiver.url}/2", kinds=EVERYTHING, by=user, now=NOW)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"url": "https://evil.example/"}, "not among the hosts"),
        ({"kinds": []}, "at least one thing"),
        ({"kinds": ["ping"]}, "nothing called “ping”"),
        ({"kinds": ["rating.submitted"]}, "nothing called “rating.submitted”"),
        ({}, "told already"),
    ],
)
def test_what_cannot_be_is_refused(
    world: World, receiver: Receiver, told: tuple[Webhook, str], changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        make_webhook(
            **{"study": world.study, "url": receiver.url, "kinds": EVERYTHING, "by": world.rosa, "now": NOW} | changes
        )
    assert Webhook.objects.count() == 1


def test_hosts_are_allowed_on_the_server(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("webhook_hosts", "--allow", "Hooks.Hospital.example")
    call_command("webhook_hosts", "--allow", "10.1.2.3:8080", "--plain")
    call_command("webhook_hosts")
    assert capsys.readouterr().out.splitlines()[-2:] == ["10.1.2.3:8080 (http too)", "hooks.hospital.example"]
    call_command("webhook_hosts", "--remove", "hooks.hospital.example")
    for wrong in ("https://hooks.hospital.example/x", "a@b"):
        with pytest.raises(CommandError, match="Name the host alone"):
            call_command("webhook_hosts", "--allow", wrong)
    with pytest.raises(CommandError, match="not among the hosts"):
        call_command("webhook_hosts", "--remove", "nobody.example")


def test_the_page_makes_tries_and_stops_one(world: World, receiver: Receiver, signed_in: SignIn) -> None:
    rosa, page = signed_in(world.rosa), reverse("webhooks", args=["hearts"])
    assert "No host is allowed yet" in rosa.get(page).content.decode()
    allow_host(name=receiver.host, plain=True, by=None, now=NOW)
    made = rosa.post(page, {"url": receiver.url, "kinds": [kind.value for kind in EVERYTHING]})
    assert "whsec_" in made.content.decode()
    assert "whsec_" not in rosa.get(page).content.decode()
    hook = Webhook.objects.get()
    assert rosa.post(reverse("try_webhook", args=["hearts", hook.pk])).status_code == 303
    deliver(delivery_id=only().pk, now=only().due_at)
    assert receiver.bodies()[0]["type"] == "ping"
    assert "It answered." in rosa.get(page).content.decode()
    assert rosa.post(reverse("stop_webhook", args=["hearts", hook.pk])).status_code == 303
    assert "Stopped by a researcher." in rosa.get(page).content.decode()
    wrong = rosa.post(page, {"url": "https://evil.example/", "kinds": ["round.closed"]})
    assert wrong.status_code == 422
    assert "not among the hosts" in wrong.content.decode()
    for user, status in ((world.ada, 403), (world.nora, 403), (world.cora, 403), (world.sven, 404)):
        assert signed_in(user).get(page).status_code == status
        assert signed_in(user).post(reverse("stop_webhook", args=["hearts", hook.pk])).status_code == status
