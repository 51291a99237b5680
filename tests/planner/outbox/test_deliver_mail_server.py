"""What a mail server may do, and what becomes of the message then."""

import random
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from pytest_django import Settings

from clinic.models import Location
from planner.models import Message
from planner.outbox.deliver import RETRY_AFTER, deliver_due
from planner.outbox.plan_messages import (
    messages_for_booking,
)
from tests.makers import (
    NOW,
    make_booked_series,
    make_patient,
    make_protocol_version,
)
from tests.planner.outbox.posted import HOUR, MINUTE, SOON, cancel, state_of
from tests.planner.sink import Sink, running

pytestmark = pytest.mark.django_db


# --- what a mail server may do ---


@pytest.fixture
def sink(settings: Settings) -> Iterator[Any]:
    with running(Sink()) as sink:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        yield sink


def test_a_batch_leaves_over_one_connection(location: Location, sink: Any) -> None:
    for _ in range(5):
        messages_for_booking(make_booked_series(location), now=NOW)
    assert deliver_due(now=SOON) == 5
    assert (len(sink.taken), sink.connections) == (5, 1)


def test_a_busy_server_is_asked_again_later_and_ever_more_rarely(confirmation: Any, sink: Any) -> None:
    sink.answers = ["451 try later"] * 5
    now, pauses = SOON, []
    for _ in range(5):
        assert deliver_due(now=now) == 0
        assert state_of(confirmation) == ("waiting", "The mail server asks to try later: 451 try later")
        assert deliver_due(now=confirmation.leased_until - timedelta(seconds=1)) == 0
        pauses.append(round((confirmation.leased_until - now) / MINUTE))
        now = confirmation.leased_until
    assert pauses == [1, 5, 30, 120, 120]
    assert deliver_due(now=now) == 1
    assert confirmation.due_at == SOON


def test_a_refusal_for_good_fails_at_once_and_holds_up_nobody(location: Location, sink: Any) -> None:
    for _ in range(2):
        messages_for_booking(make_booked_series(location), now=NOW)
    sink.answers = ["550 no such person"]
    assert deliver_due(now=SOON) == 1
    failed = Message.objects.get(state="failed")
    assert failed.events.last().detail == "Refused: 550 no such person"


def test_a_server_that_breaks_off_may_have_taken_the_mail(confirmation: Any, sink: Any) -> None:
    sink.answers = ["hang up"]
    assert deliver_due(now=SOON) == 0
    assert state_of(confirmation) == ("waiting", "The mail server broke off; it may have taken the mail.")
    assert confirmation.may_be_doubled is True
    assert deliver_due(now=SOON + RETRY_AFTER[0] + MINUTE) == 1


# Seen elsewhere: a fault of the mail server fails the booking, or is hidden.
def test_no_server_at_all_costs_no_attempt(confirmation: Any, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert [deliver_due(now=SOON + hours * HOUR) for hours in range(6)] == [0] * 6
    confirmation.refresh_from_db()
    assert (confirmation.state, confirmation.attempts) == ("waiting", 0)


def test_a_refused_recipient_is_a_refusal_for_good(confirmation: Any, sink: Any) -> None:
    sink.refuses_recipients = True
    assert deliver_due(now=SOON) == 0
    assert state_of(confirmation) == ("failed", "Refused: 553 not here")


def test_a_message_that_cannot_be_written_ends_after_five_attempts_and_holds_up_nobody(
    location: Location,
) -> None:
    bad = make_booked_series(location, patient=make_patient(location.clinic, email="a\n@example.com"))
    for series in (bad, make_booked_series(location)):
        messages_for_booking(series, now=NOW)
    message = bad.messages.get(session=None)
    now, ends = SOON, []
    for _ in range(5):
        deliver_due(now=now)
        ends.append(state_of(message)[0])
        now = message.leased_until or now
    assert ends == ["waiting"] * 4 + ["failed"]
    assert message.events.last().detail == "It could not be made into a mail: BadHeaderError"
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
# Seen elsewhere: a reminder leaves after the visit was cancelled.
def test_no_mail_is_taken_after_its_session_was_cancelled(location: Location, sink: Any) -> None:
    version = make_protocol_version(location.clinic)
    fields = {"version": version, "sessions_planned": 1}
    sessions = [make_booked_series(location, **fields).sessions.get() for _ in range(20)]
    for session in sessions:
        with transaction.atomic():
            messages_for_booking(session.series, now=NOW)
    about = dict(Message.objects.filter(step__code="before_1d").values_list("session_id", "message_id"))
    Message.objects.exclude(step__code="before_1d").delete()
    day_before = Message.objects.first().due_at
    sending = threading.Thread(target=lambda: (deliver_due(now=day_before), connection.close()))
    sending.start()
    cancelled_at = {}
    for session in random.Random(8).sample(sessions, 10):
        cancel(session)
        cancelled_at[about[session.pk]] = time.monotonic()
    sending.join()
    late = [each for each in cancelled_at if sink.taken_at.get(each, 0) > cancelled_at[each]]
    unsent = set(Message.objects.filter(state="withdrawn").values_list("message_id", flat=True))
    assert late == []
    assert set(about.values()) - unsent == set(sink.taken_at)
    assert 0 < len(unsent) <= 10
