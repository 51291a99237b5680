"""Every rule that a time for a session must keep, from facts read under the locks."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from clinic.localtime import local_date
from clinic.models import Resource, ResourceKind
from patients.choices import ConsentKind, ScreeningEffect
from patients.screening_rules import ImpossibleDate, Verdict
from patients.services.consents import consent_on
from patients.services.screening import KnownAnswers, known_answers
from planner.choices import HOLDS_TIME, SessionState
from planner.models import ProtocolPhase, Reservation, Series, Session
from planner.schedule.opening_hours import Calendar, open_calendar
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
    depth_needed_mm,
    kinds_needed,
    length,
    taken_by_others,
    use_of,
    why_it_does_not_serve,
    why_not_free,
)
from planner.schedule.session_place import SessionPlace
from planner.schedule.skin_rest import SkinUse, other_uses_of_the_skin, shortest_gap_days

HORIZON = timedelta(days=1_830)
TIME_TO_CHOOSE = timedelta(minutes=5)
"""A plan that begins at once may be looked at for so long before it is booked: nobody is told that it is past."""
STILL_TO_COME = (SessionState.PLANNED, SessionState.NO_SHOW)


@dataclass(frozen=True, slots=True)
class BookingFacts:
    """What is known when times for some sessions of a series are judged.

    `sessions` are all of the series, `taken` and `patient_sessions` what stands beside the sessions being placed.
    """

    series: Series
    now: datetime
    phases: tuple[ProtocolPhase, ...]
    sessions: tuple[Session, ...]
    uses: Mapping[int, tuple[ResourceUse, ...]]
    calendar: Calendar
    taken: Mapping[int, tuple[Reservation, ...]]
    patient_sessions: tuple[Session, ...]
    skin_uses: tuple[SkinUse, ...]
    depth_needed_mm: Decimal | None

    def day(self, instant: datetime) -> date:
        return local_date(instant, self.series.location.zone)

    def ends_at(self, visit: SessionPlace) -> datetime:
        return visit.starts_at + length(self.phases)


@dataclass(frozen=True, slots=True)
class _Stop:
    """A session with a time, on the line of its series; `moves` when that time is the one asked for."""

    number: int
    starts_at: datetime
    day: date
    state: str
    moves: bool


def refuse_unless_possible(
    series: Series,
    sessions: Sequence[Session],
    resources: Mapping[int, Resource],
    visits: Sequence[SessionPlace],
    *,
    now: datetime,
    as_it_was: bool = False,
) -> BookingFacts:
    """Check `visits` (sorted by number) for `series`; everything given was read under the locks.

    Raises the first reason against them, with all the others in its `others`. Returns the facts otherwise.
    `as_it_was`: times that were right when they were booked; they may be past, and the record is not asked again.
    """
    _raise_all([*_out_of_reach(series, visits, now, as_it_was), *_badly_served(series, resources, visits)])
    facts = _gather(series, sessions, resources, visits, now)
    _raise_all(
        [
            *(each for visit in visits for each in _against(visit, facts)),
            *_against_the_line(visits, facts),
            *(() if as_it_was else _against_the_record(visits, facts)),
        ]
    )
    return facts


def _raise_all(reasons: Sequence[BookingRefusal]) -> None:
    distinct = list({(reason.code, repr(reason.facts)): reason for reason in reasons}.values())
    if distinct:
        distinct.sort(key=lambda reason: reason.facts.get("number", 0))
        distinct[0].others = tuple(distinct[1:])
        raise distinct[0]


def _gather(
    series: Series,
    sessions: Sequence[Session],
    resources: Mapping[int, Resource],
    visits: Sequence[SessionPlace],
    now: datetime,
) -> BookingFacts:
    phases = tuple(series.protocol_version.phases.all())
    placed = [session for session in sessions if session.number in {visit.number for visit in visits}]
    uses = {visit.number: _uses(visit, phases, resources) for visit in visits}
    days = [local_date(visit.starts_at, series.location.zone) for visit in visits]
    every_use = [use for each in uses.values() for use in each]
    return BookingFacts(
        series=series,
        now=now,
        phases=phases,
        sessions=tuple(sessions),
        uses=uses,
        calendar=open_calendar(series.location, resources.values(), min(days), max(days)),
        taken=taken_by_others(every_use, placed),
        patient_sessions=_patient_sessions(series, placed, min(visit.starts_at for visit in visits)),
        skin_uses=other_uses_of_the_skin(series),
        depth_needed_mm=depth_needed_mm(series),
    )


def _uses(
    visit: SessionPlace, phases: Sequence[ProtocolPhase], resources: Mapping[int, Resource]
) -> tuple[ResourceUse, ...]:
    return tuple(
        use_of(resources[each], visit.number, visit.starts_at, phases) for each in visit.resource_ids
    )


def _patient_sessions(series: Series, placed: Collection[Session], since: datetime) -> tuple[Session, ...]:
    held = Session.objects.filter(patient_id=series.patient_id, state__in=HOLDS_TIME, ends_at__gt=since)
    return tuple(held.exclude(pk__in=[session.pk for session in placed]))


# Before anything is read: times and resources that cannot be meant


def _out_of_reach(
    series: Series, visits: Sequence[SessionPlace], now: datetime, as_it_was: bool
) -> Iterator[BookingRefusal]:
    for visit in visits:
        if visit.starts_at < now - TIME_TO_CHOOSE and not as_it_was:
            yield InThePast(number=visit.number, at=visit.starts_at)
        elif visit.starts_at > now + HORIZON:
            last_day = local_date(now + HORIZON, series.location.zone)
            yield TooFarAhead(number=visit.number, at=visit.starts_at, last_day=last_day)


def _badly_served(
    series: Series, resources: Mapping[int, Resource], visits: Sequence[SessionPlace]
) -> Iterator[BookingRefusal]:
    """A kind that is needed and missing, chosen and not needed, or not what it should be."""
    needed = kinds_needed(series.protocol_version.phases.all())
    for visit in visits:
        chosen = {
            ResourceKind.PRACTITIONER: visit.practitioner_id,
            ResourceKind.ROOM: visit.room_id,
            ResourceKind.DEVICE: visit.device_id,
        }
        for kind, resource_id in chosen.items():
            facts = {"number": visit.number, "at": visit.starts_at, "kind": kind.label}
            if resource_id is None:
                if kind in needed:
                    yield ResourceMissing(**facts)
            elif kind not in needed or not _is_here(resources.get(resource_id), kind, series):
                yield ResourceUnknown(**facts)


def _is_here(resource: Resource | None, kind: str, series: Series) -> bool:
    return resource is not None and resource.kind == kind and resource.location_id == series.location_id


# One session by itself


def _against(visit: SessionPlace, facts: BookingFacts) -> Iterator[BookingRefusal]:
    yield from _odd_time(visit, facts)
    version = facts.series.protocol_version
    for use in facts.uses[visit.number]:
        reason = why_it_does_not_serve(use.resource, visit.number, version, facts.depth_needed_mm)
        reason = reason or why_not_free(use, facts.series.location, facts.calendar, facts.taken)
        if reason:
            yield reason
    yield from _patient_is_busy(visit, facts)
    yield from _skin_is_in_use(visit, facts)


def _odd_time(visit: SessionPlace, facts: BookingFacts) -> Iterator[BookingRefusal]:
    at, location = visit.starts_at, facts.series.location
    local = at.astimezone(location.zone)
    off_grid = (local.hour * 60 + local.minute) % location.grid_minutes or local.second or local.microsecond
    if off_grid:
        yield OffGrid(number=visit.number, at=at, grid_minutes=location.grid_minutes)
    ends_at = facts.ends_at(visit)
    if facts.day(ends_at - timedelta.resolution) != facts.day(at):
        yield OverMidnight(number=visit.number, at=at, ends_at=ends_at)


def _patient_is_busy(visit: SessionPlace, facts: BookingFacts) -> Iterator[BookingRefusal]:
    ends_at = facts.ends_at(visit)
    for other in facts.patient_sessions:
        assert other.starts_at is not None
        assert other.ends_at is not None
        if other.starts_at < ends_at and other.ends_at > visit.starts_at:
            yield PatientBusy(number=visit.number, at=visit.starts_at, until=other.ends_at)


def _skin_is_in_use(visit: SessionPlace, facts: BookingFacts) -> Iterator[BookingRefusal]:
    day = facts.day(visit.starts_at)
    for use in facts.skin_uses:
        days = abs((day - use.day).days)
        if days < use.rest_days:
            about = {"number": visit.number, "at": visit.starts_at, "other_day": use.day}
            yield SkinNotRested(days=days, needed=use.rest_days, **about)


# The series as a line in time


def _against_the_line(visits: Sequence[SessionPlace], facts: BookingFacts) -> Iterator[BookingRefusal]:
    for before, after in pairwise(_line(visits, facts)):
        if before.moves or after.moves:
            yield from _against_the_pair(before, after, facts)


def _line(visits: Sequence[SessionPlace], facts: BookingFacts) -> list[_Stop]:
    placed = {visit.number for visit in visits}
    stops = [_Stop(each.number, each.starts_at, facts.day(each.starts_at), "", True) for each in visits]
    for session in facts.sessions:
        if session.number not in placed and session.state in HOLDS_TIME and session.starts_at:
            day = facts.day(session.starts_at)
            stops.append(_Stop(session.number, session.starts_at, day, session.state, False))
    return sorted(stops, key=lambda stop: stop.number)


def _against_the_pair(before: _Stop, after: _Stop, facts: BookingFacts) -> Iterator[BookingRefusal]:
    days, shortest = (after.day - before.day).days, shortest_gap_days(facts.series)
    about = {"number": after.number, "at": after.starts_at, "after": before.number}
    if after.starts_at <= before.starts_at:
        yield WrongOrder(after_at=before.starts_at, **about)
    elif days < shortest:
        first_day = before.day + timedelta(days=shortest)
        yield TooSoon(days=days, needed=shortest, first_day=first_day, **about)
    else:
        yield from _too_late(before, after, facts)
        yield from _lapsed(before, after, facts)


def _too_late(before: _Stop, after: _Stop, facts: BookingFacts) -> Iterator[BookingRefusal]:
    """Past the longest gap; one that can no longer be kept whatever is chosen, forbids nothing."""
    between = [each for each in facts.sessions if before.number < each.number < after.number]
    steps = 1 + sum(session.state in STILL_TO_COME for session in between)
    allowed = facts.series.gap_max_days * steps
    last_day = before.day + timedelta(days=allowed)
    if after.day > last_day >= facts.day(facts.now):
        about = {"number": after.number, "at": after.starts_at, "after": before.number}
        yield TooLate(days=(after.day - before.day).days, allowed=allowed, last_day=last_day, **about)


def _lapsed(before: _Stop, after: _Stop, facts: BookingFacts) -> Iterator[BookingRefusal]:
    allowed = facts.series.protocol_version.lapse_days
    if before.state != SessionState.DONE or (after.day - before.day).days <= allowed:
        return
    screenings = facts.series.patient.screenings.filter(is_recheck=False)
    if not any(facts.day(each.taken_at) > before.day for each in screenings):
        yield RescreenNeeded(number=after.number, last_day=before.day, allowed=allowed)


# What must stand in the record first


def _against_the_record(visits: Sequence[SessionPlace], facts: BookingFacts) -> Iterator[BookingRefusal]:
    screened = facts.series.patient.screenings.filter(is_recheck=False).exists()
    if not screened:
        yield NotScreened(number=visits[0].number)
    asked = _asked(facts.series)
    for visit in visits:
        yield from _not_consented(visit, facts)
        if screened:
            yield from _ruled_out(visit, facts, asked)


def _not_consented(visit: SessionPlace, facts: BookingFacts) -> Iterator[BookingRefusal]:
    patient, about = facts.series.patient, {"number": visit.number, "at": visit.starts_at}
    if consent_on(patient, facts.day(visit.starts_at), ConsentKind.TREATMENT):
        return
    today = consent_on(patient, facts.day(facts.now), ConsentKind.TREATMENT)
    yield ConsentEnds(until=today.valid_to, **about) if today else NoConsent(**about)


def _ruled_out(visit: SessionPlace, facts: BookingFacts, asked: KnownAnswers) -> Iterator[BookingRefusal]:
    about = {"number": visit.number, "at": visit.starts_at}
    verdict = _verdict_on(facts.day(visit.starts_at), asked)
    if verdict and verdict.may_book:
        return
    if verdict and verdict.effect == ScreeningEffect.BLOCK:
        yield ScreeningBlocks(**about)
    elif verdict and verdict.effect == ScreeningEffect.POSTPONE and verdict.earliest:
        yield ScreeningPostpones(until=verdict.earliest, **about)
    else:
        yield ScreeningHolds(**about)


def _asked(series: Series) -> KnownAnswers:
    sites = {area.site for area in series.areas.all()}
    return known_answers(series.patient, sites=sites, modality=series.protocol_version.protocol.modality)


def _verdict_on(day: date, asked: KnownAnswers) -> Verdict | None:
    """Nothing when the answers cannot be judged: something they tell of happened after that day."""
    try:
        return asked.standing(day)
    except ImpossibleDate:
        return None
