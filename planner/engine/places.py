"""The places each session of a series could take, with the least a whole series costs through each of them.

Joint planning chooses from these. A place through which every plan of the series costs more than can be afforded
is left out, which loses nothing: the least cost through a place is exact, or too low, never too high.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.engine.cost import stays, time_steps
from planner.engine.grid import FreeTime
from planner.engine.problem import Request
from planner.engine.starts import Cells, Starts

Costs = NDArray[np.int64]
NEVER = 1 << 60


@dataclass(frozen=True, slots=True)
class Place:
    """A session (from 0) at `at`, in grid steps since the free time's first midnight. `cost` is the place's own."""

    session: int
    at: int
    practitioner: str | None
    cost: int
    least: int


class Places:
    """The places of one request against one state of free time."""

    def __init__(self, free: FreeTime, request: Request) -> None:
        self.request = request
        self.starts = Starts(free, request)
        self.uses = self.starts.uses
        self.steps = self.starts.steps
        cells = Cells(self.starts)
        self._allowed = cells.allowed
        self._own: Costs = np.where(cells.cost >= cells.none, NEVER, cells.cost.astype(np.int64))
        self._through = self._least_through()

    def within(self, limit: int) -> list[Place]:
        """All places on plans that cost no more than the limit, in order of session, day, practitioner, start."""
        return [
            place
            for session, day, who in np.argwhere((self._through <= limit).transpose(0, 2, 1)).tolist()
            for place in self._cell(session, who, day)
            if place.least <= limit
        ]

    def _least_through(self) -> Costs:
        own, last = self._own, self.request.sessions - 1
        until, after = own.copy(), own.copy()
        for session in range(last):
            until[session + 1] = self._joined(own[session + 1], until[session], 1)
            after[last - session - 1] = self._joined(own[last - session - 1], after[last - session], -1)
        through: Costs = np.minimum(until + after - own, NEVER)
        return through

    def _joined(self, own: Costs, side: Costs, direction: int) -> Costs:
        """Own cost and the cheapest neighbour's within the gap; `direction` 1 looks back in time, -1 ahead."""
        gap, weights, days = self.request.gap, self.request.weights, own.shape[1]
        cheapest = np.minimum(side, side.min(axis=0, initial=NEVER) + weights.change)
        best = np.full_like(own, NEVER)
        for apart in range(gap.min, min(gap.max, days - 1) + 1):
            cost = weights.gap * abs(apart - gap.target)
            here, there = slice(apart, None), slice(None, days - apart)
            here, there = (here, there) if direction == 1 else (there, here)
            np.minimum(best[:, here], cheapest[:, there] + cost, out=best[:, here])
        joined: Costs = np.minimum(best + own, NEVER)
        return joined

    def _cell(self, session: int, who: int, day: int) -> Iterator[Place]:
        horizon = self.starts.horizon
        bits = self.starts.day_bits(who, day) & self._allowed.get((session, who, day), -1)
        steps = [step for step in range(horizon.steps_per_day) if bits >> step & 1]
        extra = [self._varying(session, who, day, step * horizon.grid_minutes) for step in steps]
        own, through = int(self._own[session, who, day]), int(self._through[session, who, day])
        for step, more in zip(steps, (cost - min(extra) for cost in extra), strict=True):
            at = self.starts.offset + day * horizon.steps_per_day + step
            yield Place(session, at, self.starts.practitioners[who], own + more, through + more)

    def _varying(self, session: int, who: int, day: int, minute: int) -> int:
        """The part of a place's cost that depends on its start."""
        weights, request = self.request.weights, self.request
        booked = next((b for b in request.current if b.index == session + 1), None)
        date, practitioner = self.starts.horizon.date_of(day), self.starts.practitioners[who]
        moved = booked is not None and not stays(booked, date, minute, practitioner)
        leaving = weights.leaving(booked) if booked and moved else 0
        return weights.time * time_steps(request.prefer.time, minute) + leaving
