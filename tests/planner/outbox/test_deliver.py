"""Sending what is due: once, for the state of things now, and whatever the mail server does."""

import random
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import connection, transaction

from planner.models import Message, Series, Session
from planner.outbox.deliver import RETRY_AFTER, deliver_due
from planner.outbox.plan_messages import (
    messages_for_booking,
    messages_for_cancellation,
    messages_for_change,
    messages_for_completion,
    send_now,
    withdraw,
)
from tests.makers import (
    NOW,
    acting,
    make_booked_series,
    make_location,
    make_patient,
    make_protocol_version,
    make_staff,
    new_key,
)
from tests.planner.sink import Sink, running

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SOON = NOW + 3 * MINUTE


@pytest.fixture
def location():
    return make_location(phone="0113 555 0142", email="desk@linden.example")


@pytest.fixture
def series(location):
    series = make_booked_series(location)
    with transaction.atomic():
        messages_for_booking(series, now=NOW)
    return series


@pytest.fixture
def confirmation(series):
    return Message.objects.get(session=None)


@pytest.fixture
def done(location):
    """The first session of a series, just finished, with its aftercare waiting."""
    session = make_booked_series(location, first=NOW - 2 * HOUR).sessions.get(number=1)
    session.state, session.done_at = "done", NOW
    session.save()
    messages_for_completion(session, now=NOW)
    return session


def state_of(message: Message) -> tuple[str, str]:
    """The message's state and the last line of its history."""
    message.refresh_from_db()
    return message.state, message.events.last().detail


def subjects() -> list[str]:
    return [sent.subject for sent in mail.outbox]


def sent_codes() -> list[str]:
    return list(Message.objects.filter(state="sent").order_by("due_at").values_list("step__code", flat=True))


# --- the ordinary day ---


def test_nothing_due_is_no_error():  # case 35
    assert deliver_due(now=NOW) == 0


def test_a_message_leaves_when_it_is_due_and_not_before(confirmation):
    assert deliver_due(now=SOON - timedelta(seconds=1)) == 0
    assert deliver_due(now=SOON) == 1
    assert subjects() == ["Your dates at Linden Row"]


def test_what_left_is_kept_as_it_left(confirmation):
    deliver_due(now=SOON)
    confirmation.refresh_from_db()
    sent = mail.outbox[0]
    assert (confirmation.state, confirmation.attempts) == ("sent", 1)
    assert confirmation.to_address == confirmation.patient.email == sent.to[0]
    assert confirmation.subject == sent.subject
    assert confirmation.body_text == sent.body
    assert confirmation.body_html == sent.alternatives[0].content
    assert state_of(confirmation) == ("sent", "Taken by the mail server.")


def test_a_message_leaves_once(confirmation):
    assert [deliver_due(now=SOON), deliver_due(now=SOON + MINUTE)] == [1, 0]
    assert len(mail.outbox) == 1


def test_a_batch_ends_at_its_limit(location):
    for _ in range(3):
        messages_for_booking(make_booked_series(location), now=NOW)
    assert [deliver_due(now=SOON, limit=2), deliver_due(now=SOON, limit=2)] == [2, 1]


# --- the state of things now ---


def test_a_session_cancelled_while_its_message_waits_sends_nothing(series):  # case 37
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
def test_a_message_about_what_is_no_more_is_withdrawn_at_the_last_moment(series, changed, why):
    message = Message.objects.get(session__number=1, step__code="before_1d")
    Message.objects.exclude(pk=message.pk).delete()
    Session.objects.filter(pk=message.session_id).update(**changed)
    assert deliver_due(now=message.due_at) == 0
    assert state_of(message) == ("withdrawn", why)
    assert mail.outbox == []


def test_a_move_undone_within_the_grace_is_never_told(series):  # case 60
    deliver_due(now=SOON)
    session = series.sessions.get(number=1)
    for days in (1, -1):
        was = session.starts_at
        session.starts_at, session.ends_at = session.starts_at + days * DAY, session.ends_at + days * DAY
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
def test_a_patient_without_mail_holds_up_nobody(location, fields, end):  # case 36
    silent = make_booked_series(location, patient=make_patient(location.clinic, **fields))
    for series in (silent, make_booked_series(location)):
        messages_for_booking(series, now=NOW)
    assert deliver_due(now=SOON) == 1
    assert state_of(silent.messages.get(session=None)) == end


# --- late ---


def test_what_has_expired_is_never_sent(confirmation):  # cases 33, 34
    assert deliver_due(now=confirmation.expires_at) == 0
    assert state_of(confirmation) == ("missed", "It would have come too late.")


def test_after_an_outage_one_note_about_a_session_leaves_and_not_a_burst(done):  # case 34
    deliver_due(now=NOW + 4 * DAY)
    assert sent_codes() == []  # day 3 has expired by its own rule
    states = dict(Message.objects.values_list("step__code", "state"))
    assert (states["after_1d"], states["after_3d"], states["after_7d"]) == ("missed", "missed", "waiting")


def test_of_two_steps_due_after_an_outage_the_newest_is_kept(done):  # case 34
    Message.objects.update(expires_at=NOW + 60 * DAY)
    assert deliver_due(now=NOW + 7 * DAY + HOUR) == 1
    assert sent_codes() == ["after_7d"]
    overtaken = Message.objects.get(step__code="after_3d")
    assert state_of(overtaken) == (
        "missed",
        "After a delay a newer note was due as well; only that one leaves.",
    )


