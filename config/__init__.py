"""The wiring of the processes. Importing it makes the web side's Celery app the current one."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
