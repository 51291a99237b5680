"""Booking a whole series: all or nothing, once, at times that exist."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from auditlog.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.errors import say
from clinic.services.once import KeyUsedForSomethingElse
from patients.models import Screening, ScreeningAnswer, ScreeningQuestion
from patients.services.defaults import load_screening_questions
from planner.choices import SeriesState, SessionState
from planner.models import AftercareStep, Message, Reservation, Series
from planner.outbox.plan_messages import NEWS
from planner.outbox.steps import load_steps
from planner.schedule import book as booking
from planner.schedule.book import book_series
from planner.schedule.refusals import NoSuchTime
from planner.schedule.session_place import starts_at_local
from tests.makers import (
    NOW,
    make_steps,
    new_key,
)
from tests.planner.desk import (
    FIRST_DAY,
    Desk,
    elsewhere,
    everything,
    held,
    kinds,
    open_desk,
    refused,
    session_of,
)

pytestmark = pytest.mark.django_db
LONDON = ZoneInfo("Europe/London")
DAY = timedelta(days=1)


@pytest.fixture
def desk() -> Desk:
    return open_desk()


# Seen elsewhere: the repeated visits of a series slip past the guard; a long visit overlaps because the
# grid is finer than it is long; repeated visits of a therapy cannot be booked together.
def test_a_whole_series_is_booked_with_all_it_needs(desk: Desk) -> None:
    series = desk.booked()
    first = session_of(series, 1)
    at = datetime(2027, 1, 19, 10, tzinfo=UTC)
    minutes = [at + timedelta(minutes=each) for each in (45, 90, 105, 120)]
    assert (series.state, series.version) == (SeriesState.ACTIVE, 2)
    assert {row for row in held(series) if row[0] == 1} == {
        (1, "Priya Nair", minutes[0], minutes[1], minutes[1]),
        (1, "Room 1", at, minutes[2], minutes[3]),
        (1, "Pen A", minutes[0], minutes[1], minutes[2]),
    }
    assert (first.state, first.starts_at, first.ends_at, first.version) == ("booked", at, minutes[2], 2)
    assert [kinds(each) for each in series.sessions.all()] == [["booked"]] * 4
    assert Reservation.objects.count() == 12


# Seen elsewhere: times are an hour off after the clocks change.
def test_a_series_keeps_its_wall_clock_over_the_change_of_clocks(desk: Desk) -> None:
    series = desk.booked()
    local = [each.starts_at.astimezone(LONDON) for each in series.sessions.all()]
    assert [(each.date(), each.time()) for each in local] == [
        (date(2027, 1, 19), time(10)),
        (date(2027, 2, 23), time(10)),
        (date(2027, 3, 30), time(10)),
        (date(2027, 5, 4), time(10)),
    ]


def test_booking_plans_the_messages_in_the_same_transaction(desk: Desk) -> None:
    make_steps(desk.version)
    series = desk.booked()
    assert Message.objects.filter(series=series, session=None).count() == 1
    assert Message.objects.filter(session__in=series.sessions.all()).exists()


# Seen elsewhere: a form sent twice books twice.
def test_a_booking_sent_twice_books_once(desk: Desk) -> None:
    series = desk.series()
    asked = {"by": desk.by, "key": "one-form", "now": NOW}
    first = book_series(series.pk, desk.visits(), **asked)
    after = everything()
    assert book_series(series.pk, list(reversed(desk.visits())), **asked) == first
    assert everything() == after


def test_one_key_books_one_thing(desk: Desk) -> None:
    series = desk.series()
    asked = {"by": desk.by, "key": "one-form", "now": NOW}
    book_series(series.pk, desk.visits(), **asked)
    before = everything()
    with pytest.raises(KeyUsedForSomethingElse):
        book_series(series.pk, desk.visits(at=time(12)), **asked)
    assert everything() == before


def test_after_a_refusal_the_same_key_may_try_another_time(desk: Desk) -> None:
    series = desk.series()
    with refused("off_grid"):
        book_series(
            series.pk,
            desk.visits(at=time(10, 7))[:1] + desk.visits()[1:],
            by=desk.by,
            key="k",
            now=NOW,
        )
    assert book_series(series.pk, desk.visits(), by=desk.by, key="k", now=NOW).state == "active"


# Seen elsewhere: one patient takes the same visit many times over.
def test_a_series_is_booked_only_once(desk: Desk) -> None:
    series = desk.booked()
    with refused("already_booked"):
        desk.book(series, desk.visits(at=time(13)))


def test_a_booking_names_every_open_session_once(desk: Desk) -> None:
    visits = desk.visits()
    series = desk.series()
    with refused("plan_incomplete") as facts:
        desk.book(series, visits[:3])
    assert facts == [{"numbers": [4]}]
    with refused("plan_incomplete") as facts:
        desk.book(series, [*visits, visits[0], replace(visits[3], number=9)])
    assert facts == [{"numbers": [1, 9]}]


# Seen elsewhere: choosing the resource and writing it were two steps.
def test_a_booking_is_all_or_nothing_and_names_every_clash(desk: Desk) -> None:
    desk.booked()
    visits = desk.visits(at=time(13))
    visits[1], visits[3] = desk.visits()[1], desk.visits()[3]
    series = desk.series()
    with refused(*["slot_taken"] * 6) as facts:
        desk.book(series, visits)
    assert [(fact["number"], fact["resource"]) for fact in facts] == [
        (number, name) for number in (2, 4) for name in ("Priya Nair", "Room 1", "Pen A")
    ]


def test_a_failure_midway_leaves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    series = desk.series()
    before = everything()

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(booking, "messages_for_booking", fail)
    with pytest.raises(RuntimeError):
        desk.book(series)
    assert everything() == before


def test_a_stopped_series_takes_no_booking(desk: Desk) -> None:
    series = desk.stop(desk.series())
    with refused("series_closed"):
        desk.book(series)


@pytest.fixture
def busy_desk() -> Desk:
    """Where the medical questions are asked, some of them in older words."""
    desk = open_desk()
    load_screening_questions(desk.location.clinic)
    return desk


def asked_all(desk: Desk) -> Series:
    """Of a patient who has answered every question, one of which was put differently then."""
    series = desk.series()
    screening = Screening.objects.get(patient=series.patient)
    questions = list(ScreeningQuestion.objects.filter(clinic=desk.location.clinic, is_current=True))
    ScreeningAnswer.objects.bulk_create(
        ScreeningAnswer(screening=screening, question=each, said_yes=False) for each in questions
    )
    old = questions[0]
    ScreeningQuestion.objects.filter(pk=old.pk).update(is_current=False)
    old.pk, old.version = None, old.version + 1
    old.save()
    return series


def statements(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as queries:
        work()
    return len(queries)


def with_steps(desk: Desk, count: int) -> None:
    """So many before and after every session, beside what is said when it is booked, moved or cancelled."""
    news = [step for step in load_steps() if step.anchor in NEWS]
    others = [step for step in load_steps() if step.anchor not in NEWS]
    steps = [*news, *(replace(others[n % len(others)], code=f"step-{n}") for n in range(count))]
    AftercareStep.objects.bulk_create(AftercareStep(version=desk.version, **asdict(step)) for step in steps)


@pytest.mark.parametrize("steps", [3, 30])
def test_booking_moving_and_stopping_take_as_many_statements_whatever_is_planned(
    busy_desk: Desk, steps: int
) -> None:
    desk = busy_desk
    with_steps(desk, steps)
    series = asked_all(desk)
    assert statements(lambda: desk.book(series)) <= 30
    second = session_of(series, 2)
    later = [elsewhere(visit, days=1) for visit in desk.visits()[1:]]
    assert statements(lambda: desk.move(second, *later)) == 31
    series.refresh_from_db()
    assert statements(lambda: desk.stop(series)) == 22


# Times


def test_nothing_is_booked_in_the_past(desk: Desk) -> None:
    series = desk.series(sessions_planned=1)
    with refused("in_the_past") as facts:
        desk.book(series, [desk.visit(1, datetime(2027, 1, 11, 8, 45))])
    assert facts == [{"number": 1, "at": datetime(2027, 1, 11, 8, 45, tzinfo=UTC)}]


def test_a_session_may_start_this_minute(desk: Desk) -> None:
    series = desk.book(desk.series(sessions_planned=1), [desk.visit(1, datetime(2027, 1, 11, 9))])
    assert session_of(series, 1).starts_at == NOW


def test_what_was_offered_for_right_now_can_be_booked_after_a_look_at_it(desk: Desk) -> None:
    desk.book(desk.series(sessions_planned=1), [desk.visit(1, NOW)], now=NOW + timedelta(minutes=5))
    series, noon = desk.series(sessions_planned=1), datetime(2027, 1, 11, 12, tzinfo=UTC)
    with refused("in_the_past"):
        desk.book(series, [desk.visit(1, noon)], now=noon + timedelta(minutes=5, seconds=1))


# Seen elsewhere: a time that has begun counts as free again.
def test_a_time_that_has_begun_is_not_free_again(desk: Desk) -> None:
    begun = session_of(desk.booked(), 1).starts_at + timedelta(minutes=10)
    series = desk.series(sessions_planned=1)
    with refused("slot_taken", "slot_taken", "slot_taken"):
        desk.book(series, [desk.visit(1, datetime(2027, 1, 19, 10, 15))], now=begun)


@pytest.mark.parametrize("year", [2033, 9998])
def test_nothing_is_booked_beyond_the_horizon(desk: Desk, year: int) -> None:
    series = desk.series(sessions_planned=1)
    with refused("too_far_ahead") as facts:
        desk.book(series, [desk.visit(1, datetime(year, 1, 18, 10))])
    assert facts[0]["last_day"] == date(2032, 1, 15)


# Seen elsewhere: a time near the change of clocks is offered and cannot be booked.
def test_a_time_that_the_clocks_skip_is_refused() -> None:
    with pytest.raises(NoSuchTime) as caught:
        starts_at_local(date(2027, 3, 28), time(1, 30), LONDON)
    assert say(caught.value, LONDON) == (
        "Sun 28 Mar 2027 has no 01:30: the clocks go forward over it. Nothing was changed. Choose another time."
    )


def test_sessions_start_on_the_grid(desk: Desk) -> None:
    series = desk.series(sessions_planned=1)
    with refused("off_grid") as facts:
        desk.book(series, [desk.visit(1, datetime(2027, 1, 19, 10, 10))])
    assert facts[0]["grid_minutes"] == 15


def test_a_session_ends_on_the_day_it_begins(desk: Desk) -> None:
    late = desk.visit(1, datetime(2027, 1, 19, 23))
    series = desk.series(sessions_planned=1)
    with refused("over_midnight", *["outside_hours"] * 3):
        desk.book(series, [late])


# Whatever is sent again


# Seen elsewhere: a form sent twice books twice.
def test_whatever_is_sent_twice_happens_once(desk: Desk) -> None:
    one, other = desk.booked(), desk.book(desk.series(), desk.visits(first=FIRST_DAY + DAY))
    sessions = [session_of(one, number) for number in (1, 2)]
    for send in (
        lambda key: desk.mark(sessions[0], SessionState.CONFIRMED, key=key),
        lambda key: desk.cancel(sessions[1], key=key),
        lambda key: desk.stop(other, key=key),
    ):
        key = new_key()
        first = send(key)
        after = everything()
        assert send(key) == first
        assert everything() == after


def test_the_audit_log_keeps_who_changed_what(desk: Desk) -> None:
    series = desk.booked()
    entries = LogEntry.objects.get_for_objects(series.sessions.filter(number=1))
    changed = [entry.changes_dict["state"] for entry in entries if "state" in entry.changes_dict]
    assert changed[0][1] == "booked"
