"""Tells webhooks what was laid down for them: signed, again after a while where nobody answered, at last given up."""

import json
import time
from datetime import datetime, timedelta

from django.db import transaction

from annotation.actions.sealing import BrokenSeal, unseal
from annotation.actions.webhook_outbox import DELIVER
from annotation.actions.webhooks import SEALED_FOR, allowed_hosts, stop_webhook
from annotation.enums import DeliveryState
from annotation.gateway.posting import SECONDS, Posted, post
from annotation.models import WebhookDelivery
from annotation.queue import enqueue
from annotation.rules.refusal import Refused
from annotation.rules.webhooks import check_address, signature, wait_after

GONE = 410
"""The receiver's way of saying: never again."""
IN_HAND = timedelta(seconds=6 * SECONDS)
"""An attempt holds the delivery for so long; a worker that was lost meanwhile holds it no longer."""
BY_BROKER = timedelta(minutes=1)
"""What is to wait longer waits in the table, where no broker can lose it, for the sweep."""
AT_ONCE = 200
"""Deliveries that one sweep sends on."""
KEY_LOST = "The key cannot be read any more: stop this webhook and make a new one."


def deliver(*, delivery_id: int, now: datetime) -> None:
    """One attempt, if it is due. Twice at once is one attempt. Receivers may still hear twice: they go by the id."""
    told = _take(delivery_id, now)
    if told is None:
        return
    posted = _attempt(told)
    _note(told, posted, now)
    if posted.status == GONE:
        stop_webhook(webhook=told.webhook, by=None, now=now, why="The receiver answered that it is gone (410).")


@transaction.atomic
def _take(delivery_id: int, now: datetime) -> WebhookDelivery | None:
    """Held until the attempt has had its time."""
    waiting = WebhookDelivery.objects.filter(pk=delivery_id, state=DeliveryState.WAITING, due_at__lte=now)
    told = waiting.select_for_update(skip_locked=True, of=("self",)).select_related("webhook__study").first()
    if told is None:
        return None
    told.attempts += 1
    told.due_at = now + IN_HAND
    told.save(update_fields=["attempts", "due_at"])
    return told


def _attempt(told: WebhookDelivery) -> Posted:
    hook = told.webhook
    if hook.stopped_at:
        return Posted(GONE, "the webhook has been stopped")
    try:
        check_address(hook.url, allowed_hosts())
        secret = unseal(SEALED_FOR, hook.secret).decode()
    except Refused as refused:
        return Posted(0, str(refused))
    except BrokenSeal:
        return Posted(0, KEY_LOST)
    body = json.dumps(told.body, separators=(",", ":"), sort_keys=True).encode()
    message, seconds = f"msg_{told.pk}", int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Consilium",
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(secret, message=message, seconds=seconds, body=body),
    }
    return post(hook.url, body, headers)


def _note(told: WebhookDelivery, posted: Posted, now: datetime) -> None:
    again = wait_after(told.attempts)
    told.answer = "It answered." if posted.ok else f"{posted.reason[:1].upper()}{posted.reason[1:]}"[:200]
    if posted.ok:
        told.state, told.ended_at = DeliveryState.DELIVERED, now
    elif again is None or posted.status == GONE:
        told.state, told.ended_at = DeliveryState.FAILED, now
    else:
        told.due_at = now + again
        if again <= BY_BROKER:
            enqueue(DELIVER, delivery_id=told.pk, countdown=again.total_seconds())
    told.save(update_fields=["state", "ended_at", "due_at", "answer"])


def sweep_deliveries(*, now: datetime) -> None:
    """Send on what is due: it was to wait long, or its message was lost."""
    late = WebhookDelivery.objects.filter(state=DeliveryState.WAITING, due_at__lte=now).order_by("due_at")
    for pk in late.values_list("pk", flat=True)[:AT_ONCE]:
        enqueue(DELIVER, delivery_id=pk)
