"""How far each session of a plan can slip while the rest of the series still finds its place."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from planner.engine.grid import FreeTime
from planner.engine.problem import Request
from planner.engine.starts import Starts

Days = NDArray[np.bool_]


class Room:
    """The days a request's sessions could be on, worked out once for all its plans."""

    def __init__(self, free: FreeTime, request: Request) -> None:
        self.request = request
        self.days = _with_room_after(_days_with_a_start(free, request), request)

    def last_safe_dates(self, dates: Sequence[date | None]) -> list[date | None]:
        """For each session the last date it could be on: those before it stay, those after it may all be moved.

        `dates` are where the sessions are now; of one without a date, its own last safe date binds the next. None
        for a first session that no gap binds, and where no day is left.
        """
        before = self.request.previous.date if self.request.previous else None
        found: list[date | None] = []
        for days, now in zip(self.days, dates, strict=True):
            last = self._last(days, before) if before else None
            found.append(last)
            before = now or last
        return found

    def _last(self, days: Days, before: date) -> date | None:
        gap, since = self.request.gap, (before - self.request.earliest).days
        first = max(0, since + gap.min)
        found = np.flatnonzero(days[first : max(0, since + gap.max + 1)])
        return self.request.earliest + timedelta(days=first + int(found[-1])) if len(found) else None


def _days_with_a_start(free: FreeTime, request: Request) -> Days:
    starts = Starts(free, request)
    horizon, any_start = starts.horizon, 0
    for bits in starts.bits:
        any_start |= bits
    size = horizon.steps_per_day // 8
    raw = np.frombuffer(any_start.to_bytes(horizon.days * size, "little"), dtype=np.uint8)
    return np.asarray(raw.reshape(horizon.days, size).any(axis=1), dtype=np.bool_)


def _with_room_after(days: Days, request: Request) -> list[Days]:
    """For each session the days from which all later ones can follow, each a right gap after the other."""
    at = np.arange(len(days))
    first = np.minimum(at + request.gap.min, len(days))
    last = np.minimum(at + request.gap.max + 1, len(days))
    reachable = [days]
    for _ in range(request.sessions - 1):
        before = np.concatenate(([0], reachable[-1].cumsum()))
        reachable.append(np.logical_and(days, before[last] > before[first]))
    return reachable[::-1]
