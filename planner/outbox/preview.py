"""How a step's mail would look: to somebody invented, about dates invented. Nothing is sent and nothing is written."""

from datetime import datetime, time, timedelta

from clinic.localtime import add_local_days, at_local, local_date
from clinic.models import Location
from patients.models import Patient
from planner.choices import Anchor
from planner.models import AftercareStep, Message, Series, Session
from planner.outbox.letter import Dates, Mail, render_with
from planner.outbox.plan_messages import NEWS, visit_of
from planner.outbox.steps import AFTER_THE_SESSION, due_at
from planner.outbox.untold_changes import DateChange

NAME = "Maya"
AHEAD, GAP_DAYS, AT, LASTS = timedelta(weeks=5), 35, time(10), timedelta(hours=2)
TUESDAY = 1


def preview(step: AftercareStep, location: Location, *, now: datetime) -> Mail:
    """The step's mail about three visits at `location` on Tuesdays, the first of them in about five weeks."""
    patient = Patient(first_name=NAME, clinic=location.clinic)
    series = Series(patient=patient, location=location)
    sessions = _sessions(series, location, now)
    is_news = step.anchor in NEWS
    message = Message(
        location=location, patient=patient, series=series, step=step, session=None if is_news else sessions[0]
    )
    message.due_at = now if is_news else _due_at(step, sessions[0])
    return render_with(message, _dates(step, sessions), now=now)


def _sessions(series: Series, location: Location, now: datetime) -> tuple[Session, ...]:
    day = local_date(now, location.zone) + AHEAD
    day += timedelta(days=(TUESDAY - day.weekday()) % 7)
    first = at_local(day, AT, location.zone)
    starts = [add_local_days(first, GAP_DAYS * n, location.zone) for n in range(3)]
    return tuple(Session(series=series, location=location, starts_at=at, ends_at=at + LASTS) for at in starts)


def _dates(step: AftercareStep, sessions: tuple[Session, ...]) -> Dates:
    first, later = sessions[0].starts_at, sessions[1:]
    assert first is not None
    moved = DateChange(first - timedelta(days=1), first)
    if step.anchor == Anchor.SESSION_MOVED:
        return Dates(sessions, (moved,), ())
    if step.anchor == Anchor.SESSION_CANCELLED:
        return Dates(later, (), (first,))
    return Dates(later if step.anchor in AFTER_THE_SESSION else sessions, (), ())


def _due_at(step: AftercareStep, session: Session) -> datetime:
    long_before = timedelta(days=365)
    assert session.starts_at is not None
    return due_at(step, visit_of(session, session.starts_at - long_before)) or session.starts_at
