"""What is said of a session by hand: confirmed, arrived, missed, will ring back; and all of it taken back.

As in `book`, each function is one transaction that locks, reads anew, checks and writes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Subquery

from clinic.actor import Actor
from clinic.localtime import local_date
from clinic.services.changing import changing
from clinic.services.once import once
from clinic.services.versions import Stale
from planner.choices import HOLDS_TIME, SeriesState, SessionState
from planner.models import Reservation, Series, Session, SessionEvent
from planner.outbox.plan_messages import messages_for_change, messages_for_release
from planner.schedule.locking import Locked, with_patience
from planner.schedule.refusals import NotToday, NotYetBegun, TooManySessions
from planner.schedule.rules import refuse_unless_possible
from planner.schedule.session_place import SessionPlace
from planner.schedule.session_writes import (
    event,
    lock_session,
    lock_sessions_of,
    refuse,
    refuse_closed,
    refuse_stale,
    refuse_step,
    release,
)

Kind = SessionEvent.Kind
KIND_OF_STATE = {
    SessionState.CONFIRMED: Kind.CONFIRMED,
    SessionState.ARRIVED: Kind.ARRIVED,
    SessionState.NO_SHOW: Kind.NO_SHOW,
    SessionState.RELEASED: Kind.RELEASED,
}
"""The states a person may set by hand, and what the history calls it; the others come from what is done."""
STATE_OF_KIND = {kind: state for state, kind in KIND_OF_STATE.items()} | {
    Kind.CANCELLED: SessionState.CANCELLED
}
FREED = (SessionState.NO_SHOW, SessionState.RELEASED)
MOST_SESSIONS = 20


@with_patience
@once
def change_state(
    session_id: int,
    to: SessionState,
    *,
    by: Actor,
    key: str,
    version: int,
    now: datetime,
    reason: str = "",
) -> Session:
    """Confirmed, arrived, missed, or released: the patient rings about another time.

    Arriving is for the day of the session, and for one of an earlier day that nobody checked in; missing for the time
    after its start. A missed or released session frees what it held.
    """
    to, locked = SessionState(to), lock_session(session_id)
    session = locked.session(session_id)
    refuse_stale(session, version)
    if to not in KIND_OF_STATE or session.starts_at is None:
        refuse(session, to)
    refuse_step(session, to)
    _refuse_wrong_moment(locked.series, session, to, now)
    with changing([session], "state", "version", "arrived_at", by=by):
        if to in FREED:
            release([session])
        if to in FREED or session.state in FREED:
            session.version += 1
        session.state = to
        session.arrived_at = _arrived_at(session, now) if to == SessionState.ARRIVED else None
    event(session, KIND_OF_STATE[to], by, now, was_at=session.starts_at, reason=reason).save()
    if to == SessionState.RELEASED:
        messages_for_release(locked.series, session, now=now)
    return session


def _refuse_wrong_moment(series: Series, session: Session, to: SessionState, now: datetime) -> None:
    assert session.starts_at is not None
    zone, facts = series.location.zone, {"number": session.number, "at": session.starts_at}
    if to == SessionState.ARRIVED and local_date(session.starts_at, zone) > local_date(now, zone):
        raise NotToday(**facts)
    if to == SessionState.NO_SHOW and session.starts_at > now:
        raise NotYetBegun(**facts)


def _arrived_at(session: Session, now: datetime) -> datetime:
    """Now; on an earlier day, of which nobody knows the minute, when it was to begin."""
    assert session.starts_at is not None
    zone = session.location.zone
    is_past = local_date(session.starts_at, zone) < local_date(now, zone)
    return session.starts_at if is_past else now


# Taken back


@with_patience
@once
def take_back(
    session_id: int,
    *,
    by: Actor,
    key: str,
    version: int,
    now: datetime,
    reason: str = "",
    keeps_time: bool = True,
) -> Session:
    """As it was before the last thing said of it: a confirmed one that was here is confirmed again.

    A missed, released or cancelled session holds again what it held; refuses where that has gone to somebody else.
    Without `keeps_time` it comes back without a time. Refuses what was only booked, and a treatment that has begun.
    """
    held = Reservation.objects.filter(session=session_id).values_list("resource_id", flat=True)
    locked = lock_session(session_id, held)
    session = locked.session(session_id)
    refuse_stale(session, version)
    if session.state not in STATE_OF_KIND.values():
        refuse(session, SessionState.BOOKED)
    was = _states_before([session])[session.pk] if keeps_time else SessionState.PLANNED
    _put_back(locked, {session.pk: was}, by, now, reason)
    return session


@with_patience
@once
def restore_series(
    series_id: int, *, by: Actor, key: str, version: int, now: datetime, reason: str = ""
) -> Series:
    """Take the stop of a series back: what was cancelled with it holds its time again, all of it or nothing."""
    cancelled = SessionEvent.objects.filter(session__series=series_id, session__state=SessionState.CANCELLED)
    cancelled = cancelled.filter(kind=Kind.CANCELLED)
    last = cancelled.order_by("-at").values("at")[:1]
    stopped = set(cancelled.filter(at=Subquery(last)).values_list("session_id", flat=True))
    held = Reservation.objects.filter(session__in=stopped).values_list("resource_id", flat=True)
    locked = lock_sessions_of(series_id, held)
    _refuse_other_version(locked.series, version)
    refuse_closed(locked.series, SeriesState.STOPPED)
    _put_back(
        locked, _states_before([each for each in locked.sessions if each.pk in stopped]), by, now, reason
    )
    return locked.series


@with_patience
@once
def add_session(series_id: int, *, by: Actor, key: str, version: int, now: datetime) -> Session:
    """One more at the end, without a time yet; a series that was complete is under way again."""
    locked = lock_sessions_of(series_id)
    series = locked.series
    _refuse_other_version(series, version)
    refuse_closed(series, SeriesState.DRAFT, SeriesState.ACTIVE, SeriesState.DONE)
    number = max(each.number for each in locked.sessions) + 1
    if series.sessions_planned >= MOST_SESSIONS:
        raise TooManySessions(most=MOST_SESSIONS)
    with changing([series], "state", "version", "sessions_planned", by=by):
        series.sessions_planned, series.version = series.sessions_planned + 1, series.version + 1
        series.state = SeriesState.ACTIVE if series.state == SeriesState.DONE else series.state
    session = Session.objects.create(
        series=series, patient=series.patient, location=series.location, number=number
    )
    event(session, Kind.ADDED, by, now).save()
    return session


def _refuse_other_version(series: Series, version: int) -> None:
    if series.version != version:
        raise Stale()


def _states_before(sessions: Sequence[Session]) -> dict[int, SessionState]:
    """By session: what it was before its present state, read from its history."""
    events = SessionEvent.objects.filter(session__in=sessions).order_by("at", "pk")
    states: dict[int, list[SessionState]] = {session.pk: [] for session in sessions}
    for session_id, kind in events.values_list("session_id", "kind"):
        line = states[session_id]
        if kind == Kind.TAKEN_BACK:
            line[:] = line[:-1]
        elif kind in (Kind.BOOKED, Kind.MOVED):
            line[:] = [SessionState.BOOKED]
        elif kind in STATE_OF_KIND:
            line.append(STATE_OF_KIND[Kind(kind)])
    return {session.pk: _before(session, states[session.pk]) for session in sessions}


def _before(session: Session, states: Sequence[SessionState]) -> SessionState:
    earlier = states[:-1] if states and states[-1] == session.state else states
    return earlier[-1] if earlier else SessionState.BOOKED if session.starts_at else SessionState.PLANNED


def _put_back(locked: Locked, was: Mapping[int, SessionState], by: Actor, now: datetime, reason: str) -> None:
    series, sessions = locked.series, [each for each in locked.sessions if each.pk in was]
    freed = [each for each in sessions if each.state not in HOLDS_TIME]
    again = [each for each in freed if was[each.pk] in HOLDS_TIME]
    _reclaim(locked, again, now)
    SessionEvent.objects.bulk_create(
        event(each, Kind.TAKEN_BACK, by, now, was_at=each.starts_at, reason=reason) for each in sessions
    )
    with changing([*sessions, series], "state", "version", "arrived_at", "starts_at", "ends_at", by=by):
        for session in sessions:
            session.version += session in freed
            session.state = was[session.pk]
            if session.state != SessionState.ARRIVED:
                session.arrived_at = None
            if session.state == SessionState.PLANNED:
                session.starts_at = session.ends_at = None
        if series.state in (SeriesState.DONE, SeriesState.STOPPED):
            was_booked = any(each.starts_at for each in locked.sessions)
            series.state = SeriesState.ACTIVE if was_booked else SeriesState.DRAFT
            series.version += 1
    coming = [each for each in again if each.starts_at and each.starts_at > now]
    if coming:
        messages_for_change(series, coming, now=now)


def _reclaim(locked: Locked, sessions: Sequence[Session], now: datetime) -> None:
    """Hold again what they held; refuses if any of it has gone to somebody else meanwhile."""
    held = {session.pk: _last_reservations(session) for session in sessions}
    visits = [_place_of(session, held[session.pk]) for session in sessions]
    if visits:
        refuse_unless_possible(locked.facts, locked.resources, visits, now=now, as_it_was=True)
        keys = [each.pk for reservations in held.values() for each in reservations]
        Reservation.objects.filter(pk__in=keys).update(is_active=True)


def _last_reservations(session: Session) -> list[Reservation]:
    """One per kind: every write makes a new one of each."""
    newest = {
        each.resource.kind: each for each in session.reservations.select_related("resource").order_by("pk")
    }
    return list(newest.values())


def _place_of(session: Session, held: Sequence[Reservation]) -> SessionPlace:
    assert session.starts_at is not None
    by_kind = {each.resource.kind: each.resource_id for each in held}
    who, room, device = (by_kind.get(kind) for kind in ("practitioner", "room", "device"))
    return SessionPlace(session.number, session.starts_at, who, room, device)
