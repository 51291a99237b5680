"""Who and what is free, as the engine's bits: opening calendars and reservations, translated in bulk.

A proposal looks at tens of thousands of reservations. They come from the database as packed numbers, one value per
resource, and become bits without ever being objects.
"""

from bisect import bisect_right
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast

import numpy as np
from django.db.models import OuterRef, QuerySet, Subquery

from clinic.localtime import day_bounds
from clinic.models import Location, Resource, ResourceKind
from clinic.opening_hours import Calendar, Intervals
from clinic.prepared import Given, Prepared, is_one_of
from planner.engine.grid import Bits, FreeTime, Horizon
from planner.engine.instants import WallClock
from planner.engine.problem import ProblemResource
from planner.models import Reservation
from planner.models.packed import MICROSECONDS_PER_MINUTE, AllOf, Ints, PackedSpan, unpacked
from planner.obstacles.resource_use import LONGEST_RESERVATION


def with_reservations(
    location: Location, first: date, last: date, *, except_sessions: Collection[int] = ()
) -> list[Resource]:
    """The resources in use at a location, each with its reservations packed in `held`: one query."""
    start, end = day_bounds(first, location.zone)[0], day_bounds(last, location.zone)[1]
    between = {"since": start - LONGEST_RESERVATION, "until": end + LONGEST_RESERVATION}
    return _with_reservations(location=location.pk, released=list(except_sessions), **between)


@Prepared
def _with_reservations() -> QuerySet[Resource]:
    held = (
        Reservation.objects.filter(
            resource=OuterRef("pk"),
            is_active=True,
            starts_at__gt=Given("since"),
            starts_at__lt=Given("until"),
        )
        .exclude(is_one_of("session", "released"))
        .order_by()
        .values("resource")
        .annotate(packed=AllOf(PackedSpan("starts_at", "ends_at")))
        .values("packed")
    )
    used = Resource.objects.filter(location=Given("location"), is_active=True).order_by("pk")
    return used.annotate(held=Subquery(held))


def engine_id(resource_id: int) -> str:
    """As text of one length, so that the engine's order of ids is the order of numbers."""
    return f"{resource_id:012}"


def depth_skill(depth_mm: Decimal) -> str:
    """What the engine asks of a device that has to reach a depth."""
    return f"reaches {depth_mm} mm"


def free_time(
    resources: Sequence[Resource],
    calendar: Calendar,
    timezone: str,
    horizon: Horizon,
    depths: Collection[Decimal],
) -> FreeTime:
    """The free time of resources read by `with_reservations`; `depths` are those that some series asks for."""
    busy = _Busy(resources, calendar, timezone, horizon).rows()
    opening = _Opening(calendar, horizon)
    grid = horizon.grid_minutes
    return FreeTime(
        timezone,
        horizon,
        (
            (_engine_resource(resource, grid, depths), opening.bits(resource.pk) & ~taken)
            for resource, taken in zip(resources, busy, strict=True)
        ),
    )


