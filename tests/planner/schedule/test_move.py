"""Moving, cancelling, stopping, and what the desk marks on the day."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from patients.models import Consent
from planner.choices import SeriesState, SessionState
from planner.models import Message, Reservation, Session, SessionEvent
from planner.schedule.book import move_sessions
from tests.makers import (
    NOW,
    make_room,
    make_steps,
    new_key,
)
from tests.planner.desk import Desk, elsewhere, everything, held, kinds, open_desk, refused, session_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def desk() -> Desk:
    return open_desk()


# Moving


# Seen elsewhere: a moved visit appears twice; moving one visit of a series makes more of them.
def test_one_session_moves_and_the_rest_stays(desk: Desk) -> None:
    series = desk.booked()
    visit = elsewhere(desk.visits()[1], days=1, hours=2)
    before = {each.pk: each.starts_at for each in series.sessions.all()}
    moved = desk.move(session_of(series, 2), visit, reason="School holidays")
    after = {each.pk: each.starts_at for each in series.sessions.all()}
    event = moved.events.get(kind="moved")
    assert after == before | {moved.pk: visit.starts_at}
    assert (moved.version, moved.state) == (3, "booked")
    assert (event.was_at, event.now_at, event.reason, event.by) == (
        before[moved.pk],
        visit.starts_at,
        "School holidays",
        desk.by.user,
    )
    assert Reservation.objects.filter(is_active=True).count() == 12


# Seen elsewhere: a visit of a series can be cancelled and not moved.
def test_this_and_later_sessions_move_together_even_into_each_others_places(desk: Desk) -> None:
    series = desk.booked()
    visits = desk.visits(4, first=datetime(2027, 2, 23))
    moved = desk.move(session_of(series, 1), *visits)
    assert [each.starts_at for each in series.sessions.all()] == [visit.starts_at for visit in visits]
    assert (moved.number, moved.version) == (1, 3)


def test_a_session_may_overlap_where_it_was_itself(desk: Desk) -> None:
    series = desk.booked()
    visit = elsewhere(desk.visits()[1], minutes=15)
    assert desk.move(session_of(series, 2), visit).starts_at == visit.starts_at


def test_only_the_room_changes(desk: Desk) -> None:
    series = desk.booked()
    room = make_room(desk.location, name="Room 2")
    desk.move(session_of(series, 2), replace(desk.visits()[1], room_id=room.pk))
    assert {row[1] for row in held(series) if row[0] == 2} == {"Priya Nair", "Room 2", "Pen A"}


def test_a_move_to_where_it_is_changes_nothing(desk: Desk) -> None:
    series = desk.booked()
    rows = everything()[:5]
    desk.move(session_of(series, 2), *desk.visits()[1:])
    assert everything()[:5] == rows


def test_a_move_repeated_with_its_key_moves_once(desk: Desk) -> None:
    series = desk.booked()
    session = session_of(series, 2)
    asked = {"by": desk.by, "key": new_key(), "version": session.version, "now": NOW}
    visit = elsewhere(desk.visits()[1], days=1)
    move_sessions(session.pk, [visit], **asked)
    after = everything()
    move_sessions(session.pk, [visit], **asked)
    assert everything() == after


def test_a_stale_page_moves_nothing(desk: Desk) -> None:
    series = desk.booked()
    session = session_of(series, 2)
    desk.move(session, elsewhere(desk.visits()[1], days=1))
    with refused("stale"):
        desk.move(session, elsewhere(desk.visits()[1], days=2))


@pytest.mark.parametrize("numbers", [[1], [1, 2], [3], [2, 2], [2, 5], []])
def test_only_this_session_and_later_ones_move(desk: Desk, numbers: Any) -> None:
    series = desk.booked()
    visits = [replace(desk.visits()[1], number=number) for number in numbers]
    with refused("not_this_series"):
        desk.move(session_of(series, 2), *visits)


# Seen elsewhere: a visit too early or too late after the last is let through.
def test_a_move_respects_the_gaps_on_both_sides(desk: Desk) -> None:
    series = desk.booked()
    with refused("too_soon") as facts:
        desk.move(session_of(series, 2), elsewhere(desk.visits()[1], days=8))
    assert (facts[0]["number"], facts[0]["after"], facts[0]["days"]) == (3, 2, 27)
    with refused("too_soon") as facts:
        desk.move(session_of(series, 2), elsewhere(desk.visits()[1], days=-8))
    assert (facts[0]["number"], facts[0]["after"], facts[0]["days"]) == (2, 1, 27)


def test_a_move_into_the_past_is_refused(desk: Desk) -> None:
    series = desk.booked()
    now = datetime(2027, 2, 10, 9, tzinfo=UTC)
    with refused("in_the_past"):
        desk.move(session_of(series, 2), desk.visit(2, datetime(2027, 2, 9, 10)), now=now)


@pytest.mark.parametrize("state", ["arrived", "in_treatment", "done", "cancelled"])
# Seen elsewhere: a change of a series brings a cancelled visit back.
def test_a_session_under_way_or_closed_does_not_move(desk: Desk, state: str) -> None:
    series = desk.booked()
    Session.objects.filter(series=series, number=2).update(state=state)
    with refused("wrong_state"):
        desk.move(session_of(series, 2), elsewhere(desk.visits()[1], days=1))


def test_a_session_of_a_draft_is_not_moved_into_the_schedule(desk: Desk) -> None:
    series = desk.series()
    with refused("series_closed"):
        desk.move(session_of(series, 1), desk.visits()[0])


def test_a_confirmed_session_that_moves_has_to_be_confirmed_again(desk: Desk) -> None:
    series = desk.booked()
    confirmed = desk.mark(session_of(series, 2), SessionState.CONFIRMED)
    moved = desk.move(confirmed, elsewhere(desk.visits()[1], days=1))
    assert moved.state == SessionState.BOOKED


def test_a_moved_session_withdraws_its_mails_and_plans_new_ones(desk: Desk) -> None:
    make_steps(desk.version)
    series = desk.booked()
    moved = desk.move(session_of(series, 2), elsewhere(desk.visits()[1], days=1))
    open_versions = set(moved.messages.filter(state="waiting").values_list("about_version", flat=True))
    assert open_versions == {3}


# Cancelling


def test_a_cancelled_session_frees_its_time_and_the_series_goes_on(desk: Desk) -> None:
    series = desk.booked()
    cancelled = desk.cancel(session_of(series, 2))
    states = list(series.sessions.values_list("state", flat=True))
    series.refresh_from_db()
    assert states == ["booked", "cancelled", "booked", "booked"]
    assert (series.state, series.version, cancelled.version) == ("active", 3, 3)
    assert {row[0] for row in held(series)} == {1, 3, 4}
    assert kinds(cancelled) == ["booked", "cancelled"]
    assert desk.book(desk.series(sessions_planned=1), [replace(desk.visits()[1], number=1)])


# Seen elsewhere: a change of a series brings a cancelled visit back.
def test_cancelled_stays_cancelled(desk: Desk) -> None:
    series = desk.booked()
    cancelled = desk.cancel(session_of(series, 2))
    for action in (
        lambda: desk.cancel(cancelled),
        lambda: desk.mark(cancelled, SessionState.BOOKED),
        lambda: desk.move(cancelled, desk.visits()[1]),
    ):
        with refused("wrong_state"):
            action()  # type: ignore[no-untyped-call]


def test_a_stale_page_cancels_nothing(desk: Desk) -> None:
    session = session_of(desk.booked(), 2)
    desk.move(session, elsewhere(desk.visits()[1], days=1))
    with refused("stale"):
        desk.cancel(session)


def test_cancelling_the_last_open_session_closes_the_series(desk: Desk) -> None:
    series = desk.booked(sessions_planned=2)
    Session.objects.filter(series=series, number=1).update(state="done")
    desk.cancel(session_of(series, 2))
    series.refresh_from_db()
    assert series.state == SeriesState.DONE


def test_a_series_of_which_nothing_was_done_is_stopped_by_its_last_cancellation(desk: Desk) -> None:
    series = desk.booked(sessions_planned=1)
    desk.cancel(session_of(series, 1))
    series.refresh_from_db()
    assert series.state == SeriesState.STOPPED


def test_a_stopped_series_frees_everything_to_come(desk: Desk) -> None:
    make_steps(desk.version)
    series = desk.booked()
    Session.objects.filter(series=series, number=1).update(state="done")
    stopped = desk.stop(series)
    assert stopped.state == SeriesState.STOPPED
    assert list(series.sessions.values_list("state", flat=True)) == ["done"] + ["cancelled"] * 3
    assert {row[0] for row in held(series)} == {1}
    assert not Message.objects.filter(session__number__gt=1, state="waiting").exists()


def test_a_series_booked_and_stopped_within_the_grace_tells_the_patient_nothing(desk: Desk) -> None:
    make_steps(desk.version)
    desk.stop(desk.booked())
    assert not Message.objects.filter(state="waiting").exists()


def test_a_series_is_not_stopped_from_a_stale_page_nor_during_treatment(desk: Desk) -> None:
    series = desk.booked()
    Session.objects.filter(series=series, number=1).update(state="in_treatment")
    with refused("wrong_state"):
        desk.stop(series)
    with refused("stale"):
        desk.stop(series, version=1)


# States


def test_confirming_changes_neither_time_nor_version(desk: Desk) -> None:
    session = session_of(desk.booked(), 1)
    confirmed = desk.mark(session, SessionState.CONFIRMED)
    assert (confirmed.state, confirmed.version) == ("confirmed", session.version)
    assert kinds(confirmed) == ["booked", "confirmed"]


# Seen elsewhere: two desks change one session, and both think they did.
def test_confirming_twice_is_refused_the_second_time(desk: Desk) -> None:
    session = desk.mark(session_of(desk.booked(), 1), SessionState.CONFIRMED)
    with refused("wrong_state"):
        desk.mark(session, SessionState.CONFIRMED)


def test_a_patient_arrives_on_the_day_and_it_can_be_taken_back(desk: Desk) -> None:
    session = session_of(desk.booked(), 1)
    early = session.starts_at - timedelta(minutes=10)
    arrived = desk.mark(session, SessionState.ARRIVED, now=early)
    assert (arrived.state, arrived.arrived_at) == ("arrived", early)
    back = desk.take_back(arrived, now=early)
    assert (back.state, back.arrived_at, kinds(back)) == (
        "booked",
        None,
        ["booked", "arrived", "taken_back"],
    )


def test_nobody_arrives_on_another_day(desk: Desk) -> None:
    session = session_of(desk.booked(), 1)
    with refused("not_today"):
        desk.mark(session, SessionState.ARRIVED, now=session.starts_at - DAY)


def test_nobody_misses_what_has_not_begun(desk: Desk) -> None:
    session = session_of(desk.booked(), 1)
    with refused("not_yet_begun"):
        desk.mark(session, SessionState.NO_SHOW, now=session.starts_at - timedelta(minutes=1))


@pytest.mark.parametrize("to", ["planned", "in_treatment", "done", "cancelled"])
def test_states_that_come_from_what_is_done_are_not_set_by_hand(desk: Desk, to: str) -> None:
    session = session_of(desk.booked(), 1)
    with refused("wrong_state"):
        desk.mark(session, SessionState(to))


def test_a_session_without_a_time_is_not_booked_by_a_state(desk: Desk) -> None:
    series = desk.series()
    with refused("wrong_state"):
        desk.mark(session_of(series, 1), SessionState.BOOKED)


def test_a_stale_page_marks_nothing(desk: Desk) -> None:
    session = session_of(desk.booked(), 1)
    with refused("stale"):
        desk.mark(session, SessionState.CONFIRMED, version=1)


def test_a_missed_session_frees_its_time_and_can_be_booked_again(desk: Desk) -> None:
    series = desk.booked()
    session = session_of(series, 1)
    later = session.starts_at + timedelta(hours=1)
    missed = desk.mark(session, SessionState.NO_SHOW, now=later)
    assert (missed.state, missed.version, {row[0] for row in held(series)}) == ("no_show", 3, {2, 3, 4})
    visit = desk.visit(1, datetime(2027, 1, 22, 10))
    moved = desk.move(missed, visit, now=later)
    assert (moved.state, moved.starts_at) == ("booked", visit.starts_at)
    assert series.sessions.count() == 4


def test_a_miss_marked_by_mistake_is_taken_back(desk: Desk) -> None:
    series = desk.booked()
    session = session_of(series, 1)
    desk.move(session, replace(desk.visits()[0], room_id=make_room(desk.location, name="Room 2").pk))
    rows = held(series)
    later = session.starts_at + timedelta(hours=1)
    missed = desk.mark(session_of(series, 1), SessionState.NO_SHOW, now=later)
    back = desk.take_back(missed, now=later)
    assert (back.state, held(series)) == ("booked", rows)


def test_a_miss_is_not_taken_back_when_somebody_else_has_the_time(desk: Desk) -> None:
    session = session_of(desk.booked(), 1)
    now = session.starts_at + timedelta(minutes=1)
    missed = desk.mark(session, SessionState.NO_SHOW, now=now)
    desk.book(desk.series(sessions_planned=1), [desk.visit(1, datetime(2027, 1, 19, 10, 15))], now=now)
    with refused(*["slot_taken"] * 3):
        desk.take_back(missed, now=now)


def test_taking_a_miss_back_does_not_ask_the_record_again(desk: Desk) -> None:
    session = session_of(desk.booked(), 1)
    missed = desk.mark(session, SessionState.NO_SHOW, now=session.starts_at)
    Consent.objects.update(withdrawn_at=session.starts_at)
    assert desk.take_back(missed, now=session.starts_at).state == "booked"


def test_history_is_only_ever_added_to(desk: Desk) -> None:
    series = desk.booked()
    first = list(SessionEvent.objects.values_list("pk", "kind", "at"))
    desk.cancel(session_of(series, 4), now=NOW + DAY)
    assert list(SessionEvent.objects.values_list("pk", "kind", "at"))[:4] == first
