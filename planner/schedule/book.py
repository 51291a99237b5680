"""Booking, moving, cancelling and marking sessions: the one door to sessions and reservations.

Each function is one transaction. It locks first and reads anew (`locking`), checks everything (`rules`), then writes
sessions, reservations, history and messages together, each kind in one statement. Repeated with the same key, it does
nothing a second time. A refusal leaves everything as it was.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from clinic.actor import Actor
from clinic.localtime import local_date
from clinic.services.changing import changing
from clinic.services.once import once
from clinic.services.versions import Stale
from planner.choices import CAN_MOVE, HOLDS_TIME, NEXT_STATES, SeriesState, SessionState
from planner.models import Reservation, Series, Session, SessionEvent
from planner.outbox.plan_messages import messages_for_booking, messages_for_cancellation, messages_for_change
from planner.schedule.locking import Locked, lock, with_patience
from planner.schedule.refusals import (
    AlreadyBooked,
    NotThisSeries,
    NotToday,
    NotYetBegun,
    PlanIncomplete,
    SeriesClosed,
    WrongState,
)
from planner.schedule.rules import Uses, ends_at, refuse_unless_possible
from planner.schedule.session_place import SessionPlace

Kind = SessionEvent.Kind
CLOSED = (SessionState.DONE, SessionState.CANCELLED)
KIND_OF_STATE = {
    SessionState.BOOKED: Kind.TAKEN_BACK,
    SessionState.CONFIRMED: Kind.CONFIRMED,
    SessionState.ARRIVED: Kind.ARRIVED,
    SessionState.NO_SHOW: Kind.NO_SHOW,
}
"""The states a person may set by hand, and what the history calls it; the others come from what is done."""


@with_patience
@once
def book_series(
    series_id: int, visits: Sequence[SessionPlace], *, by: Actor, key: str, now: datetime
) -> Series:
    """Give every session of the series that has no time yet the one in `visits`: all of them or none.

    Refuses a series that is stopped, complete or has no open session, visits that do not name each open session
    once, and every time that a rule speaks against.
    """
    visits = _in_order(visits)
    locked = lock(series_id, _resources_of(visits))
    series = locked.series
    _refuse_closed(series, SeriesState.DRAFT, SeriesState.ACTIVE)
    _refuse_partial(locked, visits)
    uses = refuse_unless_possible(locked.facts, locked.resources, visits, now=now)
    _place(locked, visits, uses, by, now, "")
    messages_for_booking(series, now=now)
    return series


@with_patience
@once
def move_sessions(
    session_id: int,
    visits: Sequence[SessionPlace],
    *,
    by: Actor,
    key: str,
    version: int,
    now: datetime,
    reason: str = "",
) -> Session:
    """Give this session, and any later ones of its series in `visits`, another time or other resources.

    A missed session, or one without a time, is booked by it; a confirmed one has to be confirmed again. What stays
    as it is is left alone. Refuses earlier sessions and ones that cannot move, and every time that a rule speaks
    against. `version` is this session's.
    """
    visits = _in_order(visits)
    locked = _lock_session(session_id, _resources_of(visits))
    session = locked.session(session_id)
    _refuse_stale(session, version)
    _refuse_closed(locked.series, SeriesState.ACTIVE)
    _refuse_strangers(locked, session, visits)
    changed = _changed(locked, visits)
    if changed:
        _refuse_fixed(locked, changed)
        uses = refuse_unless_possible(locked.facts, locked.resources, changed, now=now)
        moved = _place(locked, changed, uses, by, now, reason)
        messages_for_change(locked.series, moved, now=now)
    return session


@with_patience
@once
def cancel_session(
    session_id: int, *, by: Actor, key: str, version: int, now: datetime, reason: str
) -> Session:
    """Take one session out of its series for good, and free what it held. The others stay where they are.

    When no session is left to come, the series is complete, or stopped if none was done.
    """
    locked = _lock_session(session_id)
    session = locked.session(session_id)
    _refuse_stale(session, version)
    _refuse_step(session, SessionState.CANCELLED)
    told = _take_out(locked, [session], by, now, reason)
    messages_for_cancellation(locked.series, told, now=now)
    return session


@with_patience
@once
def stop_series(series_id: int, *, by: Actor, key: str, version: int, now: datetime, reason: str) -> Series:
    """Cancel all sessions that are still to come. Refuses while one is in treatment; `version` is the series'."""
    locked = _lock_sessions_of(series_id)
    series = locked.series
    if series.version != version:
        raise Stale()
    _refuse_closed(series, SeriesState.DRAFT, SeriesState.ACTIVE)
    for session in locked.sessions:
        if session.state == SessionState.IN_TREATMENT:
            _refuse(session, SessionState.CANCELLED)
    to_come = [session for session in locked.sessions if session.state not in CLOSED]
    told = _take_out(locked, to_come, by, now, reason, to=SeriesState.STOPPED)
    messages_for_cancellation(series, told, now=now)
    return series


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
    """Confirmed, arrived, missed, or back to booked.

    Arriving is for the day of the session, missing for the time after its start. A missed session frees what it
    held; taking that back books it again where it was, if that is still free.
    """
    to, locked = SessionState(to), _lock_session(session_id)
    session = locked.session(session_id)
    _refuse_stale(session, version)
    if to not in KIND_OF_STATE or session.starts_at is None:
        _refuse(session, to)
    _refuse_step(session, to)
    _refuse_wrong_moment(locked.series, session, to, now)
    with changing([session], "state", "version", "arrived_at", by=by):
        if to == SessionState.NO_SHOW:
            _release([session])
            session.version += 1
        elif session.state == SessionState.NO_SHOW:
            _reclaim(locked, session, now)
            session.version += 1
        session.state = to
        session.arrived_at = now if to == SessionState.ARRIVED else None
    _event(session, KIND_OF_STATE[to], by, now, was_at=session.starts_at, reason=reason).save()
    return session


