"""A clinic's days being filled: who and what is free for one more visit. Nothing here asks the database."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from random import Random

from clinic.models import Resource, ResourceKind
from clinic.opening_hours import Calendar, Interval, Intervals, covers
from planner.protocols.recipes import RecipePhase

STAGGER = timedelta(minutes=30)
"""Between the first visits of one room and of the next, so that needling follows needling."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One visit's place: its start by the clinic's clock, and who and what serves it."""

    starts: datetime
    practitioner: int
    room: int
    device: int

    @property
    def day(self) -> date:
        return self.starts.date()


@dataclass(frozen=True)
class Timetable:
    """What is taken so far; `resources` are in the order in which they are asked."""

    calendar: Calendar
    resources: Sequence[Resource]
    random: Random
    visits: Counter[date] = field(default_factory=Counter)
    _taken: defaultdict[tuple[int, date], list[Interval]] = field(default_factory=lambda: defaultdict(list))
    _open: dict[tuple[int, date], Intervals] = field(default_factory=dict)

    def take(self, day: date, phases: tuple[RecipePhase, ...], prefers: int = 0) -> Slot | None:
        """One more visit on that day, with the practitioner preferred if possible; none when nothing fits."""
        for room, starts in self._starts(day, phases):
            slot = self._served(room, starts, phases, prefers)
            if slot:
                for resource in self.resources:
                    if resource.pk in (slot.practitioner, slot.room, slot.device):
                        self._taken[resource.pk, day].append(_held(resource, starts, phases))
                self.visits[day] += 1
                return slot
        return None

    def _of(self, kind: ResourceKind) -> list[Resource]:
        return [each for each in self.resources if each.kind == kind]

    def _starts(self, day: date, phases: tuple[RecipePhase, ...]) -> Iterator[tuple[Resource, datetime]]:
        """Back to back in each room, one room a little later than the other; in no order, as people ask."""
        length = sum((_minutes(phase) for phase in phases), timedelta())
        found: list[tuple[Resource, datetime]] = []
        for opens, closes in self.calendar.location_open_on(day):
            for at, room in enumerate(self._of(ResourceKind.ROOM)):
                starts = opens + at * STAGGER
                while starts + length <= closes:
                    found.append((room, starts))
                    starts += length + timedelta(minutes=room.turnaround_minutes)
        self.random.shuffle(found)
        yield from (each for each in found if self._is_free(*each, phases))

    def _served(
        self, room: Resource, starts: datetime, phases: tuple[RecipePhase, ...], prefers: int
    ) -> Slot | None:
        people = sorted(self._of(ResourceKind.PRACTITIONER), key=lambda each: each.pk != prefers)
        who = next((each for each in people if self._is_free(each, starts, phases)), None)
        device = next(
            (each for each in self._of(ResourceKind.DEVICE) if self._is_free(each, starts, phases)), None
        )
        return Slot(starts, who.pk, room.pk, device.pk) if who and device else None

    def _is_free(self, resource: Resource, starts: datetime, phases: tuple[RecipePhase, ...]) -> bool:
        since, until = _held(resource, starts, phases)
        used_until = until - timedelta(minutes=resource.turnaround_minutes)
        absences = ((each.starts, each.ends) for each in self.calendar.absences_of(resource.pk))
        busy = (*self._taken[resource.pk, starts.date()], *absences)
        is_open = covers(self._open_on(resource.pk, starts.date()), since, used_until)
        return is_open and not any(a < until and b > since for a, b in busy)

    def _open_on(self, resource_id: int, day: date) -> Intervals:
        if (resource_id, day) not in self._open:
            self._open[resource_id, day] = self.calendar.open_on(resource_id, day)
        return self._open[resource_id, day]


def _minutes(phase: RecipePhase) -> timedelta:
    return timedelta(minutes=phase.minutes)


@cache
def _span(kind: str, phases: tuple[RecipePhase, ...]) -> tuple[timedelta, timedelta]:
    """From when to when after its start a visit needs that kind."""
    needing = [at for at, phase in enumerate(phases) if kind in phase.needs]
    before, within = phases[: needing[0]], phases[: needing[-1] + 1]
    return sum(map(_minutes, before), timedelta()), sum(map(_minutes, within), timedelta())


def _held(resource: Resource, starts: datetime, phases: tuple[RecipePhase, ...]) -> Interval:
    """Its turnaround included."""
    since, until = _span(resource.kind, phases)
    return starts + since, starts + until + timedelta(minutes=resource.turnaround_minutes)
