"""A series as its card tells it."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from django.db.models import QuerySet

from clinic.localtime import local_date
from clinic.nested import keep
from clinic.prepared import Given, Prepared
from patients.models import Patient
from planner.choices import NEEDLED, WITHOUT_TIME, SessionState
from planner.models import Series, Session
from planner.obstacles.whole_sessions import by_their_series, made_whole, with_rows_below
from planner.pages.series_line import Rail, Stop, draw


def series_of(patient: Patient) -> list[Series]:
    """All series of a patient, the newest first, each with its sessions `with_everything`: two statements."""
    by_series = by_their_series(made_whole(_of_patient(patient=patient.pk)))
    found = [several[0].series for several in by_series.values()]
    for series in found:
        keep(series, "sessions", by_series[series.pk])
    return sorted(found, key=lambda each: (each.created_at, each.pk), reverse=True)


@Prepared
def _of_patient() -> "QuerySet[Session, Any]":
    sessions = Session.objects.filter(patient=Given("patient")).order_by("number")
    return with_rows_below(sessions).select_related("series__location")


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
