from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.localtime import (
    add_local_days,
    at_local,
    before_quiet,
    clamp_out_of_quiet,
    day_bounds,
    day_label,
    is_quiet,
    local_date,
    local_time,
    long_day_label,
    long_moment_label,
    moment_label,
    time_exists,
    weekday_label,
)

BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
ZONES = {
    name: ZoneInfo(name)
    for name in (
        "Europe/Berlin",
        "Europe/London",
        "America/New_York",
        "Australia/Sydney",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
    )
}
# Days on which clocks change somewhere in the six zones, and one on which none does.
DAYS = [
    date(2026, 3, 8),
    date(2026, 3, 29),
    date(2026, 4, 5),
    date(2026, 10, 4),
    date(2026, 10, 25),
    date(2026, 11, 1),
    date(2026, 12, 8),
]
WINDOWS = [(time(20), time(8)), (time(22), time(2, 30)), (time(1, 45), time(6)), (time(0), time(1, 45))]
QUARTERS = [time(hour, minute) for hour in range(24) for minute in (0, 15, 30, 45)]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_wall_clock_time_becomes_utc() -> None:
    assert at_local(date(2026, 7, 1), time(9), BERLIN) == utc(2026, 7, 1, 7)
    assert at_local(date(2026, 12, 1), time(9), BERLIN) == utc(2026, 12, 1, 8)


def test_a_time_that_spring_skips_moves_forward_by_the_jump() -> None:
    assert not time_exists(date(2026, 3, 29), time(2, 30), BERLIN)
    assert local_time(at_local(date(2026, 3, 29), time(2, 30), BERLIN), BERLIN) == time(3, 30)


def test_lord_howe_jumps_by_half_an_hour_only() -> None:
    assert local_time(at_local(date(2026, 10, 4), time(2, 15), LORD_HOWE), LORD_HOWE) == time(2, 45)


def test_a_time_that_autumn_shows_twice_is_the_first() -> None:
    assert at_local(date(2026, 10, 25), time(2, 30), BERLIN) == utc(2026, 10, 25, 0, 30)
    assert time_exists(date(2026, 10, 25), time(2, 30), BERLIN)


def test_the_local_date_is_not_that_of_utc() -> None:
    assert local_date(utc(2026, 12, 31, 23, 30), BERLIN) == date(2027, 1, 1)


def test_four_weeks_later_keeps_the_time_of_day_across_the_change() -> None:
    start = at_local(date(2026, 3, 10), time(10), BERLIN)
    later = add_local_days(start, 28, BERLIN)
    assert (local_date(later, BERLIN), local_time(later, BERLIN)) == (date(2026, 4, 7), time(10))
    assert later - start == timedelta(days=28, hours=-1)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_with_a_change_is_shorter_or_longer(day: date, hours: int) -> None:
    start, end = day_bounds(day, BERLIN)
    assert end - start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("hour", "quiet"), [(19, False), (20, True), (23, True), (0, True), (7, True), (8, False)]
)
def test_quiet_hours_run_over_midnight_and_exclude_their_end(hour: int, quiet: bool) -> None:
    assert is_quiet(at_local(date(2026, 12, 8), time(hour), BERLIN), BERLIN, time(20), time(8)) == quiet


def test_equal_ends_mean_no_quiet_hours() -> None:
    assert not is_quiet(utc(2026, 12, 8, 3), BERLIN, time(8), time(8))


def test_outside_quiet_hours_nothing_moves() -> None:
    noon = utc(2026, 12, 8, 12)
    assert clamp_out_of_quiet(noon, BERLIN, time(20), time(8)) == noon
    assert before_quiet(noon, BERLIN, time(20), time(8)) == noon


def test_the_evening_waits_for_the_next_morning_and_the_small_hours_for_the_same() -> None:
    morning = at_local(date(2026, 12, 9), time(8), BERLIN)
    for day, hour in ((date(2026, 12, 8), 22), (date(2026, 12, 9), 3)):
        late = at_local(day, time(hour), BERLIN)
        assert clamp_out_of_quiet(late, BERLIN, time(20), time(8)) == morning


def test_before_quiet_is_half_an_hour_before_they_began() -> None:
    evening = at_local(date(2026, 12, 8), time(19, 30), BERLIN)
    for day, hour in ((date(2026, 12, 8), 22), (date(2026, 12, 9), 3)):
        late = at_local(day, time(hour), BERLIN)
        assert before_quiet(late, BERLIN, time(20), time(8)) == evening


@pytest.mark.parametrize("zone", ZONES.values(), ids=ZONES.keys())
@pytest.mark.parametrize("window", WINDOWS, ids=lambda window: f"{window[0]:%H%M}-{window[1]:%H%M}")
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_leaving_quiet_hours_works_in_every_quarter_of_the_days_clocks_change(
    zone: ZoneInfo, window: tuple[time, time], day: date
) -> None:
    """Forward never goes back, back never forward, and neither ends in quiet hours."""
    start, end = day_bounds(day, zone)
    for quarter in range(int((end - start) / timedelta(minutes=15))):
        instant = start + quarter * timedelta(minutes=15)
        later = clamp_out_of_quiet(instant, zone, *window)
        sooner = before_quiet(instant, zone, *window)
        assert sooner <= instant <= later <= instant + timedelta(hours=13)
        assert not is_quiet(later, zone, *window)
        assert not is_quiet(sooner, zone, *window)


@given(
    st.sampled_from(list(ZONES.values())),
    st.sampled_from(DAYS),
    st.sampled_from(QUARTERS),
    st.integers(-60, 60),
)
def test_days_later_keeps_a_wall_time_that_exists(zone: ZoneInfo, day: date, at: time, days: int) -> None:
    later = add_local_days(at_local(day, at, zone), days, zone)
    target = local_date(at_local(day, at, zone), zone) + timedelta(days=days)
    if time_exists(day, at, zone) and time_exists(target, at, zone):
        assert (local_date(later, zone), local_time(later, zone)) == (target, at)


def test_labels_name_the_weekday() -> None:
    day = date(2027, 1, 5)
    moment = at_local(day, time(14), BERLIN)
    assert weekday_label(day) == "Tue 5 Jan"
    assert day_label(day) == "Tue 5 Jan 2027"
    assert moment_label(moment, BERLIN) == "Tue 5 Jan 14:00"
    assert long_day_label(day) == "Tuesday 5 January"
    assert long_moment_label(moment, BERLIN) == "Tuesday 5 January, 14:00"
