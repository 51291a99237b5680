"""Free time as bits: one big integer per resource, one bit per grid step of a horizon, the earliest lowest.

Wall-clock steps that the clocks skip on a day (spring forward) do not exist: no session covers one. Steps that
they repeat (autumn) count once, as the wall clock shows them.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from planner.engine.problem import MINUTES_PER_DAY, Moments, PatientTime, ProblemResource, Week

Bits = int
Stretch = tuple[int, int]
"""From a minute to another of one day, half-open; what is taken may begin before the day or end after it."""
DayTimes = Callable[[str, int], tuple[Sequence[Stretch], Sequence[Stretch]]]
"""When a resource is open on a day of the horizon, and when it is taken."""
Minutes = NDArray[np.int64]  # starts and ends since the horizon's first midnight, one row each


@dataclass(frozen=True, slots=True)
class Horizon:
    """`days` whole days from `first`, in steps of `grid_minutes`."""

    first: date
    days: int
    grid_minutes: int

    @property
    def steps_per_day(self) -> int:
        return MINUTES_PER_DAY // self.grid_minutes

    @property
    def steps(self) -> int:
        return self.days * self.steps_per_day

    def day(self, on: date) -> int:
        return (on - self.first).days

    def date_of(self, day: int) -> date:
        return self.first + timedelta(days=day)

    @property
    def last(self) -> date:
        return self.date_of(self.days - 1)

    def holds(self, first: date, last: date) -> bool:
        return self.first <= first and last <= self.last


def free_bits(resource: ProblemResource, busy: Minutes, horizon: Horizon) -> Bits:
    """The steps in which a use may lie; `busy` is the resource's own, in minutes.

    A use that keeps clear of every busy time by the resource's turnaround is one that touches neither the busy
    time nor the turnaround before it; so the turnaround is taken off here, once, and the search never sees it.
    """
    taken = _busy_bits(busy, resource.turnaround_minutes, horizon)
    return _open_bits(resource.open, resource.extra_open, horizon) & ~taken


def patient_bits(patient: PatientTime, horizon: Horizon) -> Bits:
    hours = all_bits(horizon) if patient.open is None else _open_bits(patient.open, (), horizon)
    return hours & ~_busy_bits(_minutes(patient.busy, horizon), 0, horizon)


def all_bits(horizon: Horizon) -> Bits:
    return (1 << horizon.steps) - 1


def set_bits(bits: Bits) -> list[int]:
    """The steps that are set, the earliest first."""
    found = []
    while bits:
        found.append((bits & -bits).bit_length() - 1)
        bits &= bits - 1
    return found


def erode(bits: Bits, steps: int) -> Bits:
    """The steps from which `steps` consecutive bits are set."""
    have = 1
    while have * 2 <= steps:
        bits &= bits >> have
        have *= 2
    return bits & (bits >> (steps - have))


@lru_cache(maxsize=64)
def within_one_day(horizon: Horizon, steps: int) -> Bits:
    """The starts from which `steps` steps end on the same date."""
    day = (1 << max(0, horizon.steps_per_day - steps + 1)) - 1
    return int.from_bytes(day.to_bytes(horizon.steps_per_day // 8, "little") * horizon.days, "little")


@lru_cache(maxsize=64)
def skipped_bits(timezone: str, horizon: Horizon) -> Bits:
    """The wall-clock steps that do not exist because the clocks go forward over them."""
    zone = ZoneInfo(timezone)
    midnights = [datetime.combine(horizon.date_of(day), time()) for day in range(horizon.days + 1)]
    offsets = [midnight.replace(tzinfo=zone).utcoffset() or timedelta() for midnight in midnights]
    skipped = 0
    for day in range(horizon.days):
        if offsets[day + 1] > offsets[day]:
            for step in range(horizon.steps_per_day):
                moment = midnights[day] + timedelta(minutes=step * horizon.grid_minutes)
                if not _exists(moment, zone):
                    skipped |= 1 << (day * horizon.steps_per_day + step)
    return skipped


def _exists(moment: datetime, zone: ZoneInfo) -> bool:
    instant = moment.replace(tzinfo=zone).astimezone(UTC)
    return instant.astimezone(zone).replace(tzinfo=None) == moment


def _open_bits(week: Week, extra: Moments, horizon: Horizon) -> Bits:
    """Steps that lie wholly in open time, where touching and overlapping intervals are one."""
    days = [_whole_steps(_merged(hours), horizon.grid_minutes) for hours in week]
    size = horizon.steps_per_day // 8
    first = horizon.first.weekday()
    pattern = b"".join(day.to_bytes(size, "little") for day in days[first:] + days[:first])
    weekly = int.from_bytes((pattern * (horizon.days // 7 + 1))[: horizon.days * size], "little")
    return weekly | _whole_steps(_merged(_with_hours_around(week, extra, horizon)), horizon.grid_minutes)


def _with_hours_around(week: Week, extra: Moments, horizon: Horizon) -> list[tuple[int, int]]:
    """Extra hours in minutes of the horizon, with the weekly hours of the days they touch, to be merged."""
    end = horizon.days * MINUTES_PER_DAY
    spans = [(max(0, first), min(end, last)) for first, last in _minutes(extra, horizon).tolist()]
    spans = [(first, last) for first, last in spans if first < last]
    touched = {
        day for first, last in spans for day in range(first // MINUTES_PER_DAY, -(-last // MINUTES_PER_DAY))
    }
    for day in touched:
        midnight = day * MINUTES_PER_DAY
        hours = week[horizon.date_of(day).weekday()]
        spans.extend((midnight + first, midnight + last) for first, last in hours)
    return spans


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def without(stretches: Iterable[Stretch], taken: Iterable[Stretch]) -> list[Stretch]:
    """What is left of stretches that are sorted and apart."""
    left = list(stretches)
    for start, end in taken:
        pieces = [((first, min(last, start)), (max(first, end), last)) for first, last in left]
        left = [piece for both in pieces for piece in both if piece[0] < piece[1]]
    return left


def _whole_steps(spans: Iterable[tuple[int, int]], grid_minutes: int) -> Bits:
    bits = 0
    for first, last in spans:
        start, end = -(-first // grid_minutes), last // grid_minutes
        bits |= ((1 << max(0, end - start)) - 1) << start
    return bits


def _busy_bits(busy: Minutes, before_minutes: int, horizon: Horizon) -> Bits:
    """Steps that any busy time touches, or would within `before_minutes`."""
    if not len(busy):
        return 0
    starts = (busy[:, 0] - before_minutes) // horizon.grid_minutes
    ends = -(-busy[:, 1] // horizon.grid_minutes)
    steps = horizon.steps
    edges = np.bincount(starts.clip(0, steps), minlength=steps + 1)
    edges -= np.bincount(ends.clip(0, steps), minlength=steps + 1)
    return int.from_bytes(np.packbits(edges[:-1].cumsum() > 0, bitorder="little").tobytes(), "little")


def _of_day(spans: Minutes, midnight: int) -> list[Stretch]:
    """Those that lie on the day at least in part, in its minutes."""
    here = spans[(spans[:, 0] < midnight + MINUTES_PER_DAY) & (spans[:, 1] > midnight)] - midnight
    return [(first, last) for first, last in here.tolist() if first < last]


def _minutes(moments: Moments, horizon: Horizon) -> Minutes:
    flat = (at.toordinal() * MINUTES_PER_DAY + at.hour * 60 + at.minute for span in moments for at in span)
    found = np.fromiter(flat, dtype=np.int64, count=2 * len(moments))
    return found.reshape(-1, 2) - horizon.first.toordinal() * MINUTES_PER_DAY


class FreeTime:
    """All resources with their free bits over one horizon: the state that many requests are planned against.

    What several requests ask alike (who can start a use of so many steps) is worked out once and kept.
    """

    def __init__(
        self,
        timezone: str,
        horizon: Horizon,
        bits: Iterable[tuple[ProblemResource, Bits]],
        usual: Mapping[str, int] | None = None,
        times: DayTimes | None = None,
    ) -> None:
        """`usual` are the minutes of a usual visit of each kind that is short; it needs the `times` of each day."""
        self.usual = usual or {}
        self.times = times or self._times
        self._stretches: dict[tuple[str, int], list[Stretch]] = {}
        self.least_waste: dict[Hashable, dict[int, tuple[int, str]]] = {}
        self.ranked_by_waste: dict[Hashable, list[tuple[int, int]]] = {}
        """What `fit` has worked out, for whoever asks alike."""
        self.timezone = timezone
        self.horizon = horizon
        self.bits = tuple(sorted(bits, key=lambda pair: pair[0].id))
        self.resources = {resource.id: resource for resource, _ in self.bits}
        self._busy: Mapping[str, Minutes] | None = None
        self._wider: dict[date, FreeTime] = {}
        self._starts: dict[tuple[str, frozenset[str], int], tuple[tuple[str, Bits], ...]] = {}
        self._any_start: dict[tuple[str, frozenset[str], int], Bits] = {}
        self._bytes: dict[tuple[str, frozenset[str], int], tuple[tuple[str, bytes], ...]] = {}

    @classmethod
    def of(
        cls,
        timezone: str,
        horizon: Horizon,
        resources: Sequence[ProblemResource],
        usual: Mapping[str, int] | None = None,
    ) -> "FreeTime":
        busy = {resource.id: _minutes(resource.busy, horizon) for resource in resources}
        return cls._over(timezone, horizon, resources, busy, usual)

    @classmethod
    def _over(
        cls,
        timezone: str,
        horizon: Horizon,
        resources: Iterable[ProblemResource],
        busy: Mapping[str, Minutes],
        usual: Mapping[str, int] | None,
    ) -> "FreeTime":
        bits = ((resource, free_bits(resource, busy[resource.id], horizon)) for resource in resources)
        free = cls(timezone, horizon, bits, usual)
        free._busy = busy
        return free

    @property
    def grows(self) -> bool:
        """Whether hours and busy times are known, and not only their bits."""
        return self._busy is not None

    def until(self, last: date) -> "FreeTime":
        """The same resources to a later date, if it grows."""
        if self._busy is None or last <= self.horizon.last:
            return self
        if last not in self._wider:
            horizon = replace(self.horizon, days=self.horizon.day(last) + 1)
            resources = self.resources.values()
            self._wider[last] = self._over(self.timezone, horizon, resources, self._busy, self.usual)
        return self._wider[last]

    def starts(self, kind: str, skills: frozenset[str], steps: int) -> tuple[tuple[str, Bits], ...]:
        """Each suitable resource, by id, with the steps at which it can begin a use of `steps`."""
        key = (kind, skills, steps)
        if key not in self._starts:
            self._starts[key] = tuple(
                (resource.id, erode(bits, steps))
                for resource, bits in self.bits
                if resource.kind == kind and skills <= resource.skills
            )
        return self._starts[key]

    def any_start(self, kind: str, skills: frozenset[str], steps: int) -> Bits:
        """The steps at which at least one suitable resource can begin a use of `steps`."""
        key = (kind, skills, steps)
        if key not in self._any_start:
            union = 0
            for _, bits in self.starts(*key):
                union |= bits
            self._any_start[key] = union
        return self._any_start[key]

    def starts_on(
        self, kind: str, skills: frozenset[str], steps: int, day: int
    ) -> Iterator[tuple[str, list[int]]]:
        """The resources that can begin a use of `steps` on a day, each with the steps of the day at which it can."""
        size = self.horizon.steps_per_day // 8
        for name, raw in self._starts_as_bytes(kind, skills, steps):
            if begins := set_bits(int.from_bytes(raw[day * size : (day + 1) * size], "little")):
                yield name, begins

    def _starts_as_bytes(self, *key: *tuple[str, frozenset[str], int]) -> tuple[tuple[str, bytes], ...]:
        if key not in self._bytes:
            size = self.horizon.steps // 8
            self._bytes[key] = tuple(
                (name, bits.to_bytes(size, "little")) for name, bits in self.starts(*key)
            )
        return self._bytes[key]

    def free_at(self, kind: str, skills: frozenset[str], steps: int, start: int) -> Iterable[str]:
        """The resources, smallest id first, that can begin a use of `steps` at `start`."""
        known = self._starts_as_bytes(kind, skills, steps)
        return (name for name, bits in known if bits[start >> 3] >> (start & 7) & 1)

    def stretches(self, name: str, day: int) -> list[Stretch]:
        """When a resource is open and not taken on a day, to the minute; turnarounds are not taken off."""
        if (name, day) not in self._stretches:
            opened, taken = self.times(name, day)
            self._stretches[name, day] = without(_merged(opened), taken)
        return self._stretches[name, day]

    def _times(self, name: str, day: int) -> tuple[Sequence[Stretch], Sequence[Stretch]]:
        assert self._busy is not None
        resource, midnight = self.resources[name], day * MINUTES_PER_DAY
        extra, busy = _minutes(resource.extra_open, self.horizon), self._busy[name]
        opened = list(resource.open[self.horizon.date_of(day).weekday()])
        opened += _of_day(extra.clip(midnight, midnight + MINUTES_PER_DAY), midnight)
        return opened, _of_day(busy, midnight)

    def session_starts(self, steps: int) -> Bits:
        """The starts from which a session of `steps` lies on one date, on times that exist."""
        exists = erode(all_bits(self.horizon) & ~skipped_bits(self.timezone, self.horizon), steps)
        return exists & within_one_day(self.horizon, steps)
