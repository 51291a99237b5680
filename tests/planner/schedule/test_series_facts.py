"""The engine's bits, read in bulk, against the same question asked of the rows one by one."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from clinic.localtime import time_exists
from clinic.models import Absence, ExtraHours, Location, Resource, WeeklyHours
from clinic.opening_hours import open_calendar
from planner.choices import SessionState
from planner.engine import free_time as free_time_of
from planner.engine.grid import FreeTime, Horizon
from planner.engine.instants import WallClock
from planner.engine.problem import Problem
from planner.models import Reservation, Series
from planner.obstacles.patient_record import records_of
from planner.schedule.engine_request import asked_of_engine
from planner.schedule.free_time import engine_id, free_time, problem_resources, with_reservations
from planner.schedule.propose import propose
from planner.schedule.series_facts import facts_of
from tests.makers import NOW, make_area, make_practitioner, make_room
from tests.planner.desk import Desk, open_desk, session_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def desk() -> Desk:
    return open_desk()


# Free time


def read(location: Location, first: Any, last: Any) -> Any:
    resources = with_reservations(location, first, last)
    calendar = open_calendar(location, resources, first, last + DAY)
    horizon = Horizon(first, (last - first).days + 1, location.grid_minutes)
    return free_time(resources, calendar, location.timezone, horizon, ())


def is_free(resource: Resource, location: Location, wall: datetime) -> bool:
    """Whether a use may cover the grid step at `wall`: every minute of it asked of the rows themselves."""
    calendar = open_calendar(location, [resource], wall.date(), wall.date())
    step, turnaround = (
        timedelta(minutes=location.grid_minutes),
        timedelta(minutes=resource.turnaround_minutes),
    )
    hours = calendar.open_on(resource.pk, wall.date())
    if not any(opens <= wall and wall + step <= closes for opens, closes in hours):
        return False
    showings = {wall.replace(tzinfo=location.zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return not any(
        start < at + step + turnaround and at < end
        for at in showings
        for start, end in (
            *Reservation.objects.filter(resource=resource, is_active=True).values_list(
                "starts_at", "ends_at"
            ),
            *Absence.objects.filter(location=location, resource__in=[resource.pk]).values_list(
                "starts_at", "ends_at"
            ),
            *Absence.objects.filter(location=location, resource=None).values_list("starts_at", "ends_at"),
        )
    )


def free_steps(free: FreeTime, resource: Resource, day: date) -> set[datetime]:
    bits = next(bits for each, bits in free.bits if each.id == engine_id(resource.pk))
    size, midnight = free.horizon.steps_per_day, datetime.combine(day, time())
    row = bits >> free.horizon.day(day) * size
    return {midnight + timedelta(minutes=n * free.horizon.grid_minutes) for n in range(size) if row >> n & 1}


def every_step(location: Location, day: date) -> list[datetime]:
    """Every step of the day that the clocks show."""
    count = 24 * 60 // location.grid_minutes
    midnight = datetime.combine(day, time())
    steps = (midnight + timedelta(minutes=n * location.grid_minutes) for n in range(count))
    return [at for at in steps if time_exists(day, at.time(), location.zone)]


def reserve(desk: Desk, resource: Resource, start: datetime, minutes: int) -> None:
    series = desk.series(sessions_planned=1)
    end = start + timedelta(minutes=minutes)
    Reservation.objects.create(
        session=session_of(series, 1), resource=resource, starts_at=start, used_until=end, ends_at=end
    )


moments = st.integers(0, 2 * 24 * 12 - 1).map(lambda n: timedelta(minutes=5 * n))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(["Europe/London", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kolkata"]),
    first=st.sampled_from([date(2027, 3, 27), date(2027, 10, 30), date(2027, 4, 3), date(2027, 6, 1)]),
    bookings=st.lists(st.tuples(moments, st.integers(1, 30)), max_size=5),
    leave=st.lists(st.tuples(st.booleans(), moments, st.integers(1, 400)), max_size=3),
    extra=st.lists(st.tuples(st.booleans(), moments, st.integers(1, 60)), max_size=2),
    hours=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 200), st.integers(1, 80)), max_size=4),
    turnaround=st.sampled_from([0, 10, 25]),
)
def test_bits_are_what_the_rows_say(
    zone: Any, first: Any, bookings: Any, leave: Any, extra: Any, hours: Any, turnaround: Any
) -> None:
    desk = open_desk(timezone=zone, grid_minutes=15)
    room = make_room(desk.location, turnaround_minutes=turnaround)
    begin = datetime.combine(first, time(), tzinfo=desk.location.zone).astimezone(UTC)
    for weekday, opens, steps in hours:
        end = min(opens + steps, 287)
        if opens < end:
            span = {"opens": time(*divmod(5 * opens, 60)), "closes": time(*divmod(5 * end, 60))}
            WeeklyHours.objects.create(location=desk.location, weekday=weekday, valid_to=first, **span)
    taken = timedelta()
    for start, steps in sorted(bookings):
        start = max(start, taken)
        taken = start + timedelta(minutes=5 * steps)
        reserve(desk, room, begin + start, 5 * steps)
    for whole, start, steps in leave:
        Absence.objects.create(
            location=desk.location, resource=None if whole else room, kind="leave",
            starts_at=begin + start, ends_at=begin + start + timedelta(minutes=5 * steps),
        )  # fmt: skip
    for whole, start, steps in extra:
        ExtraHours.objects.create(
            location=desk.location, resource=None if whole else room,
            starts_at=begin + start, ends_at=begin + start + timedelta(minutes=5 * steps),
        )  # fmt: skip
    free = read(desk.location, first, first + DAY)
    for day in (first, first + DAY):
        steps = every_step(desk.location, day)
        certain = {at for at in steps if is_free(room, desk.location, at)}
        found = free_steps(free, room, day) & set(steps)
        assert found <= certain
        if zone == "Asia/Kolkata":  # no change of clocks, where the bits may be more careful than the rows
            assert found == certain


def test_reservations_that_are_no_more_take_nothing(desk: Desk) -> None:
    desk.booked()
    before = read(desk.location, date(2027, 1, 19), date(2027, 1, 19)).bits
    Reservation.objects.update(is_active=False)
    after = read(desk.location, date(2027, 1, 19), date(2027, 1, 19)).bits
    taken = [old.id for (old, had), (_, has) in zip(before, after, strict=True) if had != has]
    assert taken == [engine_id(each.pk) for each in (desk.practitioner, desk.room, desk.device)]


def test_what_is_free_is_the_same_as_a_problem_without_a_database(desk: Desk) -> None:
    desk.booked()
    first, last = date(2027, 1, 11), date(2027, 2, 28)
    free = read(desk.location, first, last)
    problem = Problem("Europe/London", 15, problem_resources(free), ())
    assert [bits for _, bits in free_time_of(problem, first, last).bits] == [bits for _, bits in free.bits]


def test_hours_change_from_the_day_they_are_valid(desk: Desk) -> None:
    who = make_practitioner(desk.location, weekdays=range(0))
    WeeklyHours.objects.create(
        resource=who,
        weekday=0,
        opens=time(9),
        closes=time(10),
        valid_from=date(2027, 1, 18),
        valid_to=date(2027, 1, 18),
    )
    ExtraHours.objects.create(
        location=desk.location, resource=who,
        starts_at=datetime(2027, 1, 24, 9, tzinfo=UTC), ends_at=datetime(2027, 1, 24, 9, 30, tzinfo=UTC),
    )  # fmt: skip
    free = read(desk.location, date(2027, 1, 11), date(2027, 1, 31))
    found = [at for n in range(21) for at in sorted(free_steps(free, who, date(2027, 1, 11) + n * DAY))]
    assert found == [datetime(2027, 1, 18, 9, m) for m in (0, 15, 30, 45)] + [
        datetime(2027, 1, 24, 9, m) for m in (0, 15)
    ]


# The wall clock


def test_an_hour_shown_twice_is_taken_in_both_showings() -> None:
    clock = WallClock.of("Europe/London", date(2027, 10, 30), 3)
    midnight = int(np.datetime64("2027-10-31", "m").astype(np.int64))
    # 00:45 to 01:15 UTC: 01:45 to 02:00, then again 01:00 to 01:15
    first, last = clock.spans(np.array([midnight + 45]), np.array([midnight + 75]))
    assert ((first - midnight).tolist(), (last - midnight).tolist()) == ([60], [120])


def test_the_skipped_hour_is_jumped_over() -> None:
    clock = WallClock.of("Europe/London", date(2027, 3, 27), 3)
    midnight = int(np.datetime64("2027-03-28", "m").astype(np.int64))
    first, last = clock.spans(
        np.array([midnight + 30, midnight + 60]), np.array([midnight + 60, midnight + 90])
    )
    assert ((first - midnight).tolist(), (last - midnight).tolist()) == ([30, 120], [60, 150])


# Requests


def asked(series: Series, now: Any = NOW) -> Any:
    (facts,) = facts_of({series.pk: series.patient_id})
    placing = facts.in_states((SessionState.PLANNED,))
    record = records_of([facts.series.patient])[facts.series.patient_id]
    return asked_of_engine(facts, placing, record, now=now).request


def test_a_session_keeps_its_phases_and_what_they_need(desk: Desk) -> None:
    kinds = [[need.kind for need in phase.needs] for phase in asked(desk.series()).phases]
    assert kinds == [["room"], ["practitioner", "room", "device"], ["room"]] or kinds == [
        ["room"],
        ["room", "practitioner", "device"],
        ["room"],
    ]
    assert [phase.minutes for phase in asked(desk.series()).phases] == [45, 45, 15]


def test_phases_off_the_grid_are_covered_outwards(desk: Desk) -> None:
    desk.version.phases.filter(position=0).update(minutes=20)
    phases = asked(desk.series()).phases
    assert [(phase.minutes, len(phase.needs)) for phase in phases] == [(15, 1), (60, 3), (15, 1)]


def test_the_past_of_today_and_other_visits_take_the_patients_time(desk: Desk) -> None:
    patient = desk.patient()
    other = make_area(patient, site="calf", side="left")
    desk.book(desk.series(patient, sessions_planned=1, areas=[other]))
    request = asked(desk.series(patient, areas=[make_area(patient, site="knee", side="left")]))
    assert request.patient.busy[:2] == (
        (datetime(2027, 1, 11), datetime(2027, 1, 11, 9)),
        (datetime(2027, 1, 19, 10), datetime(2027, 1, 19, 11, 45)),
    )


def test_the_same_skin_rests_for_the_longer_of_both_gaps(desk: Desk) -> None:
    patient = desk.patient()
    desk.book(desk.series(patient, sessions_planned=1, gap_min_days=30))
    request = asked(desk.series(patient))
    assert (datetime(2026, 12, 21), datetime(2027, 2, 18)) in request.patient.busy


def test_no_gap_is_asked_under_the_protocols_floor(desk: Desk) -> None:
    desk.version.floor_days = 40
    desk.version.save()
    gap = asked(desk.series()).gap
    assert (gap.min, gap.target, gap.max) == (40, 40, 56)


def test_bookings_change_what_is_proposed_at_once(desk: Desk) -> None:
    """Nothing is kept between proposals: what was booked, moved or cancelled a moment ago counts."""
    waiting = desk.series()
    first = propose(waiting, now=NOW).plans[0].visits
    booked = desk.book(desk.series(), list(first))
    assert propose(waiting, now=NOW).plans[0].visits != first
    desk.stop(booked)
    assert propose(waiting, now=NOW).plans[0].visits == first
    away = Absence.objects.create(
        location=desk.location, resource=desk.room, kind="upkeep", starts_at=NOW - DAY, ends_at=NOW + DAY
    )
    assert propose(waiting, now=NOW).plans[0].visits[0].starts_at == NOW + DAY
    away.delete()
    assert propose(waiting, now=NOW).plans[0].visits == first


def test_a_second_look_further_ahead_takes_one_statement_more(
    desk: Desk, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Absence.objects.create(
        location=desk.location,
        resource=desk.practitioner,
        kind="leave",
        starts_at=NOW,
        ends_at=NOW + 120 * DAY,
    )
    series = desk.series()
    with django_assert_num_queries(6):
        plan = propose(series, now=NOW).plans[0]
    assert plan.visits[0].starts_at.date() == date(2027, 5, 11)
