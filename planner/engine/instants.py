"""Instants kept in UTC as wall-clock minutes of a zone: the way of bookings into the engine's local time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Minutes = NDArray[np.int64]
EPOCH = datetime(1970, 1, 1)
MARGIN = timedelta(days=3)
"""A reservation that touches a horizon begins at most so long before it."""


@dataclass(frozen=True, slots=True, eq=False)
class WallClock:
    """What clocks of a zone show, around some days. Minutes count from 1970: in UTC, or as the wall shows them.

    `changes` are the instants at which the offset becomes the next of `offsets`.
    """

    changes: Minutes
    offsets: Minutes

    @classmethod
    def of(cls, timezone: str, first: date, days: int) -> "WallClock":
        return _wall_clock(timezone, first, days)

    def shown_at(self, instants: Minutes) -> Minutes:
        shown: Minutes = instants + self.offsets[np.searchsorted(self.changes, instants, side="right")]
        return shown

    def spans(self, starts: Minutes, ends: Minutes) -> tuple[Minutes, Minutes]:
        """From when to when clocks show any time between `starts` and `ends`.

        Over an hour that is shown twice, that is from its first showing's beginning to its end.
        """
        first, last = self.shown_at(starts), self.shown_at(ends - 1) + 1
        for change, before, after in zip(self.changes, self.offsets, self.offsets[1:], strict=False):
            if after < before:
                across = (starts < change) & (ends > change)
                first = np.where(across, np.minimum(first, change + after), first)
                last = np.where(across, np.maximum(last, change + before), last)
        return first, last


def shown_while(starts: datetime, ends: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """What clocks in `zone` show from one instant to another, less than two days apart: whole minutes, outwards.

    Over an hour that is shown twice, that is the whole of it: a start in it would mean its first showing.
    """
    clock = WallClock.of(str(zone), starts.astimezone(zone).date(), 2)
    first, last = int(starts.timestamp() // 60), int(-(-ends.timestamp() // 60))
    shown, gone = clock.spans(np.array([first]), np.array([last]))
    return EPOCH + timedelta(minutes=int(shown[0])), EPOCH + timedelta(minutes=int(gone[0]))


@lru_cache(maxsize=64)
def _wall_clock(timezone: str, first: date, days: int) -> WallClock:
    zone = ZoneInfo(timezone)
    begins = datetime.combine(first, time(), tzinfo=UTC) - MARGIN
    marks = [int(begins.timestamp()) // 60 + day * 24 * 60 for day in range(days + 2 * MARGIN.days + 1)]
    changes, offsets = [], [_offset(marks[0], zone)]
    for low, high in pairwise(marks):
        if _offset(high, zone) != offsets[-1]:
            changes.append(_change_between(low, high, zone))
            offsets.append(_offset(high, zone))
    return WallClock(np.array(changes, dtype=np.int64), np.array(offsets, dtype=np.int64))


def _change_between(low: int, high: int, zone: ZoneInfo) -> int:
    before = _offset(low, zone)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return high


def _offset(minute: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(minute * 60, tz=zone).utcoffset() or timedelta()
    return int(offset.total_seconds()) // 60
