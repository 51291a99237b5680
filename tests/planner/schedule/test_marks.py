"""Nothing done by a click is final, and what is taken back is as it was before."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from planner.choices import SessionState
from planner.models import Message, Reservation, Series, Session
from planner.outbox.untold_changes import DateChange, cancellations_untold, moves_untold
from planner.schedule.marks import add_session, restore_series, take_back
from tests.makers import NOW, make_steps, new_key
from tests.planner.desk import Desk, held, kinds, open_desk, refused, session_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def desk() -> Desk:
    place = open_desk()
    make_steps(place.version)
    return place


def as_it_stands(series: Series) -> list[Any]:
    """Everything but the history and the counts of changes; of the messages those that would leave."""
    sessions = Session.objects.filter(series=series).order_by("number")
    waiting = Message.objects.filter(series=series, state="waiting", session__isnull=False)
    return [
        Series.objects.values_list("state", "sessions_planned").get(pk=series.pk),
        list(sessions.values_list("number", "state", "starts_at", "ends_at", "arrived_at", "done_at")),
        held(series),
        set(waiting.values_list("session__number", "step", "due_at")),
    ]


def at_ten(session: Session) -> datetime:
    assert session.starts_at is not None
    return session.starts_at


Click = Callable[[Desk, Session], Session]
CLICKS: dict[str, Click] = {
    "confirmed": lambda desk, session: desk.mark(session, SessionState.CONFIRMED),
    "arrived": lambda desk, session: desk.mark(session, SessionState.ARRIVED, now=at_ten(session)),
    "missed": lambda desk, session: desk.mark(session, SessionState.NO_SHOW, now=at_ten(session)),
    "released": lambda desk, session: desk.mark(session, SessionState.RELEASED),
    "cancelled": lambda desk, session: desk.cancel(session),
}


@pytest.mark.parametrize("was", ["booked", "confirmed"])
@pytest.mark.parametrize("click", CLICKS)
def test_a_click_and_its_taking_back_leave_everything_as_it_was(desk: Desk, click: str, was: str) -> None:
    if click == was == "confirmed":
        return
    series = desk.booked()
    if was == "confirmed":
        desk.mark(session_of(series, 2), SessionState.CONFIRMED)
    before = as_it_stands(series)
    clicked = CLICKS[click](desk, session_of(series, 2))
    assert as_it_stands(series) != before
    now = NOW if click not in ("arrived", "missed") else at_ten(clicked)
    back = desk.take_back(clicked, now=now)
    assert back.state == was
    if click == "missed":  # its preparation is past by then
        assert as_it_stands(series)[:3] == before[:3]
    else:
        assert as_it_stands(series) == before


def test_a_cancelled_session_that_had_no_time_comes_back_without_one(desk: Desk) -> None:
    series = desk.series()
    back = desk.take_back(desk.cancel(session_of(series, 2)))
    assert (back.state, back.starts_at, Series.objects.get(pk=series.pk).state) == ("planned", None, "draft")


def test_a_time_that_has_gone_is_refused_and_the_session_may_come_back_without_it(desk: Desk) -> None:
    series = desk.booked()
    gone = desk.cancel(session_of(series, 2))
    desk.book(desk.series(sessions_planned=1), [desk.visit(1, datetime(2027, 2, 23, 10))])
    with refused(*["slot_taken"] * 3):
        desk.take_back(gone)
    back = desk.take_back(gone, keeps_time=False)
    assert (back.state, back.starts_at, back.ends_at) == ("planned", None, None)


def test_a_cancellation_that_was_told_is_told_to_be_off(desk: Desk) -> None:
    """It would have said nothing: the date is the one that the booking said."""
    series = desk.booked()
    Message.objects.filter(series=series, session=None).update(state="sent", created_at=NOW)
    later = NOW + timedelta(hours=1)
    gone = desk.cancel(session_of(series, 2), now=later)
    told = Message.objects.filter(series=series, session=None, state="waiting")
    told.update(state="sent", created_at=later)
    assert moves_untold(series, later) == ()
    back = desk.take_back(gone, now=later + timedelta(hours=1))
    assert moves_untold(series, later) == (DateChange(None, back.starts_at),)
    assert Message.objects.filter(series=series, session=None, state="waiting").count() == 1


def test_a_cancellation_taken_back_before_it_was_told_says_nothing(desk: Desk) -> None:
    series = desk.booked()
    Message.objects.filter(series=series, session=None).update(state="sent", created_at=NOW)
    later = NOW + timedelta(hours=1)
    desk.take_back(desk.cancel(session_of(series, 2), now=later), now=later)
    assert (moves_untold(series, later), cancellations_untold(series)) == ((), ())


def test_a_stop_is_taken_back_as_a_whole(desk: Desk) -> None:
    series = desk.booked()
    desk.cancel(session_of(series, 4))
    before = as_it_stands(series)
    stopped = desk.stop(Series.objects.get(pk=series.pk), now=NOW + timedelta(minutes=1))
    assert stopped.state == "stopped"
    restored = restore_series(series.pk, by=desk.by, key=new_key(), version=stopped.version, now=NOW)
    assert (restored.state, as_it_stands(series)) == ("active", before)


def test_what_only_was_booked_or_has_begun_is_not_taken_back(desk: Desk) -> None:
    series = desk.booked()
    with refused("wrong_state"):
        desk.take_back(session_of(series, 1))
    for state in ("in_treatment", "done", "broken_off", "planned"):
        Session.objects.filter(series=series, number=1).update(state=state)
        with refused("wrong_state"):
            desk.take_back(session_of(series, 1))


def test_taking_back_twice_with_one_key_is_once(desk: Desk) -> None:
    session = desk.mark(session_of(desk.booked(), 1), SessionState.CONFIRMED)
    more = {"by": desk.by, "key": "the-same", "version": session.version, "now": NOW}
    assert [take_back(session.pk, **more).state for _ in range(2)] == ["booked"] * 2
    assert kinds(session) == ["booked", "confirmed", "taken_back"]


def test_a_time_given_back_is_free_and_nothing_about_it_leaves(desk: Desk) -> None:
    series = desk.booked()
    released = desk.mark(session_of(series, 2), SessionState.RELEASED)
    assert not Reservation.objects.filter(session=released, is_active=True).exists()
    about = Message.objects.filter(session=released)
    assert set(about.values_list("state", flat=True)) == {"withdrawn"}
    assert Message.objects.filter(series=series, session=None, state="waiting").count() == 1  # the booking's
    moved = desk.move(released, desk.visit(2, datetime(2027, 2, 24, 10)))
    assert (moved.state, kinds(moved)) == ("booked", ["booked", "released", "moved"])


def test_one_more_session_and_a_series_that_was_complete_goes_on(desk: Desk) -> None:
    series = desk.booked(sessions_planned=1)
    Session.objects.filter(series=series).update(state="done")
    Series.objects.filter(pk=series.pk).update(state="done")
    more = add_session(series.pk, by=desk.by, key=new_key(), version=series.version, now=NOW)
    assert (more.number, more.state, more.series.state, more.series.sessions_planned) == (
        2,
        "planned",
        "active",
        2,
    )
    Series.objects.filter(pk=series.pk).update(sessions_planned=20)
    with refused("too_many_sessions"):
        add_session(series.pk, by=desk.by, key=new_key(), version=more.series.version, now=NOW)


def test_who_came_is_said_on_a_later_day_with_the_time_it_was_to_begin(desk: Desk) -> None:
    """It said that nobody can have arrived today, and the visit could never be recorded."""
    session = session_of(desk.booked(), 1)
    came = desk.mark(session, SessionState.ARRIVED, now=at_ten(session) + 2 * DAY)
    assert (came.state, came.arrived_at) == ("arrived", session.starts_at)
