"""The obstacles of many sessions: one read of what they depend on, and one pure function.

Everybody asks here: a booking and a start refuse by it, pages mark by it, mails wait by it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from zoneinfo import ZoneInfo

from clinic.localtime import local_date
from clinic.models import Location, Resource, ResourceKind
from clinic.nested import kept
from clinic.opening_hours import Calendar, resources_and_calendar
from planner.choices import HERE, WITHOUT_TIME, SeriesState, SessionState
from planner.models import ProtocolPhase, ProtocolVersion, Session
from planner.obstacles import from_record
from planner.obstacles.obstacle import Obstacle, ObstacleCode
from planner.obstacles.patient_record import PatientRecord, records_of
from planner.obstacles.resource_use import kinds_needed, use_of, why_it_does_not_serve, why_not_open
from planner.obstacles.running_late import LateUses, held_by_those_here, late_uses, why_it_begins_late
from planner.obstacles.skin_rest import (
    SessionDay,
    SkinUse,
    longest_gap_days,
    shortest_gap_days,
    use_by_another,
    why_not_after,
    why_skin_rests,
)

EXPECTED = (SessionState.BOOKED, SessionState.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the obstacles of some sessions of one location depend on, the sessions themselves apart."""

    location: Location
    resources: Mapping[int, Resource]
    calendar: Calendar
    records: Mapping[int, PatientRecord]
    now: datetime
    late: LateUses
    _needs: dict[int, tuple[tuple[ProtocolPhase, ...], tuple[ResourceKind, ...]]] = field(
        default_factory=dict
    )

    def needs_of(
        self, version: ProtocolVersion
    ) -> tuple[tuple[ProtocolPhase, ...], tuple[ResourceKind, ...]]:
        """Its phases and the kinds they need: the same for all its sessions."""
        if version.pk not in self._needs:
            phases = tuple(kept(version, "phases"))
            self._needs[version.pk] = phases, kinds_needed(phases)
        return self._needs[version.pk]

    @property
    def zone(self) -> ZoneInfo:
        return self.location.zone

    @property
    def today(self) -> date:
        return local_date(self.now, self.zone)


def surroundings_of(
    sessions: Sequence[Session],
    location: Location,
    *,
    now: datetime,
    records: Mapping[int, PatientRecord] | None = None,
    days: tuple[date, date] | None = None,
) -> Surroundings:
    """In three statements, however many sessions; in one where the `records` are known. `days` are read at least."""
    on = [local_date(each.starts_at, location.zone) for each in sessions if each.starts_at]
    today = local_date(now, location.zone)
    here = held_by_those_here(location, now) if today in on else {}
    on += days or (today,)
    resources, calendar, read = resources_and_calendar(location, min(on), max(on), **here)
    return Surroundings(
        location,
        resources,
        calendar,
        records_of(each.patient for each in sessions) if records is None else records,
        now,
        late_uses(read.get("here", ()), now),
    )


def obstacles_of(sessions: Iterable[Session], around: Surroundings) -> dict[int, tuple[Obstacle, ...]]:
    """By session, what stops it first; those with nothing in their way are left out.

    The sessions come `with_everything`; what is done or cancelled has none.
    """
    found = {each.pk: tuple(_of_session(each, around)) for each in sessions}
    return {
        pk: tuple(sorted(obstacles, key=lambda each: not each.stops))
        for pk, obstacles in found.items()
        if obstacles
    }


def _of_session(session: Session, around: Surroundings) -> Iterator[Obstacle]:
    if session.state in WITHOUT_TIME:
        yield from _without_time(session, around)
    elif session.state in (*EXPECTED, *HERE) and session.starts_at:
        day = local_date(session.starts_at, around.zone)
        if day < around.today:
            is_here = session.state in HERE
            yield Obstacle(ObstacleCode.RECORD_OPEN if is_here else ObstacleCode.NOT_ENDED)
        elif session.state != SessionState.IN_TREATMENT:
            yield from _to_come(session, SessionDay(session.number, session.starts_at, day), around)


def _to_come(session: Session, stop: SessionDay, around: Surroundings) -> Iterator[Obstacle]:
    record = around.records[session.patient_id]
    if session.state in EXPECTED:
        yield from _of_the_place(session, stop, around)
    yield from _of_the_line(session, stop, record, around.zone)
    yield from from_record.of_session(session, record, around.zone, today=around.today)
    yield from _of_the_messages(stop, session, record, around.now)


# The schedule


