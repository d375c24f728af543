"""A study's webhooks with what they were told last, for its researcher."""

from dataclasses import dataclass

from annotation.enums import DeliveryState, WebhookKind
from annotation.models import Study, Webhook, WebhookDelivery

LATEST = 5
STOPPED = 10


@dataclass(frozen=True, kw_only=True)
class ListedWebhook:
    hook: Webhook
    kinds: tuple[str, ...]
    """In words."""
    latest: tuple[WebhookDelivery, ...]
    """Newest first."""
    waiting: int
    """Deliveries that have not been acknowledged yet."""


def webhook_list(study: Study) -> tuple[list[ListedWebhook], list[Webhook]]:
    """Those that are told, and the last that were stopped. Three statements for each that is told, at most ten."""
    active = Webhook.objects.filter(study=study, stopped_at=None).order_by("pk")
    stopped = Webhook.objects.filter(study=study, stopped_at__isnull=False).order_by("-stopped_at")[:STOPPED]
    return [_listed(hook) for hook in active], list(stopped)


def _listed(hook: Webhook) -> ListedWebhook:
    told = WebhookDelivery.objects.filter(webhook=hook)
    return ListedWebhook(
        hook=hook,
        kinds=tuple(WebhookKind(kind).label for kind in hook.kinds),
        latest=tuple(told.order_by("-pk")[:LATEST]),
        waiting=told.filter(state=DeliveryState.WAITING).count(),
    )
