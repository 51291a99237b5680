"""What is free at a location over the days of a request, with the names and hours that explain it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from clinic.models import Location, Resource
from clinic.opening_hours import Away, Calendar, open_calendar
from planner.choices import HOLDS_TIME
from planner.engine.grid import FreeTime, Horizon
from planner.engine.problem import (
    Request,
)
from planner.models import Session
from planner.schedule.free_time import free_time, with_reservations

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Diary:
    """What is free at a location over the days of a request, and the names and hours that explain it."""

    free: FreeTime
    calendar: Calendar
    resources: Mapping[int, Resource]

    def name(self, resource_id: int) -> str:
        return self.resources[resource_id].name if resource_id in self.resources else ""


def diary(
    location: Location,
    request: Request,
    *,
    releasing: Collection[Session],
    depths: Collection[Decimal],
    calendar: Calendar | None = None,
    until: date | None = None,
    away: tuple[Away, ...] = (),
) -> Diary:
    """What is free from the request's first day to its last, as if `releasing` held nothing.

    A `calendar` of all these days that is known already is not read again; one that is read reaches to `until`.
    `away` are further absences to reckon with.
    """
    first, last = request.earliest, request.latest
    released = [session.pk for session in releasing if session.state in HOLDS_TIME]
    resources = with_reservations(location, first, last, except_sessions=released)
    calendar = calendar or open_calendar(location, resources, first, (until or last) + ONE_DAY)
    calendar = replace(calendar, absences=calendar.absences + away)
    horizon = Horizon(first, (last - first).days + 1, location.grid_minutes)
    free = free_time(resources, calendar, location.timezone, horizon, depths)
    return Diary(free, calendar, {resource.pk: resource for resource in resources})
