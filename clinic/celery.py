"""Celery is the alarm clock; the outbox rows are the queue. Nothing is ever enqueued by a request."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
os.environ.setdefault("CELERY_SKIP_CHECKS", "yes")  # they import every page, and a worker serves none

app = Celery("clinic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
