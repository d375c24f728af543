"""Lays down what webhooks are to be told, in the transaction in which it happened: nothing is told of what was undone,
and nothing that happened goes untold, whatever becomes of the broker.
"""

from collections.abc import Mapping
from typing import Any

from annotation.enums import AuditVerb, WebhookKind
from annotation.models import AuditEvent, Study, Webhook, WebhookDelivery
from annotation.queue import enqueue

DELIVER = "annotation.deliver_webhook"
TOLD: Mapping[str, WebhookKind] = {
    AuditVerb.ROUND_CLOSED: WebhookKind.ROUND_CLOSED,
    AuditVerb.CASE_OPENED: WebhookKind.CASE_OPENED,
    AuditVerb.RELEASE_CUT: WebhookKind.RELEASE_CUT,
}
FACTS: Mapping[WebhookKind, tuple[str, ...]] = {
    WebhookKind.ROUND_CLOSED: ("ratings", "readings"),
    WebhookKind.CASE_OPENED: (),
    WebhookKind.RELEASE_CUT: ("number", "manifest", "archive"),
}
"""What of an audit event's detail is told. Not why a case opened: one that comes back is to look like any other."""


def lay_deliveries(event: AuditEvent) -> None:
    """One a webhook of the study that wishes to hear of it. Nothing for events that nobody can ask for."""
    kind = TOLD.get(event.verb)
    if kind is None or not event.study:
        return
    hooks = Webhook.objects.filter(study=event.study, stopped_at=None, kinds__contains=[kind])
    if not hooks:
        return
    slug = Study.objects.values_list("slug", flat=True).get(pk=event.study)
    model, _, pk = event.target.partition(":")
    data = {"study": slug, model: int(pk), **{key: event.detail[key] for key in FACTS[kind] if key in event.detail}}
    for hook in hooks:
        lay_delivery(hook, kind=kind, event=event.pk, at=event.at.isoformat(), data=data, now=event.at)


def lay_delivery(hook: Webhook, *, kind: WebhookKind, event: int, at: str, data: dict[str, Any], now: Any) -> None:
    body = {"type": kind.value, "timestamp": at, "data": data}
    told = WebhookDelivery.objects.create(webhook=hook, event=event, kind=kind, body=body, made_at=now, due_at=now)
    enqueue(DELIVER, delivery_id=told.pk)
