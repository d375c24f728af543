"""The web side's Celery app: agreement, consensus, the queue and releases, on queue `web`."""

import os
import threading
from typing import Any

from celery import Celery
from celery.signals import worker_shutting_down

LEAVE_SECONDS = 5.0

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("consilium")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["annotation"])


@worker_shutting_down.connect
def leave_in_any_case(how: str = "", **_sender: Any) -> None:
    """A cold shutdown while the broker is gone as well can hang in Celery: then the process ends itself."""
    if how == "Cold":
        timer = threading.Timer(LEAVE_SECONDS, os._exit, (1,))
        timer.daemon = True
        timer.start()