def _without_time(session: Session, around: Surroundings) -> Iterator[Obstacle]:
    if session.series.state != SeriesState.ACTIVE:
        return
    record = around.records[session.patient_id]
    before = _before(session, record, around.zone)
    facts = {"state": session.state}
    if before is None:
        yield Obstacle(ObstacleCode.NO_TIME, facts=facts)
        return
    last_day = before.day + timedelta(days=_longest_days(session, before, record))
    yield Obstacle(ObstacleCode.NO_TIME, facts={**facts, "last_day": last_day, "after": before.number})


def _of_the_place(session: Session, stop: SessionDay, around: Surroundings) -> Iterator[Obstacle]:
    """Who and what serves it is there, in use, able, and open."""
    version = session.series.protocol_version
    phases, needed = around.needs_of(version)
    held = [each.resource_id for each in kept(session, "reservations") if each.is_active]
    serving = [around.resources[pk] for pk in held if pk in around.resources]
    for kind in needed:
        if not any(each.kind == kind for each in serving):
            yield Obstacle(ObstacleCode.RESOURCE_MISSING, facts={"kind": kind.label})
    depth_mm, told, uses = _depth_mm(session), [], []
    for resource in serving:
        if resource.kind in needed:
            use = use_of(resource, session.number, stop.starts_at, phases)
            uses.append(use)
            obstacle = why_it_does_not_serve(resource, version, depth_mm)
            obstacle = obstacle or why_not_open(use, around.location, around.calendar)
            if obstacle and obstacle not in told:  # a closed house is closed for all of them
                told.append(obstacle)
                yield obstacle
    if around.late and stop.day == around.today and (waits := why_it_begins_late(uses, around.late)):
        yield waits


def _depth_mm(session: Session) -> Decimal | None:
    """The least depth that the protocol names for the deepest of the sites."""
    sites = {area.site for area in kept(session.series, "areas")}
    depths = kept(session.series.protocol_version, "depths")
    return max((depth.min_mm for depth in depths if depth.site in sites), default=None)


def _of_the_line(
    session: Session, stop: SessionDay, record: PatientRecord, zone: ZoneInfo
) -> Iterator[Obstacle]:
    before = _before(session, record, zone)
    if before:
        obstacle = why_not_after(
            before,
            stop,
            shortest_days=shortest_gap_days(session.series),
            longest_days=_longest_days(session, before, record),
        )
        if obstacle:
            yield obstacle
    yield from why_skin_rests(stop.day, _other_uses(session, record, zone))


def _before(session: Session, record: PatientRecord, zone: ZoneInfo) -> SessionDay | None:
    """The last session of the series with a time and a lower number."""
    earlier = [each for each in record.held.get(session.series_id, ()) if each.number < session.number]
    if not earlier:
        return None
    last = max(earlier, key=lambda each: each.number)
    return SessionDay(last.number, last.starts_at, local_date(last.starts_at, zone))


def _longest_days(session: Session, before: SessionDay, record: PatientRecord) -> int:
    """A longest gap, and one more for each session between that has yet to be."""
    waiting = record.without_time.get(session.series_id, ())
    between = sum(before.number < number < session.number for number in waiting)
    return longest_gap_days(session.series) * (1 + between)


def _other_uses(session: Session, record: PatientRecord, zone: ZoneInfo) -> Iterator[SkinUse]:
    """The days on which other series of the patient treat."""
    ours, rest = record.skins.get(session.series_id), shortest_gap_days(session.series)
    if ours is None:
        return
    for series_id, theirs in record.skins.items():
        if series_id != session.series_id:
            for held in record.held.get(series_id, ()):
                yield use_by_another(
                    local_date(held.starts_at, zone),
                    ours.skin,
                    theirs.skin,
                    rest_days=max(rest, theirs.rest_days),
                    other_area_days=record.other_area_days,
                )


# The messages


def _of_the_messages(
    stop: SessionDay, session: Session, record: PatientRecord, now: datetime
) -> Iterator[Obstacle]:
    """Said of the patient's next session alone, or one cause would be many."""
    coming = (each.starts_at for each in chain(*record.held.values()) if each.starts_at >= now)
    if stop.starts_at != min(coming, default=None):
        return
    if record.patient.mail_allowed and not record.patient.email:
        yield Obstacle(ObstacleCode.NO_ADDRESS)
    elif record.is_address_refused:
        yield Obstacle(ObstacleCode.ADDRESS_REFUSED)
    if record.untold_series:
        yield Obstacle(ObstacleCode.NOT_TOLD)
