import warnings
from typing import Any

from celery.beat import EmbeddedService, Scheduler
from django.core.management.base import BaseCommand

from clinic.celery import app
from clinic.management.starter import end_with_starter


class Command(BaseCommand):
    help = "Send due messages: a Celery worker and its clock in one process, with or without Redis."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        end_with_starter()
        warnings.filterwarnings(
            "ignore", module=r"(celery|kombu|billiard)\b"
        )  # about itself, nothing of ours
        clock: Any = EmbeddedService(app, thread=True, scheduler_cls=Scheduler)
        clock.start()
        try:
            app.worker_main(["--quiet", "worker", "--pool=threads", "--concurrency=1", "--loglevel=WARNING"])
        finally:
            clock.stop()
