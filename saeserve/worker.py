"""The GPU side's own Celery app. Start it with

    celery -A saeserve.worker worker -Q gpu

One task at a time; a message is acknowledged when its task has ended, and given back when the process that ran it died.
"""

import os
import threading
from typing import Any

from celery import Celery, bootsteps
from celery.signals import worker_shutting_down

from saeserve.contract import GPU_QUEUE
from saeserve.refusal import Refusal
from saeserve.settings import Settings
from saeserve.threads import wait_passively

LEAVE_SECONDS = 5.0
VISIBILITY_SECONDS = 3600
"""After so long an unacknowledged message is delivered again. A run that is going on, or done, is then left alone."""


class TakeUpUnfinished(bootsteps.StartStopStep):
    """Whenever the worker has reached its broker, at the start and after each loss, hand out what is unfinished."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, parent: Any) -> None:
        from saeserve.tasks import take_up_unfinished

        take_up_unfinished(parent.app.conf.saeserve_settings.artifact_root)


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
    app.steps["consumer"].add(TakeUpUnfinished)
    return app


@worker_shutting_down.connect
def leave_in_any_case(how: str = "", **_sender: Any) -> None:
    """A cold shutdown while the broker is gone as well can hang in Celery: then the process ends itself."""
    if how == "Cold":
        timer = threading.Timer(LEAVE_SECONDS, os._exit, (1,))
        timer.daemon = True
        timer.start()


def _app() -> Celery:
    try:
        return make_app(Settings.from_environment(os.environ))
    except Refusal as refusal:
        raise SystemExit(f"saeserve: {refusal}") from refusal


app = _app()