def test_yesterdays_note_gives_way_to_the_one_of_today(done):  # case 34
    Message.objects.update(expires_at=NOW + 60 * DAY)
    at_eight = datetime(2027, 1, 12, 8, 0, tzinfo=UTC)
    assert deliver_due(now=at_eight) == 0
    assert deliver_due(now=at_eight + HOUR) == 1
    assert sent_codes() == ["after_1d"]


def test_aftercare_of_the_ordinary_day_is_all_sent(done):
    for message in Message.objects.order_by("due_at"):
        assert deliver_due(now=message.due_at) == 1
    assert len(mail.outbox) == 6


def test_a_late_message_waits_for_the_end_of_quiet_hours(confirmation):
    at_night = datetime(2027, 1, 11, 23, 0, tzinfo=UTC)
    assert deliver_due(now=at_night) == 0
    assert state_of(confirmation) == ("waiting", "Waits for the end of the quiet hours.")
    assert (confirmation.due_at, confirmation.attempts) == (datetime(2027, 1, 12, 8, 0, tzinfo=UTC), 0)
    assert deliver_due(now=confirmation.due_at) == 1


def test_a_person_may_send_in_quiet_hours(confirmation, location):
    at_night = datetime(2027, 1, 11, 23, 0, tzinfo=UTC)
    send_now(confirmation.pk, key=new_key(), by=acting(make_staff(location)), now=at_night)
    assert deliver_due(now=at_night) == 1


def test_a_location_without_quiet_hours_sends_at_night(confirmation, location):
    location.quiet_from = location.quiet_to = "00:00"
    location.save()
    assert deliver_due(now=datetime(2027, 1, 11, 23, 0, tzinfo=UTC)) == 1


# --- a worker that stopped ---


def test_a_message_whose_worker_stopped_is_sent_again_under_its_id_and_marked(confirmation):
    Message.objects.filter(pk=confirmation.pk).update(state="sending", attempts=1, leased_until=SOON + MINUTE)
    assert deliver_due(now=SOON) == 0
    assert deliver_due(now=SOON + MINUTE) == 1
    confirmation.refresh_from_db()
    assert (confirmation.state, confirmation.attempts, confirmation.may_be_doubled) == ("sent", 2, True)
    assert mail.outbox[0].extra_headers["Message-ID"] == confirmation.message_id


def test_a_message_that_stops_every_worker_is_given_up(confirmation):
    Message.objects.filter(pk=confirmation.pk).update(state="sending", attempts=5, leased_until=NOW)
    assert deliver_due(now=SOON) == 0
    assert state_of(confirmation) == ("failed", "Sending was interrupted too often; it may have arrived.")


@pytest.mark.django_db(transaction=True)
def test_a_message_that_another_worker_holds_is_left_to_it(confirmation):
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
    series, confirmation
):  # no mail after the cancel
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
def test_a_message_withdrawn_while_it_is_claimed_does_not_leave(series, confirmation, location):
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


# --- what a mail server may do ---


@pytest.fixture
def sink(settings):
    with running(Sink()) as sink:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        yield sink


def test_a_batch_leaves_over_one_connection(location, sink):
    for _ in range(5):
        messages_for_booking(make_booked_series(location), now=NOW)
    assert deliver_due(now=SOON) == 5
    assert (len(sink.taken), sink.connections) == (5, 1)


def test_a_busy_server_is_asked_again_later_and_ever_more_rarely(confirmation, sink):
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


def test_a_refusal_for_good_fails_at_once_and_holds_up_nobody(location, sink):
    for _ in range(2):
        messages_for_booking(make_booked_series(location), now=NOW)
    sink.answers = ["550 no such person"]
    assert deliver_due(now=SOON) == 1
    failed = Message.objects.get(state="failed")
    assert failed.events.last().detail == "Refused: 550 no such person"


def test_a_server_that_breaks_off_may_have_taken_the_mail(confirmation, sink):
    sink.answers = ["hang up"]
    assert deliver_due(now=SOON) == 0
    assert state_of(confirmation) == ("waiting", "The mail server broke off; it may have taken the mail.")
    assert confirmation.may_be_doubled is True
    assert deliver_due(now=SOON + RETRY_AFTER[0] + MINUTE) == 1


def test_no_server_at_all_costs_no_attempt(confirmation, settings):  # case 44
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert [deliver_due(now=SOON + hours * HOUR) for hours in range(6)] == [0] * 6
    confirmation.refresh_from_db()
    assert (confirmation.state, confirmation.attempts) == ("waiting", 0)


def test_a_refused_recipient_is_a_refusal_for_good(confirmation, sink):
    sink.refuses_recipients = True
    assert deliver_due(now=SOON) == 0
    assert state_of(confirmation) == ("failed", "Refused: 553 not here")


def test_a_message_that_cannot_be_written_ends_after_five_attempts_and_holds_up_nobody(location):
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
def test_no_mail_is_taken_after_its_session_was_cancelled(location, sink):  # case 37
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


def cancel(session: Session) -> None:
    with transaction.atomic():
        locked = Session.objects.select_for_update(no_key=True).get(pk=session.pk)
        locked.state, locked.version = "cancelled", 2
        locked.save()
        messages_for_cancellation(locked.series, [locked], now=NOW)
