"""Series under way in which a session has no time, or a later one than the longest gap allows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter

from clinic.localtime import local_date
from clinic.models import Location
from planner.choices import HOLDS_TIME, SeriesState, SessionState
from planner.models import Session


@dataclass(frozen=True, slots=True)
class Drift:
    """A session that should have a time, or an earlier one.

    `last_day` is the last day within the series' longest gap, where a session before it has a day; `days_left` may
    be negative. A session that has a time drifts only when that lies after `last_day`.
    """

    session: Session
    last_day: date | None
    days_left: int | None

    @property
    def has_time(self) -> bool:
        return self.session.state in HOLDS_TIME


def drifts(location: Location, *, today: date) -> list[Drift]:
    """In each series under way: its first session to come without a time, or beyond the longest gap.

    Most urgent first; those no session precedes come last.
    """
    last_days = dict(_adrift(location, today))
    sessions = Session.objects.select_related("patient", "series").in_bulk(last_days)
    found = [
        Drift(sessions[pk], last_day, (last_day - today).days if last_day else None)
        for pk, last_day in last_days.items()
    ]
    return sorted(found, key=lambda drift: (drift.last_day or date.max, drift.session.pk))


def _adrift(location: Location, today: date) -> Iterator[tuple[int, date | None]]:
    """Key and last day of each drifting session; reads every session under way, so no more of it than needed."""
    under_way = Session.objects.filter(location=location, series__state=SeriesState.ACTIVE)
    rows = under_way.exclude(state=SessionState.CANCELLED).order_by("series_id", "number")
    lines = rows.values_list("series_id", "pk", "state", "starts_at", "series__gap_max_days")
    for _series_id, line in groupby(lines, key=itemgetter(0)):
        previous: date | None = None
        for _series_id, pk, state, starts_at, gap_max_days in line:
            last_day = previous + timedelta(days=gap_max_days) if previous else None
            day = local_date(starts_at, location.zone) if state in HOLDS_TIME and starts_at else None
            is_late = day and last_day and day > max(last_day, today) and state != SessionState.DONE
            if day is None or is_late:
                yield pk, last_day
                break
            previous = day
