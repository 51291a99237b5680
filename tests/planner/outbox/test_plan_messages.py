"""What a booking, a change, a cancellation and a finished session put into the outbox."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from clinic.models import Location
from planner.models import Message, MessageEvent, Series, Session
from planner.outbox.plan_messages import (
    MessageClosed,
    MessageTooLate,
    messages_for_booking,
    messages_for_cancellation,
    messages_for_change,
    messages_for_completion,
    send_now,
    withdraw,
)
from tests.makers import NOW, acting, make_booked_series, make_location, make_patient, make_staff, new_key

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BEFORE = ["before_14d", "before_7d", "before_5d", "before_3d", "before_1d", "before_0d"]


@pytest.fixture
def location() -> Location:
    return make_location()


@pytest.fixture
def series(location: Location) -> Series:
    return make_booked_series(location)


def codes(**of: Any) -> list[str]:
    """Codes of the messages that wait, in the order they are due."""
    waiting = Message.objects.filter(**{"state": "waiting"} | of).order_by("due_at", "id")
    return list(waiting.values_list("step__code", flat=True))


def states(code: str) -> list[str]:
    return list(Message.objects.filter(step__code=code).order_by("id").values_list("state", flat=True))


def move(session: Session, days: int) -> None:
    session.starts_at += days * DAY  # type: ignore[assignment]
    session.ends_at += days * DAY  # type: ignore[assignment]
    session.version += 1
    session.save()


def cancel(session: Session) -> None:
    session.state = "cancelled"
    session.version += 1
    session.save()


def sent(code: str) -> None:
    assert Message.objects.filter(step__code=code, state="waiting").update(state="sent") == 1


# --- booking ---


# Seen elsewhere: two mails tell of one event.
def test_a_booked_series_gets_one_confirmation_after_the_minutes_of_grace(series: Series) -> None:
    messages_for_booking(series, now=NOW)
    confirmation = Message.objects.get(session=None)
    assert confirmation.step.code == "booked"
    assert confirmation.due_at == NOW + 3 * MINUTE
    assert confirmation.expires_at == NOW + 3 * MINUTE + 72 * HOUR


# Seen elsewhere: repeated visits share one reminder.
def test_every_session_gets_its_own_preparation(series: Series) -> None:
    messages_for_booking(series, now=NOW)
    assert [codes(session__number=number) for number in (1, 2, 3, 4)] == [BEFORE] * 4


# Seen elsewhere: times are an hour off after the clocks change; nine o'clock is nine in the seller's zone.
def test_preparation_is_due_at_its_hour_in_the_zone_of_the_location(location: Location) -> None:
    after_the_clocks_change = datetime(2027, 4, 12, 9, 0, tzinfo=UTC)
    messages_for_booking(make_booked_series(location, first=after_the_clocks_change), now=NOW)
    assert [m.due_at for m in Message.objects.filter(session__number=1).order_by("due_at")] == [
        datetime(2027, 3, 29, 9, 0, tzinfo=UTC),
        datetime(2027, 4, 5, 9, 0, tzinfo=UTC),
        datetime(2027, 4, 7, 9, 0, tzinfo=UTC),
        datetime(2027, 4, 9, 9, 0, tzinfo=UTC),
        datetime(2027, 4, 11, 9, 0, tzinfo=UTC),
        datetime(2027, 4, 12, 7, 0, tzinfo=UTC),
    ]


# Seen elsewhere: all reminders leave at once just after booking.
def test_steps_already_past_are_left_out(location: Location) -> None:
    messages_for_booking(make_booked_series(location, first=NOW + 2 * DAY, sessions_planned=1), now=NOW)
    assert codes() == ["booked", "before_1d", "before_0d"]


@pytest.mark.parametrize(("skin_type", "count"), [(3, 0), (4, 1), (6, 1), (None, 1)])
def test_dark_skin_is_told_four_weeks_ahead(location: Location, skin_type: Any, count: int) -> None:
    patient = make_patient(location.clinic, skin_type=skin_type)
    series = make_booked_series(location, patient=patient, first=NOW + 30 * DAY, sessions_planned=1)
    messages_for_booking(series, now=NOW)
    assert codes().count("before_28d") == count


def test_a_confirmation_waits_for_the_end_of_quiet_hours(series: Series) -> None:
    evening = datetime(2027, 1, 11, 20, 30, tzinfo=UTC)
    messages_for_booking(series, now=evening)
    assert Message.objects.get(session=None).due_at == datetime(2027, 1, 12, 8, 0, tzinfo=UTC)


def test_a_confirmation_that_cannot_wait_leaves_in_quiet_hours(location: Location) -> None:
    location.quiet_to = time(10)
    location.save()
    series = make_booked_series(location, first=datetime(2027, 1, 11, 10, 30, tzinfo=UTC), sessions_planned=1)
    messages_for_booking(series, now=NOW)
    assert Message.objects.get(session=None).due_at == NOW + 3 * MINUTE


# Seen elsewhere: one reminder leaves every hour of the day.
def test_booking_twice_writes_no_preparation_twice(series: Series) -> None:
    messages_for_booking(series, now=NOW)
    messages_for_booking(series, now=NOW + MINUTE)
    assert codes(session__number=1) == BEFORE
    assert states("booked") == ["withdrawn", "waiting"]


def test_message_ids_are_made_of_ids_and_version(series: Series, settings: Settings) -> None:
    settings.MAIL_DOMAIN = "clinic.example"
    messages_for_booking(series, now=NOW)
    first = Message.objects.get(session__number=2, step__code="before_1d")
    assert first.message_id == f"<{series.uuid.hex}.2.{first.step_id}.1@clinic.example>"


@pytest.mark.parametrize("sessions", [1, 6])
def test_writing_the_outbox_costs_the_same_for_any_number_of_sessions(
    location: Location, sessions: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    series = make_booked_series(location, sessions_planned=sessions)
    with django_assert_num_queries(5):
        messages_for_booking(series, now=NOW)


# Seen elsewhere: sending overwrites the state of the visit.
def test_a_session_state_is_never_changed_by_its_messages(series: Series) -> None:
    messages_for_booking(series, now=NOW)
    assert set(Session.objects.values_list("state", "version")) == {("booked", 1)}


# --- a change ---


# Seen elsewhere: editing a template cancels reminders and plans none anew; nobody is reminded again after
# a move.
def test_a_move_withdraws_the_old_preparation_and_plans_it_anew(series: Series) -> None:
    messages_for_booking(series, now=NOW)
    sent("booked")
    session = series.sessions.get(number=2)
    move(session, 2)
    messages_for_change(series, [session], now=NOW + DAY)
    assert states("before_7d") == ["waiting", "withdrawn", "waiting", "waiting", "waiting"]
    new = Message.objects.get(session=session, about_version=2, step__code="before_1d")
    assert new.due_at == datetime(2027, 3, 16, 10, 0, tzinfo=UTC)


def test_a_move_tells_the_patient_once(series: Series) -> None:
    messages_for_booking(series, now=NOW)
    sent("booked")
    later = list(series.sessions.filter(number__gte=2))
    for session in later:
        move(session, 7)
    messages_for_change(series, later, now=NOW + DAY)
    assert states("moved") == ["waiting"]
    assert Message.objects.get(step__code="moved").session is None


def test_two_moves_within_the_grace_make_one_mail(series: Series) -> None:
    messages_for_booking(series, now=NOW)
    sent("booked")
    session = series.sessions.get(number=1)
    for minutes in (0, 1):
        move(session, 1)
        messages_for_change(series, [session], now=NOW + DAY + minutes * MINUTE)
    assert states("moved") == ["withdrawn", "waiting"]
    assert Message.objects.get(step__code="moved", state="waiting").due_at == NOW + DAY + 4 * MINUTE


# Seen elsewhere: nobody is reminded again after a move.
def test_a_second_move_is_told_again_after_the_first_was_sent(series: Series) -> None:
    messages_for_booking(series, now=NOW)
    sent("booked")
    session = series.sessions.get(number=1)
    move(session, 1)
    messages_for_change(series, [session], now=NOW + DAY)
    sent("moved")
    move(session, 1)
    messages_for_change(series, [session], now=NOW + 2 * DAY)
    assert states("moved") == ["sent", "waiting"]


def test_a_confirmation_that_has_not_left_is_replaced_by_a_move(series: Series) -> None:
    messages_for_booking(series, now=NOW)
    session = series.sessions.get(number=1)
    move(session, 1)
    messages_for_change(series, [session], now=NOW + MINUTE)
    assert states("booked") == ["withdrawn", "waiting"]
    assert states("moved") == []


# --- a cancellation ---


# Seen elsewhere: a reminder leaves after the visit was cancelled.
def test_a_cancellation_withdraws_what_waits_and_tells_the_patient(series: Series) -> None:
    messages_for_booking(series, now=NOW)
    sent("booked")
    session = series.sessions.get(number=3)
    cancel(session)
    messages_for_cancellation(session.series, [session], now=NOW + DAY)
    assert codes(session=session) == []
    assert states("cancelled") == ["waiting"]
    assert [codes(session__number=number) for number in (1, 2, 4)] == [BEFORE] * 3


# Seen elsewhere: two mails tell of one event.
def test_several_cancellations_at_once_make_one_mail(series: Series) -> None:
    messages_for_booking(series, now=NOW)
    sent("booked")
    for session in series.sessions.all():
        cancel(session)
        messages_for_cancellation(session.series, [session], now=NOW + DAY)
    assert codes() == ["cancelled"]


def test_a_series_booked_and_cancelled_within_the_grace_tells_nothing(location: Location) -> None:
    series = make_booked_series(location, sessions_planned=1)
    messages_for_booking(series, now=NOW)
    session = series.sessions.get()
    cancel(session)
    messages_for_cancellation(session.series, [session], now=NOW + MINUTE)
    assert codes() == []


def test_a_whole_series_booked_and_cancelled_within_the_grace_tells_nothing(series: Series) -> None:
    messages_for_booking(series, now=NOW)
    sessions = list(series.sessions.all())
    for session in sessions:
        cancel(session)
    messages_for_cancellation(series, sessions, now=NOW + MINUTE)
    assert codes() == []


def test_a_session_of_the_past_is_cancelled_without_a_mail(location: Location) -> None:
    series = make_booked_series(location, first=NOW - DAY, sessions_planned=2)
    session = series.sessions.get(number=1)
    cancel(session)
    messages_for_cancellation(session.series, [session], now=NOW)
    assert codes() == []


# --- a finished session ---


def finish(session: Session, at: datetime) -> None:
    session.state, session.done_at = "done", at
    session.save()


def test_a_finished_session_gets_its_aftercare(location: Location) -> None:
    series = make_booked_series(location, first=NOW)
    session = series.sessions.get(number=1)
    finish(session, NOW + 2 * HOUR)
    messages_for_completion(session, now=NOW + 2 * HOUR)
    assert codes(session=session) == [
        "after_4h",
        "after_1d",
        "after_3d",
        "after_7d",
        "after_14d",
        "after_28d",
    ]
    assert Message.objects.get(step__code="after_4h").due_at == NOW + 6 * HOUR


def test_aftercare_counts_from_the_planned_end_if_the_record_is_finished_later(location: Location) -> None:
    session = make_booked_series(location, first=NOW).sessions.get(number=1)
    finish(session, NOW + 5 * HOUR)
    messages_for_completion(session, now=NOW + 5 * HOUR)
    assert Message.objects.get(step__code="after_4h").due_at == NOW + 6 * HOUR


def test_aftercare_counts_from_the_real_end_of_a_treatment_that_was_quicker(location: Location) -> None:
    session = make_booked_series(location, first=NOW).sessions.get(number=1)
    finish(session, NOW + HOUR)
    messages_for_completion(session, now=NOW + HOUR)
    assert Message.objects.get(step__code="after_4h").due_at == NOW + 5 * HOUR


def test_the_last_session_gets_the_looks_back_too(location: Location) -> None:
    series = make_booked_series(location, first=NOW, sessions_planned=2)
    other, session = series.sessions.get(number=1), series.sessions.get(number=2)
    cancel(other)
    finish(session, NOW + 37 * DAY)
    messages_for_completion(session, now=NOW + 37 * DAY)
    assert codes()[-2:] == ["after_12w", "after_24w"]


def test_finishing_twice_writes_nothing_twice(location: Location) -> None:
    session = make_booked_series(location, first=NOW).sessions.get(number=1)
    finish(session, NOW + HOUR)
    messages_for_completion(session, now=NOW + HOUR)
    messages_for_completion(session, now=NOW + HOUR)
    assert len(codes()) == 6


# --- by hand ---


@pytest.fixture
def message(series: Series) -> Any:
    messages_for_booking(series, now=NOW)
    return Message.objects.get(session__number=1, step__code="before_7d")


@pytest.fixture
def desk(location: Location) -> Any:
    return make_staff(location, name="Tom Ellis").user


def test_a_message_can_be_sent_now(message: Any, desk: Any) -> None:
    send_now(message.pk, key=new_key(), by=acting(desk), now=NOW + HOUR)
    message.refresh_from_db()
    assert (message.state, message.due_at) == ("waiting", NOW + HOUR)
    assert message.events.last().detail == "To be sent now: Tom Ellis"


def test_a_failed_message_can_be_tried_again(message: Any, desk: Any) -> None:
    Message.objects.filter(pk=message.pk).update(state="failed", attempts=5, closed_at=NOW)
    send_now(message.pk, key=new_key(), by=acting(desk), now=NOW + HOUR)
    message.refresh_from_db()
    assert (message.state, message.attempts, message.closed_at) == ("waiting", 0, None)


@pytest.mark.parametrize("state", ["sent", "sending", "withdrawn", "missed"])
def test_what_is_closed_or_leaving_is_not_sent_again(message: Any, desk: Any, state: str) -> None:
    Message.objects.filter(pk=message.pk).update(state=state)
    with pytest.raises(MessageClosed):
        send_now(message.pk, key=new_key(), by=acting(desk), now=NOW + HOUR)
    assert Message.objects.get(pk=message.pk).due_at == message.due_at
    assert MessageEvent.objects.filter(message=message).count() == 1


def test_what_has_expired_is_not_sent(message: Any, desk: Any) -> None:
    with pytest.raises(MessageTooLate):
        send_now(message.pk, key=new_key(), by=acting(desk), now=message.expires_at)
    assert Message.objects.get(pk=message.pk).due_at == message.due_at


def test_a_message_can_be_withdrawn_with_a_reason(message: Any, desk: Any) -> None:
    withdraw(message.pk, key=new_key(), by=acting(desk), now=NOW + HOUR, why="told her on the phone")
    message.refresh_from_db()
    assert (message.state, message.closed_at) == ("withdrawn", NOW + HOUR)
    assert message.events.last().detail == "Tom Ellis: told her on the phone"


def test_a_sent_message_is_not_withdrawn(message: Any, desk: Any) -> None:
    Message.objects.filter(pk=message.pk).update(state="sent")
    with pytest.raises(MessageClosed):
        withdraw(message.pk, key=new_key(), by=acting(desk), now=NOW + HOUR, why="")
    assert Message.objects.get(pk=message.pk).state == "sent"
