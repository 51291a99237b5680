"""Wall-clock arithmetic: the only place outside the planning engine where local time is calculated.

Instants are aware and in UTC, days are dates, and the zone is always the location's. A wall-clock time that
a change of clocks skips moves forward by the length of the jump; one that happens twice is the first.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.utils import formats

QUIET_LEAD = timedelta(minutes=30)


def _instant(day: date, at: time, zone: ZoneInfo, fold: int = 0) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).replace(fold=fold).astimezone(UTC)


def at_local(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant at which clocks in `zone` show `at` on `day`."""
    return _instant(day, at, zone)


def local_date(instant: datetime, zone: tzinfo) -> date:
    return instant.astimezone(zone).date()


def local_time(instant: datetime, zone: ZoneInfo) -> time:
    """What clocks in `zone` show at `instant`."""
    return instant.astimezone(zone).time()


def time_exists(day: date, at: time, zone: ZoneInfo) -> bool:
    """Whether clocks in `zone` ever show `at` on `day`; false inside the jump forward in spring."""
    return local_time(at_local(day, at, zone), zone) == at


def add_local_days(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same wall-clock time, `days` calendar days later (or earlier, if negative)."""
    local = instant.astimezone(zone)
    return at_local(local.date() + timedelta(days=days), local.time(), zone)


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """First instant of `day` and of the next one; 23 to 25 hours apart when clocks change."""
    return at_local(day, time.min, zone), at_local(day + timedelta(days=1), time.min, zone)


def is_quiet(instant: datetime, zone: ZoneInfo, quiet_from: time, quiet_to: time) -> bool:
    """Whether clocks show a time in [quiet_from, quiet_to); equal ends mean that no hour is quiet."""
    shown = local_time(instant, zone)
    if quiet_from <= quiet_to:
        return quiet_from <= shown < quiet_to
    return shown >= quiet_from or shown < quiet_to


def clamp_out_of_quiet(instant: datetime, zone: ZoneInfo, quiet_from: time, quiet_to: time) -> datetime:
    """`instant` itself, or the end of the quiet hours it falls into; never earlier than `instant`."""
    if not is_quiet(instant, zone, quiet_from, quiet_to):
        return instant
    local = instant.astimezone(zone)
    ends_tomorrow = quiet_from > quiet_to and local.time() >= quiet_from
    end_day = local.date() + timedelta(days=ends_tomorrow)
    first, second = (_instant(end_day, quiet_to, zone, fold) for fold in (0, 1))
    return first if first > instant else second


def before_quiet(instant: datetime, zone: ZoneInfo, quiet_from: time, quiet_to: time) -> datetime:
    """`instant` itself, or half an hour before the quiet hours it falls into began."""
    if not is_quiet(instant, zone, quiet_from, quiet_to):
        return instant
    local = instant.astimezone(zone)
    began_yesterday = quiet_from > quiet_to and local.time() < quiet_to
    start_day = local.date() - timedelta(days=began_yesterday)
    starts = (_instant(start_day, quiet_from, zone, fold) for fold in (0, 1))
    return min(starts) - QUIET_LEAD


def weekday_label(day: date) -> str:
    """`Tue 5 Jan`, in the reader's language."""
    return formats.date_format(day, "D j M")


def day_label(day: date) -> str:
    """`Tue 5 Jan 2027`, in the reader's language."""
    return formats.date_format(day, "D j M Y")


def bare_day_label(day: date) -> str:
    """`5 Jan 2027`, in the reader's language: for days whose weekday says nothing, as one of birth."""
    return formats.date_format(day, "j M Y")


def long_day_label(day: date) -> str:
    """`Tuesday 5 January`, in the reader's language: for mails."""
    return formats.date_format(day, "l j F")


def month_label(day: date) -> str:
    """`01/2027`, as a package says until when it may be used."""
    return formats.date_format(day, "m/Y")


def time_label(at: datetime | time) -> str:
    """`14:00`: what clocks show where the instant has been taken to."""
    return formats.time_format(at, "H:i")


def monday_of(day: date) -> date:
    """On which the week of `day` begins."""
    return day - timedelta(days=day.weekday())


def moment_label(instant: datetime, zone: tzinfo) -> str:
    """`Tue 5 Jan 14:00`, in the reader's language and the location's zone."""
    return formats.date_format(instant.astimezone(zone), "D j M H:i")


def short_moment_label(instant: datetime, zone: tzinfo) -> str:
    """`Tue 5 Jan, 14:00`, in the reader's language and the location's zone: for columns."""
    return formats.date_format(instant.astimezone(zone), "D j M, H:i")


def full_moment_label(instant: datetime, zone: tzinfo) -> str:
    """`Tue 5 Jan 2027, 14:00`, in the reader's language and the location's zone."""
    return formats.date_format(instant.astimezone(zone), "D j M Y, H:i")


def long_moment_label(instant: datetime, zone: tzinfo) -> str:
    """`Tuesday 5 January, 14:00`, in the reader's language and the location's zone: for mails."""
    return formats.date_format(instant.astimezone(zone), "l j F, H:i")
