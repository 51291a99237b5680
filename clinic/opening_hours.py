"""When a location and its resources are open: the one reading of hours, holidays, extra hours and absences.

Booking checks with it, and the engine's problems are made from it, so both mean the same by "open". All times
here are naive local wall-clock in the location's zone; intervals are half-open, sorted and apart.

    open(location)  = weekly hours valid that day (none on a holiday it closes for) ∪ its extra hours
    open(resource)  = (own weekly hours ∩ open(location)) ∪ own extra hours
                      a room or device without weekly hours of its own: open(location) ∪ own extra hours
                      a practitioner without weekly hours: own extra hours only
    free(resource)  = open(resource) − absences of the resource − absences of the whole location
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

import holidays
from django.db.models import Q

from clinic.localtime import day_bounds
from clinic.models import Absence, ExtraHours, Location, Resource, ResourceKind, WeeklyHours

Interval = tuple[datetime, datetime]
Intervals = tuple[Interval, ...]
ONE_DAY = timedelta(days=1)


def union(intervals: Iterable[Interval]) -> Intervals:
    """Sorted, with touching and overlapping ones joined."""
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def overlap(ours: Iterable[Interval], theirs: Intervals) -> Intervals:
    pairs = ((max(a, c), min(b, d)) for a, b in ours for c, d in theirs)
    return tuple(sorted((start, end) for start, end in pairs if start < end))


def without(intervals: Iterable[Interval], taken: Intervals) -> Intervals:
    left: list[Interval] = []
    for start, end in intervals:
        for busy_from, busy_to in taken:
            if busy_from < end and busy_to > start:
                if start < busy_from:
                    left.append((start, busy_from))
                start = max(start, busy_to)
        if start < end:
            left.append((start, end))
    return tuple(left)


def covers(intervals: Intervals, start: datetime, end: datetime) -> bool:
    return any(opens <= start and end <= closes for opens, closes in intervals)


@dataclass(frozen=True, slots=True)
class Away:
    """An absence in local time; of the whole location when `resource_id` is empty."""

    resource_id: int | None
    kind: str
    starts: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class _Weekly:
    weekday: int
    opens: time
    closes: time
    valid_from: date
    valid_to: date

    def on(self, day: date) -> bool:
        return self.weekday == day.weekday() and self.valid_from <= day <= self.valid_to


@dataclass(frozen=True, slots=True)
class Calendar:
    """The open times of one location and some of its resources from day `first` to `last`, included.

    `absences` are sorted by start; `holidays` names the days on which the location is closed for one.
    """

    first: date
    last: date
    kinds: Mapping[int, str]
    absences: tuple[Away, ...]
    holidays: Mapping[date, str]
    _weekly: Mapping[int | None, tuple[_Weekly, ...]]
    _extra: Mapping[int | None, Intervals]

    def location_open_on(self, day: date) -> Intervals:
        weekly = () if day in self.holidays else self._weekly_on(None, day)
        return union((*weekly, *self._extra_on(None, day)))

    def open_on(self, resource_id: int, day: date) -> Intervals:
        """Open that day, whoever is away."""
        own, place = self._weekly_on(resource_id, day), self.location_open_on(day)
        follows = resource_id not in self._weekly and self.kinds[resource_id] != ResourceKind.PRACTITIONER
        return union((*(place if follows else overlap(own, place)), *self._extra_on(resource_id, day)))

    def absences_of(self, resource_id: int) -> tuple[Away, ...]:
        return tuple(away for away in self.absences if away.resource_id in (None, resource_id))

    def free_on(self, resource_id: int, day: date) -> Intervals:
        away = union((each.starts, each.ends) for each in self.absences_of(resource_id))
        return without(self.open_on(resource_id, day), away)

    def days(self) -> Iterator[date]:
        yield from (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))

    def turning_days(self, resource_id: int) -> frozenset[date]:
        """From each of these to the next, open times depend on the weekday and on holidays alone."""
        days: set[date] = set()
        for owner in (None, resource_id):
            for hours in self._weekly.get(owner, ()):
                days.add(hours.valid_from)
                days.add(hours.valid_to + ONE_DAY if hours.valid_to < date.max else date.max)
            for start, end in self._extra.get(owner, ()):
                extra = (end.date() - start.date()).days + 2
                days.update(start.date() + n * ONE_DAY for n in range(extra))
        return frozenset(days)

    def hours_of(self, resource_id: int) -> Hashable:
        """Resources of equal hours are open at the same times."""
        follows = resource_id not in self._weekly and self.kinds[resource_id] != ResourceKind.PRACTITIONER
        return follows, self._weekly.get(resource_id), self._extra.get(resource_id)

    def open(self, resource_id: int) -> Intervals:
        """Open over all the days, whoever is away."""
        return union(each for day in self.days() for each in self.open_on(resource_id, day))

    def free(self, resource_id: int) -> Intervals:
        away = union((each.starts, each.ends) for each in self.absences_of(resource_id))
        return without(self.open(resource_id), away)

    def _weekly_on(self, owner: int | None, day: date) -> Intervals:
        hours = (each for each in self._weekly.get(owner, ()) if each.on(day))
        return tuple(
            (datetime.combine(day, each.opens), datetime.combine(day, each.closes)) for each in hours
        )

    def _extra_on(self, owner: int | None, day: date) -> Intervals:
        midnight = datetime.combine(day, time.min)
        return overlap(self._extra.get(owner, ()), ((midnight, midnight + ONE_DAY),))


def open_calendar(location: Location, resources: Iterable[Resource], first: date, last: date) -> Calendar:
    """The calendar of `resources` (all of `location`) from `first` to `last`: three queries, however many.

    Absences are read for a day more: the turnaround of a late session may run into the next morning.
    """
    kinds = {resource.pk: resource.kind for resource in resources}
    start, end = day_bounds(first, location.zone)[0], day_bounds(last + ONE_DAY, location.zone)[1]
    return Calendar(
        first,
        last,
        kinds,
        _absences(location, {None, *kinds}, start, end),
        public_holidays(location, first, last),
        _weekly_hours(location),
        _extra_hours(location, start, end),
    )


def public_holidays(location: Location, first: date, last: date) -> dict[date, str]:
    """The days it closes for; none where it stays open, or for a country whose holidays nobody has listed."""
    if not location.closes_on_public_holidays:
        return {}
    years = range(first.year, last.year + 1)
    known = [_holidays_of(location.country, location.subdivision, year) for year in years]
    return {day: name for year in known for day, name in year.items() if first <= day <= last}


@lru_cache(maxsize=256)
def _holidays_of(country: str, subdivision: str, year: int) -> dict[date, str]:
    try:
        return dict(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
    except NotImplementedError:
        return {}


def _weekly_hours(location: Location) -> dict[int | None, tuple[_Weekly, ...]]:
    weekly: defaultdict[int | None, list[_Weekly]] = defaultdict(list)
    rows = WeeklyHours.objects.filter(Q(location=location) | Q(resource__location=location))
    fields = ("resource", "weekday", "opens", "closes", "valid_from", "valid_to")
    for owner, weekday, opens, closes, since, until in rows.values_list(*fields):
        weekly[owner].append(_Weekly(weekday, opens, closes, since or date.min, until or date.max))
    return {owner: tuple(rows) for owner, rows in weekly.items()}


def _extra_hours(location: Location, start: datetime, end: datetime) -> dict[int | None, Intervals]:
    extra: defaultdict[int | None, list[Interval]] = defaultdict(list)
    rows = ExtraHours.objects.filter(location=location, starts_at__lt=end, ends_at__gt=start)
    for owner, starts, ends in rows.order_by().values_list("resource", "starts_at", "ends_at"):
        extra[owner].append((_local(starts, location), _local(ends, location)))
    return {owner: union(rows) for owner, rows in extra.items()}


def _absences(
    location: Location, owners: Collection[int | None], start: datetime, end: datetime
) -> tuple[Away, ...]:
    rows = Absence.objects.filter(location=location, starts_at__lt=end, ends_at__gt=start)
    fields = ("resource", "kind", "starts_at", "ends_at")
    return tuple(
        Away(owner, kind, _local(starts, location), _local(ends, location))
        for owner, kind, starts, ends in rows.order_by("starts_at", "id").values_list(*fields)
        if owner in owners
    )


def _local(instant: datetime, location: Location) -> datetime:
    return instant.astimezone(location.zone).replace(tzinfo=None)
