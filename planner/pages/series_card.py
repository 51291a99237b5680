"""A series as its card tells it."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from django.db.models import OuterRef, Prefetch

from clinic.localtime import local_date
from clinic.nested import keep, nested, revived
from patients.models import Area, Patient
from planner.choices import NEEDLED, WITHOUT_TIME, SessionState
from planner.models import Series, Session
from planner.pages.series_line import Rail, Stop, draw


def series_of(patient: Patient) -> list[Series]:
    """All series of a patient with what their cards show: two statements."""
    areas = Area.objects.filter(series=OuterRef("pk")).order_by("pk")
    found: list[Any] = list(
        Series.objects.filter(patient=patient)
        .select_related("protocol_version__protocol", "location")
        .annotate(its_areas=nested(areas, "id", "site", "side"))
        .prefetch_related(Prefetch("sessions", queryset=Session.objects.order_by("number")))
    )
    for series in found:
        keep(series, "areas", [revived(Area, each) for each in series.its_areas])
    return found


@dataclass(frozen=True, slots=True)
class SeriesCard:
    """A series at a glance. `gaps` are the days between the sessions done, `open` counts those without a time.

    `judged` are the days on which the outcome is judged; `drifts_on` is the last day of the longest gap where nothing
    is booked.
    """

    series: Series
    sessions: list[Session]
    rail: Rail | None
    next: Session | None
    gaps: list[int]
    open: int
    judged: list[date]
    drifts_on: date | None


def series_card(series: Series, today: date) -> SeriesCard:
    """A series as its card tells it: the line in time, what comes next, the gaps so far, when it is judged."""
    zone = series.location.zone
    sessions = list(series.sessions.all())
    held = [each for each in sessions if each.starts_at and each.state != SessionState.CANCELLED]
    days = {each.number: local_date(each.starts_at, zone) for each in held if each.starts_at}
    done = [days[each.number] for each in held if each.state in NEEDLED]
    coming = [each for each in held if each.state in (SessionState.BOOKED, SessionState.CONFIRMED)]
    judged = _judged(series, days, sessions)
    return SeriesCard(
        series=series,
        sessions=sessions,
        rail=_rail(held, days, judged, today),
        next=coming[0] if coming else None,
        gaps=[(b - a).days for a, b in pairwise(done)],
        open=sum(each.state in WITHOUT_TIME for each in sessions),
        judged=judged,
        drifts_on=_drifts_on(series, done, coming),
    )


def _rail(held: list[Session], days: dict[int, date], judged: list[date], today: date) -> Rail | None:
    if not held:
        return None
    states = {**dict.fromkeys(NEEDLED, "done"), SessionState.ARRIVED: "now", SessionState.IN_TREATMENT: "now"}
    stops = [
        Stop(each.number, days[each.number], states.get(SessionState(each.state), "open")) for each in held
    ]
    return draw(stops, today=today, judged=judged)


def _judged(series: Series, days: dict[int, date], sessions: list[Session]) -> list[date]:
    """When the outcome is judged: so many weeks after the last session, once that has a date."""
    going = [each for each in sessions if each.state != SessionState.CANCELLED]
    if not going or going[-1].number not in days:
        return []
    return [
        days[going[-1].number] + timedelta(weeks=weeks) for weeks in series.protocol_version.outcome_weeks
    ]


def _drifts_on(series: Series, done: list[date], coming: list[Session]) -> date | None:
    """The last day of the longest gap when nothing is booked after the last session done."""
    unfinished = any(each.state in WITHOUT_TIME for each in series.sessions.all())
    return done[-1] + timedelta(days=series.gap_max_days) if done and unfinished and not coming else None
