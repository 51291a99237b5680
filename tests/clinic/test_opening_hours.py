"""What "open" and "free" mean: hours, validity, holidays, extra hours, absences, turnaround."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from clinic.models import Absence, ExtraHours, Location, Resource, WeeklyHours
from clinic.opening_hours import covers, open_calendar, overlap, public_holidays, union, without
from tests.makers import make_device, make_location, make_practitioner, make_room

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
    with django_assert_num_queries(1):
        calendar = open_calendar(location, resources, MONDAY, MONDAY + timedelta(364))
        every = [calendar.free(resource.pk) for resource in resources]
    assert [len(each) for each in every] == [253, 253, 253]


def test_over_several_days_open_is_each_days_open(location: Location) -> None:
    room = make_room(location)
    calendar = open_calendar(location, [room], *WEEK)
    assert calendar.open(room.pk) == tuple(span(MONDAY + timedelta(day), 8, 20) for day in range(5))


def test_covers_means_one_interval_holds_it_all() -> None:
    hours = (span(MONDAY, 9, 12), span(MONDAY, 13, 17))
    assert covers(hours, *span(MONDAY, 9, 12))
    assert not covers(hours, *span(MONDAY, 11, 14))


# Midnight, and every second week


@pytest.mark.django_db
def test_a_place_is_open_until_midnight() -> None:
    location = make_location(weekdays=range(0))
    WeeklyHours.objects.create(location=location, weekday=0, opens=time(18), closes=time(0))
    room = make_room(location)
    assert on(room, MONDAY) == ((datetime(2027, 1, 11, 18), datetime(2027, 1, 12)),)
    assert on(room, MONDAY + timedelta(days=1)) == ()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("every", "open_weeks"), [(1, [0, 1, 2, 3, 4]), (2, [0, 2, 4]), (3, [0, 3]), (4, [0, 4])]
)
def test_hours_of_every_second_week_count_from_the_week_they_begin_in(
    every: int, open_weeks: list[int]
) -> None:
    who = make_practitioner(make_location(), weekdays=range(0))
    WeeklyHours.objects.create(
        resource=who,
        weekday=0,
        opens=time(9),
        closes=time(12),
        every_weeks=every,
        valid_from=MONDAY,
    )
    open_on = [week for week in range(5) if on(who, MONDAY + timedelta(weeks=week))]
    assert open_on == open_weeks


@pytest.mark.django_db
def test_they_count_from_the_week_though_they_begin_on_its_last_day() -> None:
    who = make_practitioner(make_location(), weekdays=range(0))
    row = {"resource": who, "opens": time(9), "closes": time(12), "every_weeks": 2}
    WeeklyHours.objects.create(weekday=0, valid_from=date(2027, 1, 17), **row)
    assert [bool(on(who, MONDAY + timedelta(weeks=week))) for week in range(3)] == [False, False, True]


@pytest.mark.django_db
def test_free_time_in_bulk_knows_every_second_week_as_the_calendar_does() -> None:
    who = make_practitioner(make_location(), weekdays=range(0))
    row = {"resource": who, "opens": time(9), "closes": time(12), "every_weeks": 2}
    WeeklyHours.objects.create(weekday=0, valid_from=MONDAY, **row)
    calendar = open_calendar(who.location, [who], MONDAY, MONDAY + timedelta(days=60))
    days = sorted({MONDAY, *calendar.turning_days(who.pk)})
    for since, until in pairwise([each for each in days if MONDAY <= each <= calendar.last]):
        same = {
            tuple((opens.time(), closes.time()) for opens, closes in calendar.open_on(who.pk, day))
            for day in calendar.days()
            if since <= day < until and day.weekday() == 0
        }
        assert len(same) <= 1
