"""Booking, moving and cancelling sessions: with `marks` the one door to sessions and reservations.

Each function is one transaction. It locks first and reads anew (`locking`), checks everything (`rules`), then writes
sessions, reservations, history and messages together, each kind in one statement. Repeated with the same key, it does
nothing a second time. A refusal leaves everything as it was.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from clinic.actor import Actor
from clinic.services.changing import changing
from clinic.services.once import once
from planner.choices import CAN_MOVE, HOLDS_TIME, NEEDLED, OVER, SeriesState, SessionState
from planner.models import Reservation, Series, Session, SessionEvent
from planner.outbox.plan_messages import messages_for_booking, messages_for_cancellation, messages_for_change
from planner.schedule.locking import Locked, lock, with_patience
from planner.schedule.refusals import (
    AlreadyBooked,
    NotThisSeries,
    PlanIncomplete,
    WrongState,
    changed_meanwhile,
)
from planner.schedule.rules import Uses, ends_at, refuse_unless_possible
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
    refuse_closed(series, SeriesState.DRAFT, SeriesState.ACTIVE)
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
    locked = lock_session(session_id, _resources_of(visits))
    session = locked.session(session_id)
    refuse_stale(session, version)
    refuse_closed(locked.series, SeriesState.ACTIVE)
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
    locked = lock_session(session_id)
    session = locked.session(session_id)
    refuse_stale(session, version)
    refuse_step(session, SessionState.CANCELLED)
    told = _take_out(locked, [session], by, now, reason)
    messages_for_cancellation(locked.series, told, now=now)
    return session


@with_patience
@once
def stop_series(series_id: int, *, by: Actor, key: str, version: int, now: datetime, reason: str) -> Series:
    """Cancel all sessions that are still to come. Refuses while one is in treatment; `version` is the series'."""
    locked = lock_sessions_of(series_id)
    series = locked.series
    if series.version != version:
        raise changed_meanwhile(*locked.sessions, seen=version)
    refuse_closed(series, SeriesState.DRAFT, SeriesState.ACTIVE)
    for session in locked.sessions:
        if session.state == SessionState.IN_TREATMENT:
            refuse(session, SessionState.CANCELLED)
    to_come = [session for session in locked.sessions if session.state not in OVER]
    told = _take_out(locked, to_come, by, now, reason, to=SeriesState.STOPPED)
    messages_for_cancellation(series, told, now=now)
    return series


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
    release(told)
    with changing([*sessions, series], "state", "version", by=by):
        for session in sessions:
            session.state, session.version = SessionState.CANCELLED, session.version + 1
        series.state, series.version = to or _state_after(locked), series.version + 1
    SessionEvent.objects.bulk_create(
        event(session, Kind.CANCELLED, by, now, was_at=session.starts_at, reason=reason)
        for session in sessions
    )
    return told


def _state_after(locked: Locked) -> str:
    """Of the series, when nothing is left to come."""
    if any(each.state not in OVER for each in locked.sessions):
        return locked.series.state
    any_done = any(each.state in NEEDLED for each in locked.sessions)
    return SeriesState.DONE if any_done else SeriesState.STOPPED


def _resources_of(visits: Iterable[SessionPlace]) -> set[int]:
    return {resource_id for visit in visits for resource_id in visit.resource_ids}


def _of(locked: Locked, visits: Sequence[SessionPlace]) -> list[Session]:
    numbers = {visit.number for visit in visits}
    return [session for session in locked.sessions if session.number in numbers]


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
            events.append(event(session, kind, by, now, reason=reason, **times))
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
        release(held)
        Session.objects.filter(pk__in=[session.pk for session in held]).update(state=SessionState.PLANNED)


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
