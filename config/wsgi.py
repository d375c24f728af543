"""Entry for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from config.celery import app as celery_app  # noqa: F401  so that tasks sent by views go to the configured broker

application = get_wsgi_application()
