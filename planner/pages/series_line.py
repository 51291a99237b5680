"""A series as a line in time: where each node, gap and month stands, in percent of the line's length. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from django.utils import formats

CROWDED_PERCENT, CROWDED_NARROW_PERCENT = 8.0, 16.0
"""Two labels closer than this would print over each other; on a narrow screen, where the line is short."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One session on the rail; `state` is `done`, `now` or `open`."""

    number: int
    day: date
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something drawn at `x` percent, with its words.

    `is_crowded`: too near the words before it. `is_crowded_when_narrow`: there alone.
    """

    x: float
    label: str
    state: str = ""
    number: int = 0
    is_crowded: bool = False
    is_crowded_when_narrow: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days drawn as a box from `x`, `width` percent wide."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Rail:
    """What templates/components/rail.html draws. `words` say the same for those who do not see it."""

    words: str
    stops: tuple[Mark, ...]
    gaps: tuple[Mark, ...]
    months: tuple[Mark, ...]
    judged: tuple[Mark, ...] = ()
    closed: tuple[Stretch, ...] = ()
    gone: Stretch | None = None
    today: Mark | None = None
    window: Stretch | None = None

    @property
    def labelled(self) -> Iterator[Mark]:
        """The days that are said below the line."""
        return (each for each in (*self.stops, *self.judged) if not each.is_crowded)


def draw(
    stops: Sequence[Stop],
    *,
    first: date | None = None,
    last: date | None = None,
    today: date | None = None,
    judged: Iterable[date] = (),
    closed: Iterable[tuple[date, date]] = (),
    window: tuple[date, date] | None = None,
) -> Rail:
    """Lay out `stops` between `first` and `last` (both default to a week around what is drawn).

    Several plans share one time axis when they are given the same `first` and `last`.
    """
    judged = tuple(judged)
    days = [stop.day for stop in stops] + list(judged) + ([today] if today else [])
    first = first or min(days) - timedelta(days=7)
    last = last or max(days) + timedelta(days=7)
    axis = _Axis(first, last)
    done = [stop.day for stop in stops if stop.state != "open"]
    visits = [Mark(axis.at(each.day), _short(each.day), each.state, each.number) for each in stops]
    marks = [*_spaced([*visits, *(Mark(axis.at(day), _short(day)) for day in judged if day <= last)])]
    return Rail(
        words=", ".join(f"{stop.number}: {formats.date_format(stop.day, 'D j M Y')}" for stop in stops),
        stops=tuple(each for each in marks if each.number),
        gaps=_gaps(stops, axis),
        months=tuple(Mark(axis.at(day), formats.date_format(day, "M")) for day in axis.months()),
        judged=tuple(each for each in marks if not each.number),
        closed=tuple(axis.band(a, b) for a, b in closed if b >= first and a <= last),
        gone=axis.band(done[0], done[-1]) if len(done) > 1 else None,
        today=Mark(axis.at(today), _short(today)) if today and first <= today <= last else None,
        window=axis.band(*window) if window else None,
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    first: date
    last: date

    def at(self, day: date) -> float:
        length = max((self.last - self.first).days, 1)
        return round(100 * min(max((day - self.first).days / length, 0), 1), 2)

    def band(self, start: date, end: date) -> Stretch:
        return Stretch(self.at(start), round(self.at(end) - self.at(start), 2))

    def months(self) -> Iterable[date]:
        """The first of every month on the axis; of every third where months would crowd."""
        step = 3 if (self.last - self.first).days > 400 else 1
        day = date(self.first.year, self.first.month, 1)
        while day <= self.last:
            if day >= self.first and (day.month - 1) % step == 0:
                yield day
            day = (day + timedelta(days=32)).replace(day=1)


def _short(day: date) -> str:
    return formats.date_format(day, "j M")


def _spaced(marks: Iterable[Mark]) -> Iterator[Mark]:
    """In the order of the line; whose words would touch those before them goes without."""
    last = last_when_narrow = -100.0
    for mark in sorted(marks, key=lambda each: each.x):
        crowded = mark.x - last < CROWDED_PERCENT
        crowded_when_narrow = mark.x - last_when_narrow < CROWDED_NARROW_PERCENT
        last = last if crowded else mark.x
        last_when_narrow = last_when_narrow if crowded_when_narrow else mark.x
        yield replace(mark, is_crowded=crowded, is_crowded_when_narrow=crowded_when_narrow)


def _gaps(stops: Sequence[Stop], axis: _Axis) -> tuple[Mark, ...]:
    marks = []
    for before, after in pairwise(stops):
        if axis.at(after.day) - axis.at(before.day) >= CROWDED_PERCENT:
            days = (after.day - before.day).days
            marks.append(Mark((axis.at(before.day) + axis.at(after.day)) / 2, f"{days} d"))
    return tuple(marks)
