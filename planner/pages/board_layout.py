"""The board's layout: where each session, its phases and each closed hour stand, as classes of board-grid.css. Pure.

All times are local wall-clock, in minutes of the day, drawn to the nearest five. A column is one resource on one
day; what overlaps in it shares the width in lanes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.utils.translation import gettext as _

from clinic.opening_hours import Intervals, overlap, union, without

GRID = 5
HOUR = 60
DAY = 24 * HOUR
USUAL_HOURS = (8 * HOUR, 18 * HOUR)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Box:
    """A stretch of a column: `top` and `length` in minutes, the `lane` of `lanes` it takes, counted from 1."""

    top: int
    length: int
    lane: int = 1
    lanes: int = 1

    @property
    def css(self) -> str:
        split = f" shared of-{self.lanes} lane-{self.lane}" if self.lanes > 1 else ""
        return f"at t-{clock(self.top)} d-{self.length}{split}"


@dataclass(frozen=True, slots=True)
class BoardItem(Generic[T]):
    """Something to draw: when it begins, its phases as (kind, minutes), and what it is."""

    starts: int
    phases: tuple[tuple[str, int], ...]
    of: T

    @property
    def ends(self) -> int:
        return self.starts + sum(minutes for _kind, minutes in self.phases)


@dataclass(frozen=True, slots=True)
class Part:
    """A phase: its kind, the wall-clock minute it begins, and its drawn length."""

    kind: str
    starts: int
    length: int

    @property
    def css(self) -> str:
        looks = {"numbing": "numb", "needling": "needle", "recovery": "calm"}
        return f"ph ph--{looks.get(self.kind, 'talk')} d-{self.length}"

    @property
    def at(self) -> str:
        return as_time(self.starts)


@dataclass(frozen=True, slots=True)
class Block(Generic[T]):
    of: T
    box: Box
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Strip:
    """Hatched: nobody can be booked there, and the word for it."""

    box: Box
    word: str


@dataclass(frozen=True, slots=True)
class Window:
    """The hours that are drawn, whole ones."""

    first: int
    last: int

    @property
    def css(self) -> str:
        return f"from-{self.first // HOUR:02} to-{self.last // HOUR:02}"

    @property
    def hours(self) -> list[tuple[str, str]]:
        """Class and label of each line."""
        return [(f"t-{clock(hour)}", as_time(hour)) for hour in range(self.first, self.last, HOUR)]

    def now(self, minute: int) -> str:
        """The class of the now-line; none outside the drawn hours."""
        return f"t-{clock(nearest(minute))}" if self.first <= nearest(minute) < self.last else ""


def nearest(minute: int) -> int:
    """To the grid of five minutes; lengths of five and more keep at least five."""
    return (minute + GRID // 2) // GRID * GRID


def clock(minute: int) -> str:
    return f"{minute // HOUR:02}{minute % HOUR:02}"


def as_time(minute: int) -> str:
    return f"{minute // HOUR:02}:{minute % HOUR:02}"


def minute_of(moment: datetime) -> int:
    return moment.hour * HOUR + moment.minute


def window(open_times: Iterable[Intervals], items: Iterable[BoardItem[T]]) -> Window:
    """The whole hours in which anything is open or booked; 8 to 18 when nothing is."""
    spans = [_minutes(each) for intervals in open_times for each in intervals]
    spans += [(item.starts, item.ends) for item in items]
    if not spans:
        return Window(*USUAL_HOURS)
    first = min(start for start, _end in spans) // HOUR * HOUR
    last = -(-max(end for _start, end in spans) // HOUR) * HOUR
    return Window(first, min(last, DAY))


def lay_out(items: Sequence[BoardItem[T]]) -> tuple[Block[T], ...]:
    """In the order of time; those that overlap, directly or through others, share the width equally."""
    blocks: list[Block[T]] = []
    for group in _groups(sorted(items, key=lambda item: (item.starts, item.ends))):
        lanes = _lanes(group)
        blocks += (_block(item, lane, max(lanes)) for item, lane in zip(group, lanes, strict=True))
    return tuple(blocks)


def _groups(items: Sequence[BoardItem[T]]) -> Iterable[list[BoardItem[T]]]:
    group: list[BoardItem[T]] = []
    until = 0
    for item in items:
        if group and item.starts >= until:
            yield group
            group, until = [], 0
        group.append(item)
        until = max(until, item.ends)
    if group:
        yield group


def _lanes(group: Sequence[BoardItem[T]]) -> list[int]:
    """For each item the first lane that is free again when it starts."""
    free_from: list[int] = []
    chosen = []
    for item in group:
        lane = next((n for n, until in enumerate(free_from) if until <= item.starts), len(free_from))
        free_from[lane : lane + 1] = [item.ends]
        chosen.append(lane + 1)
    return chosen


def _block(item: BoardItem[T], lane: int, lanes: int) -> Block[T]:
    parts, starts = [], item.starts
    for kind, minutes in item.phases:
        ends = starts + minutes
        parts.append(Part(kind, starts, nearest(ends) - nearest(starts)))
        starts = ends
    top = nearest(item.starts)
    return Block(item.of, Box(top, nearest(item.ends) - top, lane, lanes), tuple(parts))


def strips(
    shown: Window,
    day: datetime,
    *,
    open_times: Intervals,
    place_open: Intervals,
    absences: Sequence[tuple[datetime, datetime, str]],
    closed_word: str,
) -> tuple[Strip, ...]:
    """What is hatched in one column: absences with their word, then the hours outside its opening.

    `day` is its midnight; `closed_word` says why the whole place is closed where it is.
    """
    whole = ((_moment(day, shown.first), _moment(day, shown.last)),)
    found = [
        Strip(_box(each), word)
        for since, until, word in absences
        for each in overlap([(since, until)], whole)
    ]
    away = union((since, until) for since, until, _word in absences)
    for gap in without(without(whole, open_times), away):
        word = _word_for(gap, open_times, place_open, closed_word)
        found.append(Strip(_box(gap), word))
    return tuple(sorted(found, key=lambda strip: strip.box.top))


def _word_for(
    gap: tuple[datetime, datetime], open_times: Intervals, place_open: Intervals, closed_word: str
) -> str:
    if not overlap([gap], place_open):
        return closed_word
    if not open_times:
        return _("Not here")
    if gap[1] <= open_times[0][0]:
        return _("From %(time)s") % {"time": f"{open_times[0][0]:%H:%M}"}
    if gap[0] >= open_times[-1][1]:
        return _("Until %(time)s") % {"time": f"{open_times[-1][1]:%H:%M}"}
    return _("Break")


def _moment(day: datetime, minute: int) -> datetime:
    return day + timedelta(minutes=minute)


def _minutes(interval: tuple[datetime, datetime]) -> tuple[int, int]:
    """Within one day; an end at the next midnight is 24:00."""
    start, end = interval
    return minute_of(start), minute_of(end) if end.date() == start.date() else DAY


def _box(interval: tuple[datetime, datetime]) -> Box:
    start, end = _minutes(interval)
    top = nearest(start)
    return Box(top, max(nearest(end) - top, GRID))
