"""Every rule that a time for a session must keep, from facts read under the locks."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise

from clinic.localtime import local_date
from clinic.models import Location, Resource, ResourceKind
from clinic.opening_hours import Calendar, open_calendar
from planner.choices import HOLDS_TIME, NEEDLED
from planner.models import Reservation, Session
from planner.obstacles.from_record import TreatmentDay, stopping_day
from planner.obstacles.obstacle import ObstacleCode
from planner.obstacles.patient_record import records_of
from planner.obstacles.resource_use import (
    ResourceUse,
    kinds_needed,
    length,
    taken_by_others,
    use_of,
    why_it_does_not_serve,
    why_not_open,
)
from planner.obstacles.skin_rest import SessionDay, shortest_gap_days, why_not_after, why_skin_rests
from planner.schedule.refusals import (
    BookingRefusal,
    InThePast,
    OffGrid,
    OverMidnight,
    PatientBusy,
    ResourceMissing,
    ResourceUnknown,
    SlotTaken,
    TooFarAhead,
    refusal_of,
)
from planner.schedule.series_facts import SeriesFacts
from planner.schedule.session_place import SessionPlace

HORIZON = timedelta(days=1_830)
TIME_TO_CHOOSE = timedelta(minutes=5)
"""A plan that begins at once may be looked at for so long before it is booked: nobody is told that it is past."""
Uses = Mapping[int, tuple[ResourceUse, ...]]
"""By the number of a session: what it takes of each resource asked for."""


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
    obstacle = why_it_does_not_serve(use.resource, version, facts.depth_mm)
    obstacle = obstacle or why_not_open(use, facts.location, calendar)
    if obstacle:
        yield refusal_of(obstacle, use.number, use.at)
        return
    for held in taken.get(use.resource.pk, ()):
        if held.starts_at < use.ends_at and held.ends_at > use.starts_at:
            times = {"since": held.starts_at, "until": held.ends_at}
            yield SlotTaken(number=use.number, at=use.at, resource=use.resource.name, **times)
            return


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
    for obstacle in why_skin_rests(_day(visit, facts), facts.skin_uses):
        yield refusal_of(obstacle, visit.number, visit.starts_at)


# The series as a line in time


def _against_the_line(
    visits: Sequence[SessionPlace], facts: SeriesFacts, now: datetime
) -> Iterator[BookingRefusal]:
    """Past a longest gap that can no longer be kept, whatever is chosen, nothing is forbidden."""
    today, moves = local_date(now, facts.zone), {visit.number for visit in visits}
    for before, after in pairwise(_line(visits, facts)):
        if moves.isdisjoint((before.number, after.number)):
            continue
        obstacle = why_not_after(
            before,
            after,
            shortest_days=shortest_gap_days(facts.series),
            longest_days=facts.longest_wait_days(before.number, after.number),
        )
        if obstacle and not (obstacle.code == ObstacleCode.TOO_LATE and obstacle.facts["last_day"] < today):
            yield refusal_of(obstacle, after.number, after.starts_at)


def _line(visits: Sequence[SessionPlace], facts: SeriesFacts) -> list[SessionDay]:
    placed = {visit.number for visit in visits}
    stops = [SessionDay(each.number, each.starts_at, _day(each, facts)) for each in visits]
    stops += (
        SessionDay(each.number, each.starts_at, facts.day(each))
        for each in facts.in_states(HOLDS_TIME)
        if each.number not in placed and each.starts_at
    )
    return sorted(stops, key=lambda stop: stop.number)


def _day(visit: SessionPlace, facts: SeriesFacts) -> date:
    return local_date(visit.starts_at, facts.zone)


# What must stand in the record first


def _against_the_record(
    visits: Sequence[SessionPlace], facts: SeriesFacts, now: datetime
) -> Iterator[BookingRefusal]:
    patient, today = facts.series.patient, local_date(now, facts.zone)
    record = records_of([patient])[patient.pk]
    for planned, visit in _planned(visits, facts):
        for obstacle in stopping_day(planned, record, facts.zone, today=today):
            yield refusal_of(obstacle, visit.number, visit.starts_at, first=visits[0].number)


def _planned(
    visits: Sequence[SessionPlace], facts: SeriesFacts
) -> Iterator[tuple[TreatmentDay, SessionPlace]]:
    line, version = _line(visits, facts), facts.series.protocol_version
    done = {each.number for each in facts.in_states(NEEDLED)} - {each.number for each in visits}
    for visit in visits:
        at = next(place for place, stop in enumerate(line) if stop.number == visit.number)
        treated_on = line[at - 1].day if at > 0 and line[at - 1].number in done else None
        yield TreatmentDay(line[at].day, version, facts.sites, treated_on), visit
