"""How long treated skin rests, within a series and between series that share skin."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from patients.choices import Side
from planner.choices import HOLDS_TIME
from planner.models import Series


def shortest_gap_days(series: Series) -> int:
    """The series' own choice, but never under the protocol's floor."""
    return max(series.gap_min_days, series.protocol_version.floor_days)


@dataclass(frozen=True, slots=True)
class SkinUse:
    """A day on which another series treats the same skin, and how many days must lie between it and ours."""

    day: date
    rest_days: int


def other_uses_of_the_skin(series: Series) -> tuple[SkinUse, ...]:
    """Days of the patient's other series that share skin with this one, with the longer of both rests."""
    others = (
        Series.objects.filter(patient_id=series.patient_id)
        .exclude(pk=series.pk)
        .select_related("protocol_version", "location")
        .prefetch_related("areas", "sessions")
    )
    return tuple(sorted(_uses_by(others, series), key=lambda use: use.day))


def _uses_by(others: Iterable[Series], series: Series) -> Iterator[SkinUse]:
    ours = {(area.site, area.side) for area in series.areas.all()}
    for other in others:
        theirs = {(area.site, area.side) for area in other.areas.all()}
        if not any(same_skin(mine, their) for mine in ours for their in theirs):
            continue
        rest = max(shortest_gap_days(series), shortest_gap_days(other))
        for session in other.sessions.all():
            if session.state in HOLDS_TIME and session.starts_at:
                yield SkinUse(session.starts_at.astimezone(other.location.zone).date(), rest)


def same_skin(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return one[0] == other[0] and (one[1] == other[1] or Side.BOTH in (one[1], other[1]))