def _in_order(visits: Iterable[SessionPlace]) -> list[SessionPlace]:
    return sorted(visits, key=lambda visit: visit.number)


def _refuse_partial(locked: Locked, visits: Sequence[SessionPlace]) -> None:
    wanted = [visit.number for visit in visits]
    without_time = {each.number for each in locked.sessions if each.state == SessionState.PLANNED}
    if not without_time:
        raise AlreadyBooked()
    wrong = {number for number in wanted if wanted.count(number) > 1} | (without_time ^ set(wanted))
    if wrong:
        raise PlanIncomplete(numbers=sorted(wrong))


def _refuse_strangers(locked: Locked, session: Session, visits: Sequence[SessionPlace]) -> None:
    numbers = [visit.number for visit in visits]
    later = {each.number for each in locked.sessions if each.number >= session.number}
    if session.number not in numbers or len(set(numbers)) < len(numbers) or not set(numbers) <= later:
        raise NotThisSeries()


def _refuse_fixed(locked: Locked, visits: Sequence[SessionPlace]) -> None:
    for session in _of(locked, visits):
        if session.state not in CAN_MOVE:
            raise WrongState(
                number=session.number,
                state=session.get_state_display(),
                wanted=SessionState.BOOKED.label,
            )


def _changed(locked: Locked, visits: Sequence[SessionPlace]) -> list[SessionPlace]:
    sessions = _of(locked, visits)
    held: defaultdict[int, set[int]] = defaultdict(set)
    reservations = Reservation.objects.filter(session__in=sessions, is_active=True)
    for number, resource_id in reservations.values_list("session__number", "resource_id"):
        held[number].add(resource_id)
    now_at = {each.number: each.starts_at for each in sessions if each.state in HOLDS_TIME}
    where = {number: (at, held[number]) for number, at in now_at.items()}
    return [each for each in visits if where.get(each.number) != (each.starts_at, set(each.resource_ids))]


def _take_out(
    locked: Locked,
    sessions: Sequence[Session],
    by: Actor,
    now: datetime,
    reason: str,
    to: SeriesState | None = None,
) -> list[Session]:
    """Cancel, with the series then in state `to`; answers those that had a time the patient may have been told."""
    series, told = locked.series, [session for session in sessions if session.state in HOLDS_TIME]
    _release(told)
    with changing([*sessions, series], "state", "version", by=by):
        for session in sessions:
            session.state, session.version = SessionState.CANCELLED, session.version + 1
        series.state, series.version = to or _state_after(locked), series.version + 1
    SessionEvent.objects.bulk_create(
        _event(session, Kind.CANCELLED, by, now, was_at=session.starts_at, reason=reason)
        for session in sessions
    )
    return told


def _state_after(locked: Locked) -> str:
    """Of the series, when nothing is left to come."""
    if any(each.state not in CLOSED for each in locked.sessions):
        return locked.series.state
    any_done = any(each.state == SessionState.DONE for each in locked.sessions)
    return SeriesState.DONE if any_done else SeriesState.STOPPED


def _refuse_wrong_moment(series: Series, session: Session, to: SessionState, now: datetime) -> None:
    assert session.starts_at is not None
    zone, facts = series.location.zone, {"number": session.number, "at": session.starts_at}
    if to == SessionState.ARRIVED and local_date(session.starts_at, zone) != local_date(now, zone):
        raise NotToday(**facts)
    if to == SessionState.NO_SHOW and session.starts_at > now:
        raise NotYetBegun(**facts)


