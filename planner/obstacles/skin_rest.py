"""How long treated skin rests, within a series and between series that share skin."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from patients.choices import Side
from planner.models import Series
from planner.obstacles.obstacle import Obstacle, ObstacleCode

Skin = tuple[str, str]
"""A site and a side."""


def shortest_gap_days(series: Series) -> int:
    """The series' own choice, but never under the protocol's floor."""
    return max(series.gap_min_days, series.protocol_version.floor_days)


def longest_gap_days(series: Series) -> int:
    """The series' own choice, but never under the shortest."""
    return max(series.gap_max_days, shortest_gap_days(series))


@dataclass(frozen=True, slots=True)
class SkinUse:
    """A day on which another series treats the same skin, or other skin of the same patient, and how many days must lie
    between it and ours."""

    day: date
    rest_days: int
    shares_skin: bool = True


def same_skin(one: Skin, other: Skin) -> bool:
    return one[0] == other[0] and (one[1] == other[1] or Side.BOTH in (one[1], other[1]))


def use_by_another(
    day: date, ours: Iterable[Skin], theirs: Iterable[Skin], *, rest_days: int, other_area_days: int
) -> SkinUse:
    """On `day`, by a series of the same patient that treats `theirs`, beside one that treats `ours`."""
    theirs = tuple(theirs)
    shares = any(same_skin(mine, their) for mine in ours for their in theirs)
    return SkinUse(day, rest_days if shares else other_area_days, shares)


@dataclass(frozen=True, slots=True)
class SessionDay:
    """A session with a time, on the line of its series; `day` is the date there."""

    number: int
    starts_at: datetime
    day: date


def why_not_after(
    before: SessionDay, after: SessionDay, *, shortest_days: int, longest_days: int
) -> Obstacle | None:
    """What is wrong with the days between two sessions of a series that follow one another."""
    days, since = (after.day - before.day).days, {"after": before.number}
    if after.starts_at <= before.starts_at:
        return Obstacle(ObstacleCode.WRONG_ORDER, facts={**since, "after_at": before.starts_at})
    if days < shortest_days:
        first_day = before.day + timedelta(days=shortest_days)
        return Obstacle(
            ObstacleCode.TOO_SOON,
            first_day,
            {**since, "days": days, "needed": shortest_days, "first_day": first_day},
        )
    if days > longest_days:
        last_day = before.day + timedelta(days=longest_days)
        return Obstacle(
            ObstacleCode.TOO_LATE,
            facts={**since, "days": days, "allowed": longest_days, "last_day": last_day},
        )
    return None


def why_skin_rests(day: date, uses: Iterable[SkinUse]) -> Iterable[Obstacle]:
    for use in uses:
        days = abs((day - use.day).days)
        if days < use.rest_days:
            code = ObstacleCode.SKIN_NOT_RESTED if use.shares_skin else ObstacleCode.OTHER_AREA_TOO_NEAR
            yield Obstacle(
                code,
                use.day + timedelta(days=use.rest_days),
                {"days": days, "needed": use.rest_days, "other_day": use.day},
            )
