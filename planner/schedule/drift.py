"""Series under way in which a session has no time, or a later one than the longest gap allows."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import QuerySet

from clinic.localtime import local_date
from clinic.models import Location
from clinic.prepared import Given, Prepared
from planner.choices import HOLDS_TIME, NEEDLED, SeriesState, SessionState
from planner.models import Session


def adrift(location: Location, *, today: date) -> list[int]:
    """In each series under way: the key of its first session to come without a time, or beyond the longest gap."""
    return list(_adrift(location, today))


@Prepared
def _under_way() -> QuerySet[Session, Any]:
    """Every session under way, so no more of it than needed."""
    under_way = Session.objects.filter(location=Given("location"), series__state=SeriesState.ACTIVE)
    rows = under_way.exclude(state=SessionState.CANCELLED).order_by("series_id", "number")
    return rows.values_list("series_id", "pk", "state", "starts_at", "series__gap_max_days")


def _adrift(location: Location, today: date) -> Iterator[int]:
    for _series_id, line in groupby(_under_way(location=location.pk), key=itemgetter(0)):
        previous: date | None = None
        for _series_id, pk, state, starts_at, gap_max_days in line:
            last_day = previous + timedelta(days=gap_max_days) if previous else None
            day = local_date(starts_at, location.zone) if state in HOLDS_TIME and starts_at else None
            is_late = day and last_day and day > max(last_day, today) and state not in NEEDLED
            if day is None or is_late:
                yield pk
                break
            previous = day
