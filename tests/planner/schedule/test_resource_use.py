"""What "open" and "free" mean: hours, validity, holidays, extra hours, absences, turnaround."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from clinic.models import Absence, ExtraHours, Location, Resource, WeeklyHours
from clinic.opening_hours import covers, open_calendar, overlap, public_holidays, union, without
from planner.models import ProtocolPhase, Reservation
from planner.schedule.resource_use import taken_by_others, use_of, why_not_free
from tests.makers import make_device, make_location, make_practitioner, make_room
from tests.planner.desk import Desk, open_desk, session_of

MONDAY = date(2027, 1, 11)
SATURDAY = date(2027, 1, 16)
EASTER_MONDAY = date(2027, 3, 29)
WEEK = (MONDAY, date(2027, 1, 17))


def span(day: date, opens: int, closes: int, minute: int = 0) -> Any:
    return datetime.combine(day, time(opens, minute)), datetime.combine(day, time(closes))


def utc(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=UTC)


def on(resource: Resource, day: date) -> Any:
    return open_calendar(resource.location, [resource], day, day).open_on(resource.pk, day)


def free_on(resource: Resource, day: date) -> Any:
    return open_calendar(resource.location, [resource], day, day).free_on(resource.pk, day)


# Intervals

moments = st.integers(0, 60).map(lambda hour: datetime(2027, 1, 11) + timedelta(hours=hour))
intervals = st.lists(st.tuples(moments, moments).filter(lambda pair: pair[0] < pair[1]), max_size=6)


def hours_in(those: Any) -> set[datetime]:
    every = (datetime(2027, 1, 11) + timedelta(hours=hour) for hour in range(60))
    return {hour for hour in every if any(start <= hour < end for start, end in those)}


def is_tidy(those: Any) -> bool:
    return all(one[1] < other[0] for one, other in pairwise(those))


@given(intervals, intervals)
def test_intervals_behave_as_sets_of_hours(ours: Any, theirs: Any) -> None:
    assert is_tidy(union(ours))
    assert hours_in(union(ours)) == hours_in(ours)
    assert hours_in(overlap(union(ours), union(theirs))) == hours_in(ours) & hours_in(theirs)
    assert hours_in(without(union(ours), union(theirs))) == hours_in(ours) - hours_in(theirs)


@given(intervals, intervals)
# Seen elsewhere: the first visit of a day hides all other free times.
def test_free_and_busy_together_are_the_open_hours(opened: Any, busy: Any) -> None:
    opened, busy = union(opened), union(busy)
    free, taken = without(opened, busy), overlap(opened, busy)
    assert union([*free, *taken]) == opened
    assert overlap(free, taken) == ()


# Open hours


@pytest.fixture
def location(db: None) -> Location:
    return make_location()


def test_a_room_or_device_without_hours_follows_its_location(location: Location) -> None:
    assert on(make_room(location), MONDAY) == (span(MONDAY, 8, 20),)
    assert on(make_device(location), MONDAY) == (span(MONDAY, 8, 20),)
    assert on(make_room(location), SATURDAY) == ()


def test_a_practitioner_without_hours_does_not_work(location: Location) -> None:
    assert on(make_practitioner(location, weekdays=range(0)), MONDAY) == ()


def test_own_hours_count_only_within_the_locations(location: Location) -> None:
    early = make_practitioner(location, weekdays=range(7), opens=time(6), closes=time(12))
    assert on(early, MONDAY) == (span(MONDAY, 8, 12),)
    assert on(early, SATURDAY) == ()


def test_a_room_with_hours_of_its_own_keeps_them(location: Location) -> None:
    room = make_room(location)
    WeeklyHours.objects.create(resource=room, weekday=0, opens=time(10), closes=time(14))
    assert on(room, MONDAY) == (span(MONDAY, 10, 14),)
    assert on(room, MONDAY + timedelta(1)) == ()


def test_hours_count_from_their_first_to_their_last_day(location: Location) -> None:
    part_time = make_practitioner(location, weekdays=range(0))
    WeeklyHours.objects.create(
        resource=part_time,
        weekday=0,
        opens=time(9),
        closes=time(13),
        valid_from=MONDAY,
        valid_to=MONDAY + timedelta(7),
    )
    mondays = [MONDAY + timedelta(7 * week) for week in range(-1, 3)]
    assert [bool(on(part_time, day)) for day in mondays] == [False, True, True, False]


def test_a_lunch_break_leaves_two_intervals(location: Location) -> None:
    practitioner = make_practitioner(location, weekdays=range(0))
    for opens, closes in ((9, 12), (13, 17)):
        WeeklyHours.objects.create(resource=practitioner, weekday=0, opens=time(opens), closes=time(closes))
    assert on(practitioner, MONDAY) == (span(MONDAY, 9, 12), span(MONDAY, 13, 17))


def test_a_public_holiday_closes_everything(location: Location) -> None:
    calendar = open_calendar(location, [make_room(location)], EASTER_MONDAY, EASTER_MONDAY)
    assert calendar.holidays == {EASTER_MONDAY: "Easter Monday"}
    assert on(make_room(location), EASTER_MONDAY) == ()
    assert on(make_practitioner(location), EASTER_MONDAY) == ()


def test_a_location_may_stay_open_on_public_holidays(location: Location) -> None:
    location.closes_on_public_holidays = False
    location.save()
    assert on(make_practitioner(location), EASTER_MONDAY) == (span(EASTER_MONDAY, 9, 17),)


def test_a_country_whose_holidays_nobody_listed_has_none(location: Location) -> None:
    location.country = "XX"
    assert public_holidays(location, MONDAY, EASTER_MONDAY) == {}


def test_holidays_are_those_of_the_region(location: Location) -> None:
    location.subdivision = "SCT"
    assert EASTER_MONDAY not in public_holidays(location, MONDAY, EASTER_MONDAY)


def test_extra_hours_of_a_location_open_what_follows_it(location: Location) -> None:
    room, practitioner = make_room(location), make_practitioner(location, weekdays=range(6))
    absent = make_practitioner(location)
    ExtraHours.objects.create(location=location, starts_at=utc(SATURDAY, 10), ends_at=utc(SATURDAY, 14))
    assert on(room, SATURDAY) == (span(SATURDAY, 10, 14),)
    assert on(practitioner, SATURDAY) == (span(SATURDAY, 10, 14),)
    assert on(absent, SATURDAY) == ()


def test_extra_hours_of_a_resource_open_it_beyond_its_location(location: Location) -> None:
    practitioner, room = make_practitioner(location), make_room(location)
    ExtraHours.objects.create(
        location=location, resource=practitioner, starts_at=utc(SATURDAY, 7), ends_at=utc(SATURDAY, 12)
    )
    assert on(practitioner, SATURDAY) == (span(SATURDAY, 7, 12),)
    assert on(room, SATURDAY) == ()


def test_extra_hours_open_a_public_holiday(location: Location) -> None:
    room = make_room(location)
    ExtraHours.objects.create(
        location=location, starts_at=utc(EASTER_MONDAY, 9), ends_at=utc(EASTER_MONDAY, 11)
    )
    assert on(room, EASTER_MONDAY) == (span(EASTER_MONDAY, 10, 12),)  # one hour on: summer time has begun


def test_absences_are_kept_apart_from_hours(location: Location) -> None:
    practitioner, room = make_practitioner(location), make_room(location)
    Absence.objects.create(
        location=location,
        resource=practitioner,
        kind="leave",
        starts_at=utc(MONDAY, 12),
        ends_at=utc(MONDAY, 15),
    )
    Absence.objects.create(
        location=location, kind="closure", starts_at=utc(MONDAY, 16), ends_at=utc(MONDAY, 23)
    )
    assert on(practitioner, MONDAY) == (span(MONDAY, 9, 17),)
    assert free_on(practitioner, MONDAY) == (span(MONDAY, 9, 12), span(MONDAY, 15, 16))
    assert free_on(room, MONDAY) == (span(MONDAY, 8, 16),)


# Seen elsewhere: leave entered in another zone leaves holes.
def test_leave_is_read_in_the_clinics_zone(db: None) -> None:
    sydney = make_location(timezone="Australia/Sydney", country="AU", subdivision="NSW")
    practitioner = make_practitioner(sydney)
    Absence.objects.create(
        location=sydney,
        resource=practitioner,
        kind="leave",
        starts_at=datetime(2027, 1, 17, 13, tzinfo=UTC),
        ends_at=datetime(2027, 1, 18, 13, tzinfo=UTC),
    )
    monday = date(2027, 1, 18)
    assert free_on(practitioner, monday) == ()
    assert free_on(practitioner, monday - timedelta(3)) == (span(monday - timedelta(3), 9, 17),)


# Seen elsewhere: opening hours shift on the day the clocks change.
def test_hours_are_wall_clock_on_the_days_clocks_change(db: None) -> None:
    location = make_location(weekdays=range(7))
    room = make_room(location)
    for day in (date(2027, 3, 28), date(2027, 10, 31)):
        assert on(room, day) == (span(day, 8, 20),)


def test_the_calendar_of_a_year_costs_three_queries(
    location: Location, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    resources = [make_practitioner(location), make_room(location), make_device(location)]
    with django_assert_num_queries(3):
        calendar = open_calendar(location, resources, MONDAY, MONDAY + timedelta(364))
        every = [calendar.free(resource.pk) for resource in resources]
    assert [len(each) for each in every] == [253, 253, 253]


def test_over_several_days_open_is_each_days_open(location: Location) -> None:
    room = make_room(location)
    calendar = open_calendar(location, [room], *WEEK)
    assert calendar.open(room.pk) == tuple(span(MONDAY + timedelta(day), 8, 20) for day in range(5))


# Uses and reasons


@pytest.fixture
def desk(db: None) -> Desk:
    return open_desk()


def reason(desk: Desk, resource: Resource, start: Any) -> Any:
    phases = list(desk.version.phases.all())
    use = use_of(resource, 2, start, phases)
    day = start.astimezone(ZoneInfo("Europe/London")).date()
    calendar = open_calendar(desk.location, [resource], day, day)
    refusal = why_not_free(use, desk.location, calendar, taken_by_others([use], []))
    return (refusal.code, refusal.facts) if refusal else None


def test_a_use_runs_from_the_first_phase_that_needs_it_to_the_last(desk: Desk) -> None:
    phases = [
        ProtocolPhase(minutes=15, needs=["room"]),
        ProtocolPhase(minutes=30, needs=["practitioner", "room"]),
        ProtocolPhase(minutes=20, needs=["room"]),
        ProtocolPhase(minutes=10, needs=["practitioner"]),
    ]
    at = utc(MONDAY, 10)
    use = use_of(desk.practitioner, 1, at, phases)
    assert (use.starts_at, use.used_until, use.ends_at) == (
        utc(MONDAY, 10, 15),
        utc(MONDAY, 11, 15),
        utc(MONDAY, 11, 15),
    )
    use = use_of(desk.room, 1, at, phases)
    assert (use.starts_at, use.used_until, use.ends_at) == (at, utc(MONDAY, 11, 5), utc(MONDAY, 11, 20))


def test_what_is_free_has_no_reason(desk: Desk) -> None:
    assert [reason(desk, each, utc(MONDAY, 10)) for each in (desk.practitioner, desk.room, desk.device)] == [
        None
    ] * 3


def test_the_turnaround_may_run_past_closing_time(desk: Desk) -> None:
    assert reason(desk, desk.room, utc(MONDAY, 18, 15)) is None
    code, facts = reason(desk, desk.room, utc(MONDAY, 18, 30))
    assert (code, facts["open"]) == ("outside_hours", ["08:00 to 20:00"])


def test_outside_hours_says_which_they_are(desk: Desk) -> None:
    code, facts = reason(desk, desk.practitioner, utc(MONDAY, 17))
    assert (code, facts) == (
        "outside_hours",
        {"number": 2, "at": utc(MONDAY, 17), "resource": "Priya Nair", "open": ["09:00 to 17:00"]},
    )


def test_a_day_without_hours_is_said_as_such(desk: Desk) -> None:
    code, facts = reason(desk, desk.practitioner, utc(SATURDAY, 10))
    assert (code, facts["resource"]) == ("not_open_that_day", "Priya Nair")


def test_a_public_holiday_is_named(desk: Desk) -> None:
    code, facts = reason(desk, desk.room, utc(EASTER_MONDAY, 9))
    assert (code, facts["holiday"]) == ("public_holiday", "Easter Monday")


def test_leave_is_named_with_its_ends(desk: Desk) -> None:
    Absence.objects.create(
        location=desk.location,
        resource=desk.practitioner,
        kind="leave",
        starts_at=utc(MONDAY, 0),
        ends_at=utc(SATURDAY, 0),
    )
    code, facts = reason(desk, desk.practitioner, utc(MONDAY, 10))
    assert (code, facts["since"], facts["until"]) == ("on_leave", utc(MONDAY, 0), utc(SATURDAY, 0))
    assert reason(desk, desk.room, utc(MONDAY, 10)) is None


def test_a_closure_of_the_location_is_named(desk: Desk) -> None:
    Absence.objects.create(
        location=desk.location, kind="closure", starts_at=utc(MONDAY, 11), ends_at=utc(MONDAY, 12)
    )
    code, facts = reason(desk, desk.room, utc(MONDAY, 10))
    assert (code, facts["location"], facts["until"]) == ("closed", "Leeds", utc(MONDAY, 12))


def test_an_absence_counts_against_the_turnaround_too(desk: Desk) -> None:
    Absence.objects.create(
        location=desk.location,
        resource=desk.room,
        kind="upkeep",
        starts_at=utc(MONDAY, 12),
        ends_at=utc(MONDAY, 13),
    )
    assert reason(desk, desk.room, utc(MONDAY, 10)) is None
    assert reason(desk, desk.room, utc(MONDAY, 10, 15))[0] == "on_leave"


def hold(desk: Desk, resource: Resource, starts_at: Any, ends_at: Any, **fields: Any) -> Any:
    session = session_of(desk.series(), 1)
    return Reservation.objects.create(
        session=session, resource=resource, starts_at=starts_at, used_until=ends_at, ends_at=ends_at, **fields
    )


@pytest.mark.parametrize(
    ("from_minute", "to_minute", "is_taken"),
    [(0, 60, True), (60, 90, True), (119, 180, True), (120, 180, False), (-60, 1, True), (-60, 0, False)],
)
def test_any_overlap_with_a_reservation_counts_turnaround_included(
    desk: Desk, from_minute: Any, to_minute: int, is_taken: bool
) -> None:
    at = utc(MONDAY, 10)
    hold(desk, desk.room, at + timedelta(minutes=from_minute), at + timedelta(minutes=to_minute))
    found = reason(desk, desk.room, at)
    assert (found is not None and found[0] == "slot_taken") is is_taken


def test_released_reservations_and_those_to_be_given_up_do_not_count(desk: Desk) -> None:
    at = utc(MONDAY, 10)
    hold(desk, desk.room, at, at + timedelta(hours=1), is_active=False)
    mine = hold(desk, desk.room, at, at + timedelta(hours=1))
    use = use_of(desk.room, 1, at, list(desk.version.phases.all()))
    assert taken_by_others([use], [mine.session]) == {}
    assert taken_by_others([use, replace(use, resource=desk.device)], []) == {desk.room.pk: (mine,)}


def test_covers_means_one_interval_holds_it_all() -> None:
    hours = (span(MONDAY, 9, 12), span(MONDAY, 13, 17))
    assert covers(hours, *span(MONDAY, 9, 12))
    assert not covers(hours, *span(MONDAY, 11, 14))
