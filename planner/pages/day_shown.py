"""Which day Today is about: today, or, once that is over, the next day with visits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import formats
from django.utils.translation import gettext as _

from clinic.localtime import day_bounds, local_date, local_time, long_day_label
from clinic.models import Location, Resource
from clinic.opening_hours import open_calendar, without
from planner.choices import SessionState
from planner.pages.day_row import DayRow

TO_COME = (SessionState.BOOKED, SessionState.CONFIRMED)


@dataclass(frozen=True, slots=True)
class DayShown:
    """`today` are today's visits; `ahead` those of the next day with any, which Today heads with once today is over.

    `next_on` is the day on which somebody comes next, and `title` says so: both empty if nobody ever does.
    """

    today: tuple[DayRow, ...]
    ahead: tuple[DayRow, ...]
    next_on: date | None
    title: str
    is_over: bool

    @property
    def next_iso(self) -> str:
        """As the board's address takes it."""
        return self.next_on.isoformat() if self.next_on else ""

    @property
    def to_come(self) -> list[DayRow]:
        return [row for row in (self.ahead if self.is_over else self.today) if row.is_to_come]

    @property
    def unanswered(self) -> list[DayRow]:
        """Of a day that is over, the visits of which nobody said what became."""
        return [row for row in self.today if row.is_to_come]


def day_shown(
    coming: Sequence[DayRow], location: Location, now: datetime, *, own: Resource | None = None
) -> DayShown:
    """`coming` are visits from today on, by time, all of them or those of the practitioner `own`.

    Nothing is read while a visit of today is still to come. A day with nobody after it is shown however late it is.
    """
    today = local_date(now, location.zone)
    days = [local_date(row.starts_at, location.zone) for row in coming]
    this_day = tuple(row for row, day in zip(coming, days, strict=True) if day == today)
    if any(row.is_here or (row.is_to_come and not row.is_late) for row in this_day):
        return DayShown(this_day, (), None, "", False)
    later = [row for row, day in zip(coming, days, strict=True) if day > today and row.is_to_come]
    next_at = later[0].starts_at if later else _next_visit_at(location, own, now)
    next_on = local_date(next_at, location.zone) if next_at else None
    ahead = tuple(row for row in later if local_date(row.starts_at, location.zone) == next_on)
    title = _title(next_at, today, location) if next_at else ""
    return DayShown(this_day, ahead, next_on, title, bool(ahead) and _is_over(this_day, location, now))


def _next_visit_at(location: Location, own: Resource | None, now: datetime) -> datetime | None:
    """When somebody comes next after today, however far ahead."""
    after = day_bounds(local_date(now, location.zone), location.zone)[1]
    coming = location.sessions.filter(state__in=TO_COME, starts_at__gte=after)
    if own:
        coming = coming.filter(reservations__resource=own, reservations__is_active=True)
    return coming.order_by("starts_at").values_list("starts_at", flat=True).first()


def _title(first: datetime, today: date, location: Location) -> str:
    day, at = local_date(first, location.zone), f"{local_time(first, location.zone):%H:%M}"
    if day == today + timedelta(days=1):
        weekday = formats.date_format(day, "l")
        return _("Tomorrow, %(weekday)s: first visit %(time)s") % {"weekday": weekday, "time": at}
    return _("%(day)s: first visit %(time)s") % {"day": long_day_label(day), "time": at}


def _is_over(today: Sequence[DayRow], location: Location, now: datetime) -> bool:
    """Of a day on which nobody is here or on time: everybody was or did not come, or the place has closed."""
    is_answered = bool(today) and not any(row.is_to_come for row in today)
    return is_answered or _has_closed(location, now)


def _has_closed(location: Location, now: datetime) -> bool:
    """Whether the place opens no more today, closures included."""
    day = local_date(now, location.zone)
    calendar = open_calendar(location, (), day, day)
    closures = tuple((each.starts, each.ends) for each in calendar.absences)
    open_times = without(calendar.location_open_on(day), closures)
    here = datetime.combine(day, local_time(now, location.zone))
    return all(closes <= here for _opens, closes in open_times)
