"""How far each session of a plan can slip while the rest of the series still finds its place."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from planner.engine.grid import FreeTime
from planner.engine.problem import Request
from planner.engine.starts import Days, Starts, a_gap_before


class Room:
    """The days a request's sessions could be on, worked out once for all its plans."""

    def __init__(self, free: FreeTime, request: Request) -> None:
        self.request = request
        self.days = _with_room_after(Starts(free, request).days(), request)

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


def _with_room_after(days: Days, request: Request) -> list[Days]:
    """For each session the days from which all later ones can follow, each a right gap after the other."""
    reachable = [days]
    for _ in range(request.sessions - 1):
        reachable.append(days & a_gap_before(reachable[-1], request.gap))
    return reachable[::-1]
