from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from clinic.models import Absence, ExtraHours, Location, WeeklyHours
from clinic.services.hours import (
    HoursOverlap,
    add_absence,
    add_extra_hours,
    add_weekly_hours,
    change_weekly_hours,
    remove_absence,
)
from clinic.services.once import Edited, KeyUsedForSomethingElse
from tests.makers import NOW, acting, make_location, make_practitioner, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Location:
    return make_location(weekdays=range(0))


def _add(place: Location, key: str = "k", **fields: Any) -> WeeklyHours:
    row = WeeklyHours(**{"location": place, "weekday": 0, "opens": time(9), "closes": time(12)} | fields)
    by = make_staff(place).user if "by" not in fields else fields["by"]
    return add_weekly_hours(row, by=acting(by), key=key, now=NOW)


def test_hours_are_kept(place: Location) -> None:
    row = _add(place)
    assert (row.weekday, row.opens, row.closes, row.location) == (0, time(9), time(12), place)


def test_the_same_key_adds_once(place: Location) -> None:
    by = make_staff(place).user

    def row() -> WeeklyHours:
        return WeeklyHours(location=place, weekday=0, opens=time(9), closes=time(12))

    first = add_weekly_hours(row(), by=acting(by), key="k", now=NOW)
    assert add_weekly_hours(row(), by=acting(by), key="k", now=NOW) == first
    assert WeeklyHours.objects.count() == 1


def test_a_key_used_for_other_hours_is_refused(place: Location) -> None:
    by = make_staff(place).user
    add_weekly_hours(
        WeeklyHours(location=place, weekday=0, opens=time(9), closes=time(12)),
        by=acting(by),
        key="k",
        now=NOW,
    )
    other = WeeklyHours(location=place, weekday=1, opens=time(9), closes=time(12))
    with pytest.raises(KeyUsedForSomethingElse):
        add_weekly_hours(other, by=acting(by), key="k", now=NOW)
    assert WeeklyHours.objects.count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"opens": time(11, 59), "closes": time(14)},
        {"opens": time(8), "closes": time(9, 1)},
        {"opens": time(10), "closes": time(11)},
        {"valid_from": date(2027, 6, 1)},
        {"valid_to": date(2027, 6, 1)},
    ],
)
def test_hours_that_overlap_are_refused_and_say_which(place: Location, fields: dict[str, Any]) -> None:
    _add(place)
    with pytest.raises(HoursOverlap) as refusal:
        _add(place, "k2", **fields)
    assert refusal.value.facts == {"weekday": "Monday", "opens": "09:00", "closes": "12:00"}
    assert WeeklyHours.objects.count() == 1


@pytest.mark.parametrize(
    "fields",
    [{"opens": time(12), "closes": time(17)}, {"opens": time(7), "closes": time(9)}, {"weekday": 1}],
)
def test_hours_that_touch_or_are_another_days_are_fine(place: Location, fields: dict[str, Any]) -> None:
    _add(place)
    _add(place, "k2", **fields)
    assert WeeklyHours.objects.count() == 2


def test_hours_follow_each_other_in_time(place: Location) -> None:
    _add(place, valid_to=date(2027, 5, 31))
    _add(place, "k2", valid_from=date(2027, 6, 1))
    assert WeeklyHours.objects.count() == 2


def test_a_practitioners_hours_do_not_meet_the_locations(place: Location) -> None:
    _add(place)
    _add(place, "k2", location=None, resource=make_practitioner(place, weekdays=range(0)))
    assert WeeklyHours.objects.count() == 2


def test_a_change_may_keep_its_own_place_but_take_no_others(place: Location) -> None:
    _add(place)
    row = _add(place, "k2", opens=time(13), closes=time(17))
    by = acting(make_staff(place))
    row.closes = time(18)
    change_weekly_hours(Edited(row), by=by, key="k3", now=NOW)
    row.opens = time(11)
    with pytest.raises(HoursOverlap):
        change_weekly_hours(Edited(row), by=by, key="k4", now=NOW)
    row.refresh_from_db()
    assert (row.opens, row.closes) == (time(13), time(18))


def test_an_absence_is_kept_once_and_taken_back(place: Location) -> None:
    by, start = make_staff(place).user, datetime(2027, 2, 1, 9, tzinfo=UTC)

    def row() -> Absence:
        return Absence(location=place, kind="closure", starts_at=start, ends_at=start + timedelta(hours=3))

    first = add_absence(row(), by=acting(by), key="k", now=NOW)
    assert add_absence(row(), by=acting(by), key="k", now=NOW) == first
    assert Absence.objects.count() == 1
    for again in (Absence(pk=first.pk), Absence(pk=first.pk)):
        assert remove_absence(again, by=acting(by), key="gone", now=NOW) == place
    assert Absence.objects.count() == 0


def test_extra_hours_are_kept_once(place: Location) -> None:
    by, start = make_staff(place).user, datetime(2027, 2, 6, 9, tzinfo=UTC)

    def row() -> ExtraHours:
        return ExtraHours(location=place, starts_at=start, ends_at=start + timedelta(hours=3))

    first = add_extra_hours(row(), by=acting(by), key="k", now=NOW)
    assert add_extra_hours(row(), by=acting(by), key="k", now=NOW) == first
    assert ExtraHours.objects.count() == 1


def test_hours_until_midnight_overlap_what_is_late_and_nothing_early(place: Location) -> None:
    _add(place, opens=time(18), closes=time(0))
    with pytest.raises(HoursOverlap):
        _add(place, "late", opens=time(22), closes=time(23))
    with pytest.raises(HoursOverlap):
        _add(place, "later", opens=time(23), closes=time(0))
    _add(place, "early", opens=time(9), closes=time(18))


@pytest.mark.parametrize(("weeks_later", "overlaps"), [(0, True), (1, False), (2, True)])
def test_two_that_take_turns_every_second_week_do_not_overlap(
    place: Location, weeks_later: int, overlaps: bool
) -> None:
    first = date(2027, 1, 11)
    _add(place, every_weeks=2, valid_from=first)
    other = {"every_weeks": 2, "valid_from": first + timedelta(weeks=weeks_later)}
    if overlaps:
        with pytest.raises(HoursOverlap):
            _add(place, "other", **other)
    else:
        _add(place, "other", **other)
    with pytest.raises(HoursOverlap):
        _add(place, "each week")
