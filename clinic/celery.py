"""Celery is the alarm clock; the outbox rows are the queue. Nothing is ever enqueued by a request."""

import os

from celery import Celery
from celery.signals import worker_init

from clinic.patience import be_patient

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
os.environ.setdefault("CELERY_SKIP_CHECKS", "yes")  # they import every page, and a worker serves none

app = Celery("clinic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def _serve(**sent: object) -> None:
    be_patient()
