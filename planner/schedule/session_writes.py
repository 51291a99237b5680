"""What all writes of sessions share: their locks, their refusals, their history, what they hold."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from clinic.actor import Actor
from planner.choices import NEXT_STATES, OVER, SeriesState, SessionState
from planner.models import Reservation, Series, Session, SessionEvent
from planner.schedule.locking import Locked, lock
from planner.schedule.refusals import SeriesClosed, WrongState, changed_meanwhile


def lock_session(session_id: int, more: Iterable[int] = ()) -> Locked:
    return lock_sessions_of(Session.objects.values_list("series_id", flat=True).get(pk=session_id), more)


def lock_sessions_of(series_id: int, more: Iterable[int] = ()) -> Locked:
    """The series with whatever its open sessions hold or held, and `more`."""
    held = Reservation.objects.filter(session__series=series_id).exclude(session__state__in=OVER)
    return lock(series_id, {*held.values_list("resource_id", flat=True), *more})


def refuse_stale(session: Session, version: int) -> None:
    if session.version != version:
        raise changed_meanwhile(session, seen=version)


def refuse_closed(series: Series, *allowed: SeriesState) -> None:
    if series.state not in allowed:
        raise SeriesClosed(state=series.get_state_display())


def refuse_step(session: Session, to: SessionState) -> None:
    if to not in NEXT_STATES[SessionState(session.state)]:
        refuse(session, to)


def refuse(session: Session, to: SessionState) -> None:
    raise WrongState(number=session.number, state=session.get_state_display(), wanted=to.label)


def release(sessions: Sequence[Session]) -> None:
    if sessions:
        Reservation.objects.filter(session__in=sessions, is_active=True).update(is_active=False)


def event(session: Session, kind: SessionEvent.Kind, by: Actor, now: datetime, **fields: Any) -> SessionEvent:
    return SessionEvent(session=session, kind=kind, by=by.user, at=now, **fields)
