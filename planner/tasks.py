from celery import shared_task
from django.utils import timezone

from planner.outbox.deliver import deliver_due


@shared_task
def deliver_due_messages() -> None:
    """The tick: send what is due. Running it twice, late, or not at all loses and doubles nothing."""
    deliver_due(now=timezone.now(), limit=1_000)
