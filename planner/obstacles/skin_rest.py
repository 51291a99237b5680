"""How long treated skin rests, within a series and between series that share skin."""

from dataclasses import dataclass
from datetime import date

from patients.choices import Side
from planner.models import Series


def shortest_gap_days(series: Series) -> int:
    """The series' own choice, but never under the protocol's floor."""
    return max(series.gap_min_days, series.protocol_version.floor_days)


def longest_gap_days(series: Series) -> int:
    """The series' own choice, but never under the shortest."""
    return max(series.gap_max_days, shortest_gap_days(series))


@dataclass(frozen=True, slots=True)
class SkinUse:
    """A day on which another series treats the same skin, and how many days must lie between it and ours."""

    day: date
    rest_days: int


def same_skin(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return one[0] == other[0] and (one[1] == other[1] or Side.BOTH in (one[1], other[1]))
