"""Sending what is due: once, for the state of things now, and whatever the mail server does."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction

from clinic.models import Location
from planner.models import Message, Series, Session
from planner.outbox.deliver import deliver_due
from planner.outbox.plan_messages import (
    messages_for_booking,
    messages_for_cancellation,
    messages_for_change,
    send_now,
    withdraw,
)
from tests.makers import (
    NOW,
    acting,
    make_booked_series,
    make_patient,
    make_staff,
    new_key,
)
from tests.planner.outbox.posted import DAY, HOUR, MINUTE, SOON, sent_codes, state_of, subjects

pytestmark = pytest.mark.django_db


# --- the ordinary day ---


# Seen elsewhere: the job dies when nothing is due.
def test_nothing_due_is_no_error() -> None:
    assert deliver_due(now=NOW) == 0


def test_a_message_leaves_when_it_is_due_and_not_before(confirmation: Any) -> None:
    assert deliver_due(now=SOON - timedelta(seconds=1)) == 0
    assert deliver_due(now=SOON) == 1
    assert subjects() == ["Your dates at Linden Row"]


def test_what_left_is_kept_as_it_left(confirmation: Any) -> None:
    deliver_due(now=SOON)
    confirmation.refresh_from_db()
    sent = mail.outbox[0]
    assert (confirmation.state, confirmation.attempts) == ("sent", 1)
    assert confirmation.to_address == confirmation.patient.email == sent.to[0]
    assert confirmation.subject == sent.subject
    assert confirmation.body_text == sent.body
    assert confirmation.body_html == sent.alternatives[0].content
    assert state_of(confirmation) == ("sent", "Taken by the mail server.")


def test_a_message_leaves_once(confirmation: Any) -> None:
    assert [deliver_due(now=SOON), deliver_due(now=SOON + MINUTE)] == [1, 0]
    assert len(mail.outbox) == 1


def test_a_batch_ends_at_its_limit(location: Location) -> None:
    for _ in range(3):
        messages_for_booking(make_booked_series(location), now=NOW)
    assert [deliver_due(now=SOON, limit=2), deliver_due(now=SOON, limit=2)] == [2, 1]


# --- the state of things now ---


# Seen elsewhere: a reminder leaves after the visit was cancelled.
def test_a_session_cancelled_while_its_message_waits_sends_nothing(series: Series) -> None:
    deliver_due(now=SOON)
    session = series.sessions.get(number=1)
    session.state, session.version = "cancelled", 2
    session.save()
    messages_for_cancellation(session.series, [session], now=SOON)
    Message.objects.filter(step__code="cancelled").delete()
    assert deliver_due(now=session.starts_at - HOUR) == 0
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"version": 2}, "The session has changed since."),
        ({"state": "cancelled"}, "The session is: Cancelled."),
        ({"state": "arrived"}, "The session is: Arrived."),
    ],
)
def test_a_message_about_what_is_no_more_is_withdrawn_at_the_last_moment(
    series: Series, changed: dict[str, Any], why: str
) -> None:
    message = Message.objects.get(session__number=1, step__code="before_1d")
    Message.objects.exclude(pk=message.pk).delete()
    Session.objects.filter(pk=message.session_id).update(**changed)
    assert deliver_due(now=message.due_at) == 0
    assert state_of(message) == ("withdrawn", why)
    assert mail.outbox == []


# Seen elsewhere: a slip of the hand has sent a mail already.
def test_a_move_undone_within_the_grace_is_never_told(series: Series) -> None:
    deliver_due(now=SOON)
    session = series.sessions.get(number=1)
    for days in (1, -1):
        was = session.starts_at
        session.starts_at, session.ends_at = session.starts_at + days * DAY, session.ends_at + days * DAY  # type: ignore[assignment]
        session.version += 1
        session.save()
        session.events.create(kind="moved", at=SOON + MINUTE, was_at=was, now_at=session.starts_at)
        messages_for_change(series, [session], now=SOON + MINUTE)
    assert deliver_due(now=SOON + HOUR) == 0
    last = Message.objects.get(step__code="moved", about_version=2)
    assert state_of(last) == ("withdrawn", "Nothing is left to tell: it was undone.")


@pytest.mark.parametrize(
    ("fields", "end"),
    [
        ({"email": ""}, ("missed", "The patient has no e-mail address.")),
        ({"mail_allowed": False}, ("withdrawn", "The patient does not want mail.")),
    ],
)
# Seen elsewhere: one patient without an address stops all others.
def test_a_patient_without_mail_holds_up_nobody(location: Location, fields: dict[str, Any], end: Any) -> None:
    silent = make_booked_series(location, patient=make_patient(location.clinic, **fields))
    for series in (silent, make_booked_series(location)):
        messages_for_booking(series, now=NOW)
    assert deliver_due(now=SOON) == 1
    assert state_of(silent.messages.get(session=None)) == end


# --- late ---


# Seen elsewhere: a missed tick loses the reminder, or sends it long after it made sense; after an outage
# one person gets a burst of messages.
def test_what_has_expired_is_never_sent(confirmation: Any) -> None:
    assert deliver_due(now=confirmation.expires_at) == 0
    assert state_of(confirmation) == ("missed", "It would have come too late.")


# Seen elsewhere: after an outage one person gets a burst of messages.
def test_after_an_outage_one_note_about_a_session_leaves_and_not_a_burst(done: Any) -> None:
    deliver_due(now=NOW + 4 * DAY)
    assert sent_codes() == []  # day 3 has expired by its own rule
    states = dict(Message.objects.values_list("step__code", "state"))
    assert (states["after_1d"], states["after_3d"], states["after_7d"]) == ("missed", "missed", "waiting")


# Seen elsewhere: after an outage one person gets a burst of messages.
def test_of_two_steps_due_after_an_outage_the_newest_is_kept(done: Any) -> None:
    Message.objects.update(expires_at=NOW + 60 * DAY)
    assert deliver_due(now=NOW + 7 * DAY + HOUR) == 1
    assert sent_codes() == ["after_7d"]
    overtaken = Message.objects.get(step__code="after_3d")
    assert state_of(overtaken) == (
        "missed",
        "After a delay a newer note was due as well; only that one leaves.",
    )


# Seen elsewhere: after an outage one person gets a burst of messages.
def test_yesterdays_note_gives_way_to_the_one_of_today(done: Any) -> None:
    Message.objects.update(expires_at=NOW + 60 * DAY)
    at_eight = datetime(2027, 1, 12, 8, 0, tzinfo=UTC)
    assert deliver_due(now=at_eight) == 0
    assert deliver_due(now=at_eight + HOUR) == 1
    assert sent_codes() == ["after_1d"]


def test_aftercare_of_the_ordinary_day_is_all_sent(done: Any) -> None:
    for message in Message.objects.order_by("due_at"):
        assert deliver_due(now=message.due_at) == 1
    assert len(mail.outbox) == 6


def test_a_late_message_waits_for_the_end_of_quiet_hours(confirmation: Any) -> None:
    at_night = datetime(2027, 1, 11, 23, 0, tzinfo=UTC)
    assert deliver_due(now=at_night) == 0
    assert state_of(confirmation) == ("waiting", "Waits for the end of the quiet hours.")
    assert (confirmation.due_at, confirmation.attempts) == (datetime(2027, 1, 12, 8, 0, tzinfo=UTC), 0)
    assert deliver_due(now=confirmation.due_at) == 1


def test_a_person_may_send_in_quiet_hours(confirmation: Any, location: Location) -> None:
    at_night = datetime(2027, 1, 11, 23, 0, tzinfo=UTC)
    send_now(confirmation.pk, key=new_key(), by=acting(make_staff(location)), now=at_night)
    assert deliver_due(now=at_night) == 1


def test_a_location_without_quiet_hours_sends_at_night(confirmation: Any, location: Location) -> None:
    location.quiet_from = location.quiet_to = "00:00"
    location.save()
    assert deliver_due(now=datetime(2027, 1, 11, 23, 0, tzinfo=UTC)) == 1


# --- a worker that stopped ---


def test_a_message_whose_worker_stopped_is_sent_again_under_its_id_and_marked(confirmation: Any) -> None:
    Message.objects.filter(pk=confirmation.pk).update(state="sending", attempts=1, leased_until=SOON + MINUTE)
    assert deliver_due(now=SOON) == 0
    assert deliver_due(now=SOON + MINUTE) == 1
    confirmation.refresh_from_db()
    assert (confirmation.state, confirmation.attempts, confirmation.may_be_doubled) == ("sent", 2, True)
    assert mail.outbox[0].extra_headers["Message-ID"] == confirmation.message_id


def test_a_message_that_stops_every_worker_is_given_up(confirmation: Any) -> None:
    Message.objects.filter(pk=confirmation.pk).update(state="sending", attempts=5, leased_until=NOW)
    assert deliver_due(now=SOON) == 0
    assert state_of(confirmation) == ("failed", "Sending was interrupted too often; it may have arrived.")


@pytest.mark.django_db(transaction=True)
def test_a_message_that_another_worker_holds_is_left_to_it(confirmation: Any) -> None:
    found = []
    with transaction.atomic():
        Message.objects.select_for_update().get(pk=confirmation.pk)
        other = threading.Thread(target=lambda: (found.append(deliver_due(now=SOON)), connection.close()))
        other.start()
        other.join(timeout=5)
    assert found == [0]
    assert deliver_due(now=SOON) == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_locks_the_series_first_decides_what_is_sent(
    series: Series, confirmation: Any
) -> None:  # no mail after the cancel
    sending = threading.Thread(target=lambda: (deliver_due(now=SOON), connection.close()))
    with transaction.atomic():
        Series.objects.select_for_update(no_key=True).get(pk=series.pk)
        sending.start()
        sending.join(timeout=0.3)
        assert sending.is_alive()
        for session in series.sessions.all():
            session.state, session.version = "cancelled", 2
            session.save()
            messages_for_cancellation(session.series, [session], now=SOON)
    sending.join()
    assert mail.outbox == []
    assert state_of(confirmation)[0] == "withdrawn"


@pytest.mark.django_db(transaction=True)
def test_a_message_withdrawn_while_it_is_claimed_does_not_leave(
    series: Series, confirmation: Any, location: Location
) -> None:
    desk = make_staff(location).user
    sending = threading.Thread(target=lambda: (deliver_due(now=SOON), connection.close()))
    with transaction.atomic():
        Series.objects.select_for_update(no_key=True).get(pk=series.pk)
        sending.start()
        wait_until_claimed(confirmation)
        withdraw(confirmation.pk, key=new_key(), by=acting(desk), now=SOON, why="told her")
    sending.join()
    assert mail.outbox == []
    assert state_of(confirmation)[0] == "withdrawn"


def wait_until_claimed(message: Message) -> None:
    until = time.monotonic() + 5
    while Message.objects.get(pk=message.pk).state != "sending":
        assert time.monotonic() < until
        time.sleep(0.01)
