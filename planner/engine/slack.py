"""How far each session of a plan can slip while the rest of the series still finds its place."""

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from planner.engine.grid import FreeTime
from planner.engine.problem import Request
from planner.engine.starts import Starts

Days = NDArray[np.bool_]


def last_safe_dates(free: FreeTime, request: Request, dates: Sequence[date | None]) -> list[date | None]:
    """For each session the last date it could be on: those before it stay, those after it may all be moved.

    `dates` are where the sessions are now; from one without a date on, the last safe date of the one before counts
    in its place. None for a first session that no gap binds, and where no date is left.
    """
    reachable = _with_room_after(_days_with_a_start(free, request), request)
    before = request.previous.date if request.previous else None
    found: list[date | None] = []
    for days, now in zip(reachable, dates, strict=True):
        last = _last(days, before, request) if before else None
        found.append(last)
        before = now or last
    return found


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
    reachable = [days]
    for _ in range(request.sessions - 1):
        before = np.concatenate(([0], reachable[-1].cumsum()))
        at = np.arange(len(days))
        first = np.minimum(at + request.gap.min, len(days))
        last = np.minimum(at + request.gap.max + 1, len(days))
        reachable.append(np.logical_and(days, before[last] > before[first]))
    return reachable[::-1]


def _last(days: Days, before: date, request: Request) -> date | None:
    since = (before - request.earliest).days
    first, last = max(0, since + request.gap.min), max(0, since + request.gap.max + 1)
    found = np.flatnonzero(days[first:last])
    return date.fromordinal(request.earliest.toordinal() + first + int(found[-1])) if len(found) else None
