"""What has been sent, and how a message ended."""

from datetime import timedelta

from django.core import mail
from django.db import transaction

from planner.models import Message, Session
from planner.outbox.plan_messages import (
    messages_for_cancellation,
)
from tests.makers import (
    NOW,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SOON = NOW + 3 * MINUTE


def state_of(message: Message) -> tuple[str, str]:
    """The message's state and the last line of its history."""
    message.refresh_from_db()
    return message.state, message.events.last().detail


def subjects() -> list[str]:
    return [sent.subject for sent in mail.outbox]


def sent_codes() -> list[str]:
    return list(Message.objects.filter(state="sent").order_by("due_at").values_list("step__code", flat=True))


def cancel(session: Session) -> None:
    with transaction.atomic():
        locked = Session.objects.select_for_update(no_key=True).get(pk=session.pk)
        locked.state, locked.version = "cancelled", 2
        locked.save()
        messages_for_cancellation(locked.series, [locked], now=NOW)
