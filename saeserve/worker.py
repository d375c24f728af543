"""The GPU side's own Celery app. Start it with

    celery -A saeserve.worker worker -Q gpu

One task at a time; a message is acknowledged when its task has ended, and given back when the process that ran it died.
"""

import os

from celery import Celery

from saeserve.contract import GPU_QUEUE
from saeserve.refusal import Refusal
from saeserve.settings import Settings
from saeserve.threads import wait_passively

VISIBILITY_SECONDS = 3600
"""After so long an unacknowledged message is delivered again. A run that is going on, or done, is then left alone."""


def make_app(settings: Settings) -> Celery:
    """The app; torch is imported only in the process that runs a task."""
    wait_passively()
    app = Celery("saeserve", broker=settings.redis_url, include=["saeserve.tasks"])
    app.conf.update(
        task_default_queue=GPU_QUEUE,
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_serializer="json",
        accept_content=["json"],
        worker_concurrency=1,
        worker_prefetch_multiplier=1,
        worker_pool="prefork",
        broker_connection_retry_on_startup=True,
        broker_transport_options={"visibility_timeout": VISIBILITY_SECONDS},
        saeserve_settings=settings,
    )
    return app


def _app() -> Celery:
    try:
        return make_app(Settings.from_environment(os.environ))
    except Refusal as refusal:
        raise SystemExit(f"saeserve: {refusal}") from refusal


app = _app()
