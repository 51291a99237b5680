"""How well a session fits where it is: what it leaves of the free time around it that no usual visit fills.

Waste is never part of the cost. It settles ties: among plans of equal cost and equal dates, the one that leaves the
least scraps, session by session, comes before the one that starts earliest.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from planner.engine.grid import Bits, FreeTime, Stretch, without
from planner.engine.problem import DEVICE, PRACTITIONER, ROOM
from planner.engine.starts import Starts, Use

Held = dict[str, list[Stretch]]
"""By resource, in minutes of one day: what other sessions of the same plan hold on it, turnarounds included."""


@dataclass(frozen=True)
class Fit:
    """The waste of one request's sessions. Days and steps count from the request's earliest date and from midnight."""

    starts: Starts

    @cached_property
    def usual(self) -> dict[str, int]:
        """Minutes of a usual visit, for the kinds of which waste counts in this request."""
        return {kind: usual for kind, usual in self.free.usual.items() if kind in self.starts.uses}

    @property
    def free(self) -> FreeTime:
        return self.starts.free

    @cached_property
    def _first_day(self) -> int:
        return self.starts.offset // self.starts.horizon.steps_per_day

    @cached_property
    def _grid(self) -> int:
        return self.starts.horizon.grid_minutes

    def holds(self, kind: str, name: str, step: int) -> Stretch:
        """The use and the turnaround after it, which may run past midnight."""
        use = self.starts.uses[kind]
        begins = (step + use.first) * self._grid
        return begins, begins + use.steps * self._grid + self.free.resources[name].turnaround_minutes

    def waste(self, kind: str, name: str, day: int, step: int, others: Sequence[Stretch] = ()) -> int:
        """Minutes left over of the free stretches directly before and after, filled with usual visits; 0 for a kind
        that is not short."""
        usual = self.usual.get(kind)
        if usual is None:
            return 0
        begins, ends = self.holds(kind, name, step)
        stretches = self.free.stretches(name, self._first_day + day)
        before, after = around(without(stretches, others) if others else stretches, begins, ends)
        return before % usual + after % usual

    def serving(self, kind: str, day: int, step: int) -> list[tuple[int, str]]:
        """Rooms or devices that can serve there, each with its waste: the least first, then the smallest id."""
        use = self.starts.uses[kind]
        at = self.starts.offset + day * self.starts.horizon.steps_per_day + step + use.first
        free = self.free.free_at(kind, use.skills, use.steps, at)
        return sorted((self.waste(kind, name, day, step), name) for name in free)

    def first(self, who: int, day: int, starts: Bits) -> tuple[int, int]:
        """Of these starts with this practitioner, the least waste and the earliest with it."""
        ranked = ((waste, step) for waste, step in self._ranked(day) if starts >> step & 1)
        name = self.starts.practitioners[who]
        if name is None or PRACTITIONER not in self.usual:
            return next(ranked)
        return min((waste + self.waste(PRACTITIONER, name, day, step), step) for waste, step in ranked)

    def _ranked(self, day: int) -> list[tuple[int, int]]:
        """All starts of a day by what rooms and devices waste at least, then by time."""
        key = (*self._asked, self._first_day + day)
        if key not in self.free.ranked_by_waste:
            tables = [self._least(kind, day) for kind, *_ in self._asked]
            steps = set(range(self.starts.horizon.steps_per_day)).intersection(*tables)
            ranked = sorted((sum(table[step][0] for table in tables), step) for step in steps)
            self.free.ranked_by_waste[key] = ranked
        return self.free.ranked_by_waste[key]

    @cached_property
    def _asked(self) -> tuple[tuple[str, Use, int], ...]:
        """What rooms and devices that are short do, and for how long a visit usually takes them."""
        short = [kind for kind in (ROOM, DEVICE) if kind in self.usual]
        return tuple((kind, self.starts.uses[kind], self.usual[kind]) for kind in short)

    def best(self, kind: str, day: int, step: int) -> Iterator[str]:
        """As `serving`, for a kind that is short: nearly always the first is enough, and it is known."""
        _, first = self._least(kind, day)[step]
        yield first
        yield from (name for _, name in self.serving(kind, day, step) if name != first)

    def _least(self, kind: str, day: int) -> dict[int, tuple[int, str]]:
        """By start of a session, the least waste of a room or device that can serve, and the first with it by id; the
        same for all requests."""
        use, on = self.starts.uses[kind], self._first_day + day
        key = (kind, use, self.usual[kind], on)
        if key not in self.free.least_waste:
            found: dict[int, tuple[int, str]] = {}
            for name, begins in self.free.starts_on(kind, use.skills, use.steps, on):
                for step in (at - use.first for at in begins):
                    here = self.waste(kind, name, day, step), name
                    found[step] = min(found.get(step, here), here)
            self.free.least_waste[key] = found
        return self.free.least_waste[key]


def around(stretches: Iterable[Stretch], begins: int, ends: int) -> tuple[int, int]:
    """Free minutes directly before and directly after a use; midnight ends both."""
    before = after = 0
    for first, last in stretches:
        if first <= begins < last:
            before = begins - first
        if first <= ends < last:
            after = last - ends
    return before, after
