"""The mails of the demo's past: written as they would have left, without a mail server."""

from datetime import datetime, timedelta

from planner.choices import MessageHistory, MessageState
from planner.models import Message, MessageEvent
from planner.outbox.letter import NothingToTell, render

MAILS_SINCE = timedelta(days=7)
"""Linden Row has sent its mails with this app for so long."""
EVERY_NTH_IS_REFUSED = 150


def settle(now: datetime) -> None:
    """Every mail that was due before `now` has left, but those with nothing to say, without an address, or refused."""
    Message.objects.filter(due_at__lt=now - MAILS_SINCE).delete()
    due = Message.objects.filter(state=MessageState.WAITING, due_at__lt=now)
    events = []
    messages = list(due.select_related("patient", "series", "session__location", "step", "location__clinic"))
    for n, message in enumerate(messages, start=1):
        state, what = _settled(message)
        facts: dict[str, str] = {}
        if state == MessageState.SENT and n % EVERY_NTH_IS_REFUSED == 0:
            state, what = MessageState.FAILED, MessageHistory.REFUSED
            facts = {"answer": "550 5.1.1 No such mailbox here."}
        message.state, message.closed_at = state, message.due_at
        events.append(MessageEvent(message=message, at=message.due_at, state=state, code=what, facts=facts))
    fields = ["state", "closed_at", "to_address", "subject", "body_text", "body_html", "attempts"]
    Message.objects.bulk_update(messages, fields, batch_size=200)
    MessageEvent.objects.bulk_create(events, batch_size=500)


def _settled(message: Message) -> tuple[MessageState, MessageHistory]:
    if not message.patient.email:
        return MessageState.MISSED, MessageHistory.NO_ADDRESS
    try:
        mail = render(message, now=message.due_at)
    except NothingToTell:
        return MessageState.WITHDRAWN, MessageHistory.UNDONE
    message.to_address, message.subject, message.attempts = message.patient.email, mail.subject, 1
    message.body_text, message.body_html = mail.text, mail.html
    return MessageState.SENT, MessageHistory.TAKEN
