from typing import Any

from celery.beat import EmbeddedService, Scheduler
from django.core.management.base import BaseCommand

from clinic.celery import app


class Command(BaseCommand):
    help = "Send due messages: a Celery worker and its clock in one process, with or without Redis."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        clock: Any = EmbeddedService(app, thread=True, scheduler_cls=Scheduler)
        clock.start()
        try:
            app.worker_main(["worker", "--pool=threads", "--concurrency=1", "--loglevel=INFO"])
        finally:
            clock.stop()
