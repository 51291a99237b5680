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
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any, cast

import holidays
from django.db.models import Func, OuterRef, Q

from clinic.localtime import day_bounds, monday_of
from clinic.models import Absence, ExtraHours, Location, Resource, ResourceKind, WeeklyHours
from clinic.models.hours import MIDNIGHT
from clinic.nested import Row, nested, revived
from clinic.prepared import Given, Prepared

Interval = tuple[datetime, datetime]
Intervals = tuple[Interval, ...]
More = Callable[[], Mapping[str, Func]]
"""What is read with a location beside its hours, by name."""
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
    every_weeks: int = 1

    def on(self, day: date) -> bool:
        if self.weekday != day.weekday() or not self.valid_from <= day <= self.valid_to:
            return False
        return (
            self.every_weeks == 1
            or (monday_of(day) - monday_of(self.valid_from)).days // 7 % self.every_weeks == 0
        )

    def interval(self, day: date) -> Interval:
        last = day + ONE_DAY if self.closes == MIDNIGHT else day
        return datetime.combine(day, self.opens), datetime.combine(last, self.closes)


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
    _known: dict[tuple[int, date], Intervals] = field(default_factory=dict, init=False, compare=False)

    def location_open_on(self, day: date) -> Intervals:
        weekly = () if day in self.holidays else self._weekly_on(None, day)
        return union((*weekly, *self._extra_on(None, day)))

    def open_on(self, resource_id: int, day: date) -> Intervals:
        """Open that day, whoever is away; worked out once for all who ask."""
        if (resource_id, day) not in self._known:
            self._known[resource_id, day] = self._open_on(resource_id, day)
        return self._known[resource_id, day]

    def _open_on(self, resource_id: int, day: date) -> Intervals:
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
                if hours.every_weeks > 1:
                    days.update(day for day in self.days() if day.weekday() == 0)
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
        return tuple(each.interval(day) for each in self._weekly.get(owner, ()) if each.on(day))

    def _extra_on(self, owner: int | None, day: date) -> Intervals:
        midnight = datetime.combine(day, time.min)
        return overlap(self._extra.get(owner, ()), ((midnight, midnight + ONE_DAY),))


def open_calendar(location: Location, resources: Iterable[Resource], first: date, last: date) -> Calendar:
    """The calendar of `resources` (all of `location`) from `first` to `last`: one query, however many.

    Absences are read for a day more: the turnaround of a late session may run into the next morning.
    """
    kinds = {resource.pk: resource.kind for resource in resources}
    return _calendar(location, kinds, first, last, _read(location, first, last))


def resources_and_calendar(
    location: Location, first: date, last: date, more: More = dict, **given: Any
) -> tuple[dict[int, Resource], Calendar, Mapping[str, Any]]:
    """All practitioners, rooms and devices of `location`, in order, their calendar, and what `more` is read with the
    location, with what it has to be `Given`: one query."""
    read = _read(location, first, last, _its_resources, more, **given)
    resources = {row["id"]: revived(Resource, row) for row in read["its_resources"]}
    kinds = {pk: each.kind for pk, each in resources.items()}
    return resources, _calendar(location, kinds, first, last, read), read


def _calendar(
    location: Location, kinds: Mapping[int, str], first: date, last: date, read: Mapping[str, Any]
) -> Calendar:
    return Calendar(
        first,
        last,
        kinds,
        _absences(read["away"], {None, *kinds}, location),
        public_holidays(location, first, last),
        _weekly_hours(read["weekly"]),
        _extra_hours(read["extra"], location),
    )


def _its_resources() -> Mapping[str, Func]:
    fields = tuple(field.attname for field in Resource._meta.concrete_fields)
    rows = Resource.objects.filter(location=OuterRef("pk")).order_by("kind", "position", "name")
    return {"its_resources": nested(rows, *fields)}


def _read(location: Location, first: date, last: date, *more: More, **given: Any) -> Mapping[str, Any]:
    start, end = day_bounds(first, location.zone)[0], day_bounds(last + ONE_DAY, location.zone)[1]
    (read,) = _hours_with(*more)(pk=location.pk, start=start, end=end, **given)
    return cast(Mapping[str, Any], read)


@cache
def _hours_with(*more: More) -> Prepared[Any]:
    """Weekly hours, and extra hours and absences between two moments."""
    hours = WeeklyHours.objects.filter(Q(location=OuterRef("pk")) | Q(resource__location=OuterRef("pk")))
    between = {"location": OuterRef("pk"), "starts_at__lt": Given("end"), "ends_at__gt": Given("start")}
    extra = ExtraHours.objects.filter(**between).order_by()
    away = Absence.objects.filter(**between).order_by("starts_at", "pk")
    fields = ("resource_id", "weekday", "opens", "closes", "every_weeks", "valid_from", "valid_to")
    read: dict[str, Func] = {
        "weekly": nested(hours.order_by(), *fields),
        "extra": nested(extra, "resource_id", "starts_at", "ends_at"),
        "away": nested(away, "resource_id", "kind", "starts_at", "ends_at"),
    }
    for each in more:
        read |= each()
    return Prepared(lambda: Location.objects.filter(pk=Given("pk")).values(**read))


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


def _weekly_hours(rows: Sequence[Row]) -> dict[int | None, tuple[_Weekly, ...]]:
    weekly: defaultdict[int | None, list[_Weekly]] = defaultdict(list)
    for row in rows:
        times = (time.fromisoformat(row["opens"]), time.fromisoformat(row["closes"]))
        since, until = (row[name] and date.fromisoformat(row[name]) for name in ("valid_from", "valid_to"))
        hours = _Weekly(row["weekday"], *times, since or date.min, until or date.max, row["every_weeks"])
        weekly[row["resource_id"]].append(hours)
    return {owner: tuple(hours) for owner, hours in weekly.items()}


def _extra_hours(rows: Sequence[Row], location: Location) -> dict[int | None, Intervals]:
    extra: defaultdict[int | None, list[Interval]] = defaultdict(list)
    for row in rows:
        extra[row["resource_id"]].append(_interval(row, location))
    return {owner: union(intervals) for owner, intervals in extra.items()}


def _absences(rows: Sequence[Row], owners: Collection[int | None], location: Location) -> tuple[Away, ...]:
    return tuple(
        Away(row["resource_id"], row["kind"], *_interval(row, location))
        for row in rows
        if row["resource_id"] in owners
    )


def _interval(row: Row, location: Location) -> Interval:
    return _local(row["starts_at"], location), _local(row["ends_at"], location)


def _local(instant: str, location: Location) -> datetime:
    return datetime.fromisoformat(instant).astimezone(location.zone).replace(tzinfo=None)