def _reclaim(locked: Locked, session: Session, now: datetime) -> None:
    """Hold again what a missed session held; refuses if that has gone to somebody else meanwhile."""
    held = _last_reservations(session)
    visit = _place_of(session, {each.resource.kind: each.resource_id for each in held})
    refuse_unless_possible(locked.facts, locked.resources, [visit], now=now, as_it_was=True)
    Reservation.objects.filter(pk__in=[each.pk for each in held]).update(is_active=True)


def _last_reservations(session: Session) -> list[Reservation]:
    """One per kind: every write makes a new one of each."""
    newest = {
        each.resource.kind: each for each in session.reservations.select_related("resource").order_by("pk")
    }
    return list(newest.values())


def _place_of(session: Session, by_kind: Mapping[str, int]) -> SessionPlace:
    assert session.starts_at is not None
    who, room, device = (by_kind.get(kind) for kind in ("practitioner", "room", "device"))
    return SessionPlace(session.number, session.starts_at, who, room, device)


def _resources_of(visits: Iterable[SessionPlace]) -> set[int]:
    return {resource_id for visit in visits for resource_id in visit.resource_ids}


def _lock_session(session_id: int, more: Iterable[int] = ()) -> Locked:
    return _lock_sessions_of(Session.objects.values_list("series_id", flat=True).get(pk=session_id), more)


def _lock_sessions_of(series_id: int, more: Iterable[int] = ()) -> Locked:
    """The series with whatever its open sessions hold or held, and `more`."""
    held = Reservation.objects.filter(session__series=series_id).exclude(session__state__in=CLOSED)
    return lock(series_id, {*held.values_list("resource_id", flat=True), *more})


def _of(locked: Locked, visits: Sequence[SessionPlace]) -> list[Session]:
    numbers = {visit.number for visit in visits}
    return [session for session in locked.sessions if session.number in numbers]


def _refuse_stale(session: Session, version: int) -> None:
    if session.version != version:
        raise Stale()


def _refuse_closed(series: Series, *allowed: SeriesState) -> None:
    if series.state not in allowed:
        raise SeriesClosed(state=series.get_state_display())


def _refuse_step(session: Session, to: SessionState) -> None:
    if to not in NEXT_STATES[SessionState(session.state)]:
        _refuse(session, to)


def _refuse(session: Session, to: SessionState) -> None:
    raise WrongState(number=session.number, state=session.get_state_display(), wanted=to.label)


def _place(
    locked: Locked, visits: Sequence[SessionPlace], uses: Uses, by: Actor, now: datetime, reason: str
) -> list[Session]:
    """Write the sessions at their new times. All are lifted before the first is set down: one may take another's."""
    series, sessions, events = locked.series, _of(locked, visits), []
    _lift(sessions)
    fields = ("state", "version", "arrived_at", "starts_at", "ends_at")
    with changing([*sessions, series], *fields, by=by):
        series.state, series.version = SeriesState.ACTIVE, series.version + 1
        for session, visit in zip(sessions, visits, strict=True):
            kind = Kind.MOVED if session.starts_at else Kind.BOOKED
            times = {"was_at": session.starts_at, "now_at": visit.starts_at}
            events.append(_event(session, kind, by, now, reason=reason, **times))
            session.state, session.version, session.arrived_at = (
                SessionState.BOOKED,
                session.version + 1,
                None,
            )
            session.starts_at, session.ends_at = visit.starts_at, ends_at(visit, locked.facts)
    SessionEvent.objects.bulk_create(events)
    _reserve(sessions, uses)
    return sessions


def _lift(sessions: Iterable[Session]) -> None:
    held = [session for session in sessions if session.state in HOLDS_TIME]
    if held:
        _release(held)
        Session.objects.filter(pk__in=[session.pk for session in held]).update(state=SessionState.PLANNED)


def _release(sessions: Sequence[Session]) -> None:
    if sessions:
        Reservation.objects.filter(session__in=sessions, is_active=True).update(is_active=False)


def _reserve(sessions: Iterable[Session], uses: Uses) -> None:
    Reservation.objects.bulk_create(
        Reservation(
            session=session,
            resource=use.resource,
            starts_at=use.starts_at,
            used_until=use.used_until,
            ends_at=use.ends_at,
        )
        for session in sessions
        for use in uses[session.number]
    )


def _event(session: Session, kind: Kind, by: Actor, now: datetime, **fields: Any) -> SessionEvent:
    return SessionEvent(session=session, kind=kind, by=by.user, at=now, **fields)
