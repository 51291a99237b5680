"""Every rule that a time for a session must keep, from facts read under the locks."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from clinic.localtime import local_date
from clinic.models import Location, Resource, ResourceKind
from clinic.opening_hours import Calendar, open_calendar
from planner.choices import HOLDS_TIME, SessionState
from planner.models import Reservation, Session
from planner.obstacles.from_record import Lack, Missing, TreatmentDay, lacks_on
from planner.obstacles.patient_record import records_of
from planner.obstacles.skin_rest import shortest_gap_days
from planner.schedule.refusals import (
    BookingRefusal,
    ConsentEnds,
    InThePast,
    NoConsent,
    NotScreened,
    OffGrid,
    OverMidnight,
    PatientBusy,
    RescreenNeeded,
    ResourceMissing,
    ResourceUnknown,
    ScreeningBlocks,
    ScreeningHolds,
    ScreeningPostpones,
    SkinNotRested,
    TooFarAhead,
    TooLate,
    TooSoon,
    WrongOrder,
)
from planner.schedule.resource_use import (
    ResourceUse,
    kinds_needed,
    length,
    taken_by_others,
    use_of,
    why_it_does_not_serve,
    why_not_free,
)
from planner.schedule.series_facts import SeriesFacts
from planner.schedule.session_place import SessionPlace

HORIZON = timedelta(days=1_830)
TIME_TO_CHOOSE = timedelta(minutes=5)
"""A plan that begins at once may be looked at for so long before it is booked: nobody is told that it is past."""
Uses = Mapping[int, tuple[ResourceUse, ...]]
"""By the number of a session: what it takes of each resource asked for."""


@dataclass(frozen=True, slots=True)
class _Stop:
    """A session with a time, on the line of its series; `moves` when that time is the one asked for."""

    number: int
    starts_at: datetime
    day: date
    state: str
    moves: bool


def refuse_unless_possible(
    facts: SeriesFacts,
    resources: Mapping[int, Resource],
    visits: Sequence[SessionPlace],
    *,
    now: datetime,
    as_it_was: bool = False,
) -> Uses:
    """Check `visits` (sorted by number) for a series; everything given was read under the locks.

    Raises the first reason against them, with all the others in its `others`. Returns what they take otherwise.
    `as_it_was`: times that were right when they were booked; they may be past, and the record is not asked again.
    """
    _raise_all([*_out_of_reach(facts, visits, now, as_it_was), *_badly_served(facts, resources, visits)])
    uses = {visit.number: _uses(visit, facts, resources) for visit in visits}
    _raise_all(
        [
            *_against_the_places(facts, resources, visits, uses),
            *_against_the_line(visits, facts, now),
            *(() if as_it_was else _against_the_record(visits, facts, now)),
        ]
    )
    return uses


def _raise_all(reasons: Sequence[BookingRefusal]) -> None:
    distinct = list({(reason.code, repr(reason.facts)): reason for reason in reasons}.values())
    if distinct:
        distinct.sort(key=lambda reason: reason.facts.get("number", 0))
        distinct[0].others = tuple(distinct[1:])
        raise distinct[0]


def _uses(
    visit: SessionPlace, facts: SeriesFacts, resources: Mapping[int, Resource]
) -> tuple[ResourceUse, ...]:
    return tuple(
        use_of(resources[each], visit.number, visit.starts_at, facts.phases) for each in visit.resource_ids
    )


# Before anything is read: times and resources that cannot be meant


def _out_of_reach(
    facts: SeriesFacts, visits: Sequence[SessionPlace], now: datetime, as_it_was: bool
) -> Iterator[BookingRefusal]:
    for visit in visits:
        if visit.starts_at < now - TIME_TO_CHOOSE and not as_it_was:
            yield InThePast(number=visit.number, at=visit.starts_at)
        elif visit.starts_at > now + HORIZON:
            last_day = local_date(now + HORIZON, facts.zone)
            yield TooFarAhead(number=visit.number, at=visit.starts_at, last_day=last_day)


def _badly_served(
    facts: SeriesFacts, resources: Mapping[int, Resource], visits: Sequence[SessionPlace]
) -> Iterator[BookingRefusal]:
    """A kind that is needed and missing, chosen and not needed, or not what it should be."""
    needed = kinds_needed(facts.phases)
    for visit in visits:
        chosen = {
            ResourceKind.PRACTITIONER: visit.practitioner_id,
            ResourceKind.ROOM: visit.room_id,
            ResourceKind.DEVICE: visit.device_id,
        }
        for kind, resource_id in chosen.items():
            about = {"number": visit.number, "at": visit.starts_at, "kind": kind.label}
            if resource_id is None:
                if kind in needed:
                    yield ResourceMissing(**about)
            elif kind not in needed or not _is_here(resources.get(resource_id), kind, facts.location):
                yield ResourceUnknown(**about)


def _is_here(resource: Resource | None, kind: str, location: Location) -> bool:
    return resource is not None and resource.kind == kind and resource.location_id == location.pk


# One session by itself


def _against_the_places(
    facts: SeriesFacts, resources: Mapping[int, Resource], visits: Sequence[SessionPlace], uses: Uses
) -> Iterator[BookingRefusal]:
    days = [_day(visit, facts) for visit in visits]
    calendar = open_calendar(facts.location, resources.values(), min(days), max(days))
    numbers = {visit.number for visit in visits}
    placing = [session for session in facts.sessions if session.number in numbers]
    taken = taken_by_others([use for each in uses.values() for use in each], placing)
    for visit in visits:
        yield from _odd_time(visit, facts)
        for use in uses[visit.number]:
            yield from _not_for_this(use, facts, calendar, taken)
        yield from _patient_is_busy(visit, facts, placing)
        yield from _skin_is_in_use(visit, facts)


def ends_at(visit: SessionPlace, facts: SeriesFacts) -> datetime:
    return visit.starts_at + length(facts.phases)


def _odd_time(visit: SessionPlace, facts: SeriesFacts) -> Iterator[BookingRefusal]:
    at, grid_minutes = visit.starts_at, facts.location.grid_minutes
    local = at.astimezone(facts.zone)
    off_grid = (local.hour * 60 + local.minute) % grid_minutes or local.second or local.microsecond
    if off_grid:
        yield OffGrid(number=visit.number, at=at, grid_minutes=grid_minutes)
    over = ends_at(visit, facts)
    if local_date(over - timedelta.resolution, facts.zone) != local.date():
        yield OverMidnight(number=visit.number, at=at, ends_at=over)


def _not_for_this(
    use: ResourceUse, facts: SeriesFacts, calendar: Calendar, taken: Mapping[int, Sequence[Reservation]]
) -> Iterator[BookingRefusal]:
    version = facts.series.protocol_version
    reason = why_it_does_not_serve(use.resource, use.number, version, facts.depth_mm)
    reason = reason or why_not_free(use, facts.location, calendar, taken)
    if reason:
        yield reason


def _patient_is_busy(
    visit: SessionPlace, facts: SeriesFacts, placing: Collection[Session]
) -> Iterator[BookingRefusal]:
    over = ends_at(visit, facts)
    for other in facts.patient_elsewhere(placing):
        assert other.starts_at is not None
        assert other.ends_at is not None
        if other.starts_at < over and other.ends_at > visit.starts_at:
            yield PatientBusy(number=visit.number, at=visit.starts_at, until=other.ends_at)


def _skin_is_in_use(visit: SessionPlace, facts: SeriesFacts) -> Iterator[BookingRefusal]:
    for use in facts.skin_uses:
        days = abs((_day(visit, facts) - use.day).days)
        if days < use.rest_days:
            about = {"number": visit.number, "at": visit.starts_at, "other_day": use.day}
            yield SkinNotRested(days=days, needed=use.rest_days, **about)


# The series as a line in time


def _against_the_line(
    visits: Sequence[SessionPlace], facts: SeriesFacts, now: datetime
) -> Iterator[BookingRefusal]:
    for before, after in pairwise(_line(visits, facts)):
        if before.moves or after.moves:
            yield from _against_the_pair(before, after, facts, now)


def _line(visits: Sequence[SessionPlace], facts: SeriesFacts) -> list[_Stop]:
    placed = {visit.number for visit in visits}
    stops = [_Stop(each.number, each.starts_at, _day(each, facts), "", True) for each in visits]
    stops += (
        _Stop(each.number, each.starts_at, facts.day(each), each.state, False)
        for each in facts.in_states(HOLDS_TIME)
        if each.number not in placed and each.starts_at
    )
    return sorted(stops, key=lambda stop: stop.number)


def _day(visit: SessionPlace, facts: SeriesFacts) -> date:
    return local_date(visit.starts_at, facts.zone)


def _against_the_pair(
    before: _Stop, after: _Stop, facts: SeriesFacts, now: datetime
) -> Iterator[BookingRefusal]:
    days, shortest = (after.day - before.day).days, shortest_gap_days(facts.series)
    about = {"number": after.number, "at": after.starts_at, "after": before.number}
    if after.starts_at <= before.starts_at:
        yield WrongOrder(after_at=before.starts_at, **about)
    elif days < shortest:
        first_day = before.day + timedelta(days=shortest)
        yield TooSoon(days=days, needed=shortest, first_day=first_day, **about)
    else:
        yield from _too_late(before, after, facts, now)


def _too_late(before: _Stop, after: _Stop, facts: SeriesFacts, now: datetime) -> Iterator[BookingRefusal]:
    """Past the longest gap; one that can no longer be kept whatever is chosen, forbids nothing."""
    allowed = facts.longest_wait_days(before.number, after.number)
    last_day = before.day + timedelta(days=allowed)
    if after.day > last_day >= local_date(now, facts.zone):
        about = {"number": after.number, "at": after.starts_at, "after": before.number}
        yield TooLate(days=(after.day - before.day).days, allowed=allowed, last_day=last_day, **about)


# What must stand in the record first


def _against_the_record(
    visits: Sequence[SessionPlace], facts: SeriesFacts, now: datetime
) -> Iterator[BookingRefusal]:
    patient, today = facts.series.patient, local_date(now, facts.zone)
    record = records_of([patient])[patient.pk]
    for planned, visit in _planned(visits, facts):
        for lack in lacks_on(planned, record, facts.zone, today=today):
            yield _of_the_record(lack, planned, visit, visits[0].number)


def _planned(
    visits: Sequence[SessionPlace], facts: SeriesFacts
) -> Iterator[tuple[TreatmentDay, SessionPlace]]:
    line, version = _line(visits, facts), facts.series.protocol_version
    for visit in visits:
        at = next(place for place, stop in enumerate(line) if stop.number == visit.number)
        is_done = at > 0 and line[at - 1].state == SessionState.DONE
        treated_on = line[at - 1].day if is_done else None
        yield TreatmentDay(line[at].day, version, facts.sites, treated_on), visit


def _of_the_record(lack: Lack, planned: TreatmentDay, visit: SessionPlace, first: int) -> BookingRefusal:
    about = {"number": visit.number, "at": visit.starts_at}
    if lack.kind == Missing.NOT_SCREENED:  # said once for all of them
        return NotScreened(number=first)
    if lack.kind == Missing.SCREEN_ANEW:
        allowed = planned.version.lapse_days
        return RescreenNeeded(number=visit.number, last_day=planned.treated_on, allowed=allowed)
    if lack.day is not None:
        ends = {Missing.CONSENT_ENDS: ConsentEnds, Missing.WAITS: ScreeningPostpones}
        return ends[lack.kind](until=lack.day, **about)
    return _WITHOUT_END[lack.kind](**about)


_WITHOUT_END: Mapping[Missing, type[BookingRefusal]] = {
    Missing.NO_CONSENT: NoConsent,
    Missing.BLOCKED: ScreeningBlocks,
    Missing.WAITS: ScreeningHolds,
    Missing.ON_HOLD: ScreeningHolds,
}