def _engine_resource(resource: Resource, grid_minutes: int, depths: Collection[Decimal]) -> ProblemResource:
    turnaround = -(-resource.turnaround_minutes // grid_minutes) * grid_minutes
    skills = frozenset(resource.skills)
    if resource.kind == ResourceKind.DEVICE:
        deepest = resource.max_depth_mm
        skills |= {depth_skill(depth) for depth in depths if deepest is None or depth <= deepest}
    return ProblemResource(engine_id(resource.pk), resource.kind, skills, turnaround_minutes=turnaround)


def problem_resources(free: FreeTime) -> tuple[ProblemResource, ...]:
    """The same as resources of a problem that needs no database: what is free, as the hours they are open."""
    return tuple(
        replace(resource, extra_open=tuple(_spans(bits, free.horizon))) for resource, bits in free.bits
    )


def _spans(bits: Bits, horizon: Horizon) -> Iterator[tuple[datetime, datetime]]:
    midnight, step = datetime.combine(horizon.first, time()), timedelta(minutes=horizon.grid_minutes)
    raw = np.frombuffer(bits.to_bytes(horizon.steps // 8, "little"), dtype=np.uint8)
    edges = np.diff(np.unpackbits(raw, bitorder="little").astype(np.int8), prepend=0, append=0)
    for first, last in zip(
        np.flatnonzero(edges > 0).tolist(), np.flatnonzero(edges < 0).tolist(), strict=True
    ):
        yield midnight + first * step, midnight + last * step


class _Opening:
    """Open times as bits: worked out once for each kind of day, then repeated."""

    def __init__(self, calendar: Calendar, horizon: Horizon) -> None:
        self.calendar = calendar
        self.horizon = horizon
        self.days = [horizon.date_of(day) for day in range(horizon.days)]
        self._kinds: dict[frozenset[date], tuple[list[int], list[date]]] = {}
        self._bits: dict[Hashable, Bits] = {}

    def bits(self, resource_id: int) -> Bits:
        hours = self.calendar.hours_of(resource_id)
        if hours not in self._bits:
            self._bits[hours] = self._bits_of(resource_id)
        return self._bits[hours]

    def _bits_of(self, resource_id: int) -> Bits:
        which, examples = self._kinds_of_day(self.calendar.turning_days(resource_id))
        size = self.horizon.steps_per_day // 8
        each = [
            self._day(self.calendar.open_on(resource_id, day), day).to_bytes(size, "little")
            for day in examples
        ]
        return int.from_bytes(b"".join(each[kind] for kind in which), "little")

    def _kinds_of_day(self, turning: frozenset[date]) -> tuple[list[int], list[date]]:
        """The kind of each day, and an example of each kind."""
        if turning not in self._kinds:
            turns, holidays = sorted(turning), self.calendar.holidays
            kinds: dict[tuple[bool, int, int], int] = {}
            which, examples = [], []
            for day in self.days:
                kind = (day in holidays, day.weekday(), bisect_right(turns, day))
                if kind not in kinds:
                    kinds[kind] = len(kinds)
                    examples.append(day)
                which.append(kinds[kind])
            self._kinds[turning] = which, examples
        return self._kinds[turning]

    def _day(self, intervals: Intervals, day: date) -> Bits:
        midnight, grid = datetime.combine(day, time()), self.horizon.grid_minutes
        bits = 0
        for opens, closes in intervals:
            first = -(-(opens - midnight).total_seconds() // (60 * grid))
            last = (closes - midnight).total_seconds() // (60 * grid)
            bits |= ((1 << max(0, int(last - first))) - 1) << int(first)
        return bits


class _Busy:
    """Steps taken by reservations and absences, with the turnaround that a use before them needs."""

    def __init__(
        self, resources: Sequence[Resource], calendar: Calendar, timezone: str, horizon: Horizon
    ) -> None:
        self.resources = resources
        self.calendar = calendar
        self.horizon = horizon
        self.clock = WallClock.of(timezone, horizon.first, horizon.days)
        self.midnight = int(np.datetime64(horizon.first, "m").astype(np.int64))

    def rows(self) -> list[Bits]:
        steps, grid = self.horizon.steps, self.horizon.grid_minutes
        taken = np.zeros((len(self.resources), steps), dtype=np.bool_)
        for row, first, last in (self._reserved(), self._absent()):
            starts = ((first - self.midnight) // grid).clip(0, steps)
            ends = (-(-(last - self.midnight) // grid)).clip(0, steps)
            taken.reshape(-1)[_ranges(row * steps + starts, ends - starts)] = True
        packed = np.packbits(taken, axis=1, bitorder="little")
        return [int.from_bytes(row.tobytes(), "little") for row in packed]

    def _reserved(self) -> tuple[Ints, Ints, Ints]:
        """Resource (as a row number), first and last wall-clock minute of each reservation."""
        held = [bytes(cast(Any, resource).held or b"") for resource in self.resources]
        before = np.array([resource.turnaround_minutes for resource in self.resources], dtype=np.int64)
        rows, starts, ends = unpacked(held)
        return rows, *self.clock.spans(starts - before[rows], ends)

    def _absent(self) -> tuple[Ints, Ints, Ints]:
        found = [
            (row, away.starts, away.ends, resource.turnaround_minutes)
            for row, resource in enumerate(self.resources)
            for away in self.calendar.absences_of(resource.pk)
        ]
        rows = np.array([each[0] for each in found], dtype=np.int64)
        before = np.array([each[3] for each in found], dtype=np.int64)
        starts = np.array([each[1] for each in found], dtype="datetime64[m]").astype(np.int64)
        ends = np.array([each[2] for each in found], dtype="datetime64[us]").astype(np.int64)
        return rows, starts - before, -(-ends // MICROSECONDS_PER_MINUTE)


def _ranges(starts: Ints, lengths: Ints) -> Ints:
    """All the numbers of all the ranges, one range after the other."""
    before = lengths.cumsum() - lengths
    numbers: Ints = np.repeat(starts - before, lengths) + np.arange(lengths.sum())
    return numbers
