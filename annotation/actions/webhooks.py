"""Webhooks of a study, and the hosts that an administrator allows for them."""

import base64
import secrets
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from annotation.actions import audit
from annotation.actions.sealing import seal
from annotation.actions.webhook_outbox import lay_delivery
from annotation.enums import AuditVerb, Role, WebhookKind
from annotation.models import Study, User, Webhook, WebhookHost
from annotation.rules.membership import check_role
from annotation.rules.refusal import Refused
from annotation.rules.webhooks import KEY_BYTES, PREFIX, check_address, host_of

SEALED_FOR = "webhook"
KINDS = (WebhookKind.ROUND_CLOSED, WebhookKind.CASE_OPENED, WebhookKind.RELEASE_CUT)
MOST = 10
"""Webhooks that a study may have at a time."""


def allowed_hosts() -> dict[str, bool]:
    """By host, whether `http` without TLS is allowed."""
    return dict(WebhookHost.objects.values_list("name", "plain"))


@transaction.atomic
def make_webhook(*, study: Study, url: str, kinds: Collection[str], by: User, now: datetime) -> tuple[Webhook, str]:
    """The webhook, and the key with which it is told things: it is shown this once. Raises Refused."""
    check_role(by, study, Role.RESEARCHER)
    url = url.strip()
    check_address(url, allowed_hosts())
    wished = sorted(set(kinds))
    if not wished:
        raise Refused("Choose at least one thing to be told of.")
    if strange := set(wished) - set(KINDS):
        raise Refused(f"There is nothing called “{sorted(strange)[0][:40]}” to be told of.")
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    active = Webhook.objects.filter(study=study, stopped_at=None)
    if active.filter(url=url).exists():
        raise Refused("This address is told already. Stop that webhook first to choose other things for it.")
    if active.count() >= MOST:
        raise Refused(f"A study has at most {MOST} webhooks. Stop one that is not needed any more.")
    secret = PREFIX + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    hook = Webhook.objects.create(
        study=study, url=url, kinds=wished, secret=seal(SEALED_FOR, secret.encode()), made_by=by, made_at=now
    )
    audit.record(AuditVerb.WEBHOOK_MADE, hook, by=by, now=now, study=study, host=host_of(url), kinds=wished)
    return hook, secret


@transaction.atomic
def stop_webhook(*, webhook: Webhook, by: User | None, now: datetime, why: str = "Stopped by a researcher.") -> None:
    """It is told nothing any more, what waits included. Twice is once."""
    if by is not None:
        check_role(by, webhook.study, Role.RESEARCHER)
    webhook = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
    if webhook.stopped_at:
        return
    webhook.stopped_at, webhook.stopped_because = now, why
    webhook.save(update_fields=["stopped_at", "stopped_because"])
    audit.record(AuditVerb.WEBHOOK_STOPPED, webhook, by=by, now=now, study=webhook.study_id)


@transaction.atomic
def try_webhook(*, webhook: Webhook, by: User, now: datetime) -> None:
    """Tell it something harmless, to see that it hears. Raises Refused where it has been stopped."""
    check_role(by, webhook.study, Role.RESEARCHER)
    webhook.refresh_from_db(fields=["stopped_at"])
    if webhook.stopped_at:
        raise Refused("This webhook has been stopped.")
    data = {"study": webhook.study.slug}
    lay_delivery(webhook, kind=WebhookKind.PING, event=0, at=now.isoformat(), data=data, now=now)


@transaction.atomic
def allow_host(*, name: str, plain: bool = False, by: User | None, now: datetime) -> WebhookHost:
    """From now on studies may have webhooks there. Raises Refused for what is no host."""
    if "/" in name or "@" in name:
        raise Refused("Name the host alone, such as hooks.hospital.example or hooks.hospital.example:8443.")
    known = host_of(f"{'http' if plain else 'https'}://{name}")
    host, _ = WebhookHost.objects.update_or_create(name=known, defaults={"plain": plain, "allowed_at": now})
    audit.record(AuditVerb.WEBHOOK_HOST_ALLOWED, host, by=by, now=now, host=known, plain=plain)
    return host


@transaction.atomic
def remove_host(*, name: str, by: User | None, now: datetime) -> int:
    """Nothing is sent there any more. How many webhooks that silences. Raises Refused where it was not allowed."""
    host = WebhookHost.objects.filter(name=name.lower()).first()
    if host is None:
        raise Refused(f"{name} is not among the hosts that are allowed.")
    audit.record(AuditVerb.WEBHOOK_HOST_REMOVED, host, by=by, now=now, host=host.name)
    host.delete()
    active = Webhook.objects.filter(stopped_at=None).values_list("url", flat=True)
    return sum(host_of(url) == name.lower() for url in active)
