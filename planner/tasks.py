import logging

from celery import shared_task
from django.db import Error
from django.utils import timezone

from clinic.faults import fault_of
from planner.outbox.deliver import deliver_due

log = logging.getLogger(__name__)


@shared_task
def deliver_due_messages() -> None:
    """The tick: send what is due. Running it twice, late, or not at all loses and doubles nothing.

    A busy or lost database is one line in the log; the next tick tries again.
    """
    try:
        sent = deliver_due(now=timezone.now(), limit=1_000)
    except Error as error:
        fault = fault_of(error)
        if fault is None:
            raise
        log.warning("The database is %s, messages wait for the next tick.", fault.code)
    else:
        if sent:
            log.info("Mails that left: %s", sent)
