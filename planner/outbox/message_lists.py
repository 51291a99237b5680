"""Messages as pages list them."""

from datetime import datetime

from django.db.models import QuerySet

from clinic.models import Location
from planner.choices import MessageState
from planner.models import Message


def failed_messages(location: Location, since: datetime) -> QuerySet[Message]:
    """Mails that could not be sent, newest first."""
    failed = Message.objects.filter(location=location, state=MessageState.FAILED, closed_at__gte=since)
    return failed.select_related("patient").order_by("-closed_at", "-pk")


def mails_to_come(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Those still waiting, in the order they go, with no more of them than a list shows."""
    waiting = messages.filter(state=MessageState.WAITING).order_by("due_at")
    return waiting.select_related("step").only("due_at", "patient", "series", "step__title")
