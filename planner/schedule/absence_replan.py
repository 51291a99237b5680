"""Everybody of somebody who is away: who moves where, planned together, as a diff to accept in part."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from clinic.models import Absence, Resource
from clinic.opening_hours import Away
from planner.choices import SessionState
from planner.engine.answer import Result
from planner.engine.joint import plan_jointly
from planner.engine.problem import Problem, Request
from planner.models import Reservation, Session
from planner.obstacles.patient_record import PatientRecord, records_of
from planner.schedule.diary import Diary, diary
from planner.schedule.engine_request import asked_of_engine
from planner.schedule.free_time import problem_resources
from planner.schedule.proposals import ProposalContext, why_nothing_fits
from planner.schedule.propose import no_day_left
from planner.schedule.series_facts import SeriesFacts, facts_of
from planner.schedule.session_place import SessionPlace, visits_of

BOOKED = (SessionState.BOOKED, SessionState.CONFIRMED)
SECONDS = 10.0
FURTHER_DAYS = 28
"""How far beyond its longest gap, counted from where it is booked, a displaced series is looked for a place."""
LONGEST_VISIT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SessionMove:
    """One session of a replan: how it stands and how it would."""

    session_id: int
    number: int
    was: SessionPlace
    now: SessionPlace


@dataclass(frozen=True, slots=True)
class SeriesChange:
    """What changes in one series; `booking.move_sessions(session_id, visits, version=version)` accepts it."""

    series_id: int
    patient_id: int
    session_id: int
    version: int
    moves: tuple[SessionMove, ...]
    cost: int

    @property
    def visits(self) -> tuple[SessionPlace, ...]:
        return tuple(move.now for move in self.moves)


@dataclass(frozen=True, slots=True)
class LeftOver:
    """A series for which no place was found, and why."""

    series_id: int
    patient_id: int
    numbers: tuple[int, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replan:
    """The least upset: as many series as can be, then the least total cost, of which `bound` is a proved lower bound.

    `changes` are in an order in which each can be accepted after those before it; any may be left out, and then
    one that wanted its place is refused.
    """

    changes: tuple[SeriesChange, ...]
    left: tuple[LeftOver, ...]
    cost: int
    bound: int
    optimal: bool


def replan(
    resource: Resource,
    starts_at: datetime,
    ends_at: datetime,
    *,
    now: datetime,
    seconds: float = SECONDS,
) -> Replan:
    """Who moves where when a practitioner, room or device is away from `starts_at` to `ends_at`. Changes nothing."""
    affected = _affected(resource, starts_at, ends_at, now)
    patients = {session.series_id: session.patient_id for session in affected}
    records = records_of(session.patient for session in affected)
    everybody = [
        _Displaced.of(facts, records[session.patient_id], session.number, now)
        for facts, session in zip(facts_of(patients), affected, strict=True)
    ]
    fitting = [each for each in everybody if each.request.earliest <= each.request.latest]
    left = [each.without_a_day() for each in everybody if each not in fitting]
    if not fitting:
        return Replan((), tuple(left), 0, 0, True)
    away = _away(resource, starts_at, ends_at)
    around = _diary_around(fitting, away)
    problem = Problem(
        timezone=resource.location.timezone,
        grid_minutes=resource.location.grid_minutes,
        resources=problem_resources(around.free),
        requests=tuple(each.request for each in fitting),
        mode="joint",
    )
    found = plan_jointly(problem, seconds=seconds)
    assert found.total is not None
    changes = _changes(fitting, found.results, resource.pk)
    left += [each.without_a_place(result, around) for each, result in _unplaced(fitting, found.results)]
    total = found.total
    return Replan(tuple(_in_order(changes)), tuple(left), total.cost, total.bound, total.optimal)


def _affected(
    resource: Resource, starts_at: datetime, ends_at: datetime, now: datetime
) -> tuple[Session, ...]:
    """Of each series the first booked session that needs the resource then."""
    sessions = Session.objects.filter(
        state__in=BOOKED,
        starts_at__gte=now,
        reservations__resource=resource,
        reservations__is_active=True,
        reservations__starts_at__lt=ends_at,
        reservations__ends_at__gt=starts_at,
    )
    return tuple(sessions.select_related("patient").order_by("series_id", "number").distinct("series_id"))


def _away(resource: Resource, starts_at: datetime, ends_at: datetime) -> Away:
    since, until = (at.astimezone(resource.location.zone).replace(tzinfo=None) for at in (starts_at, ends_at))
    return Away(resource.pk, Absence.Kind.LEAVE, since, until)


@dataclass(frozen=True, slots=True)
class _Displaced:
    """A series with its booked sessions from the first displaced one on, and what is asked for them."""

    facts: SeriesFacts
    placing: tuple[Session, ...]
    request: Request

    @classmethod
    def of(cls, facts: SeriesFacts, record: PatientRecord, first_number: int, now: datetime) -> "_Displaced":
        placing = tuple(each for each in facts.in_states(BOOKED) if each.number >= first_number)
        request = asked_of_engine(facts, placing, record, now=now).request
        latest = facts.day(placing[-1]) + timedelta(days=request.gap.max + FURTHER_DAYS)
        return cls(facts, placing, replace(request, latest=min(request.latest, latest)))

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(session.number for session in self.placing)

    def without_a_day(self) -> LeftOver:
        return self._left_over((no_day_left(self.placing, self.request),))

    def without_a_place(self, result: Result, around: Diary) -> LeftOver:
        told = ProposalContext(self.facts, self.placing, self.request, around)
        return self._left_over(why_nothing_fits(result, told).reasons)

    def _left_over(self, reasons: tuple[str, ...]) -> LeftOver:
        return LeftOver(self.facts.series.pk, self.facts.series.patient_id, self.numbers, reasons)


def _diary_around(displaced: Sequence[_Displaced], away: Away) -> Diary:
    """Free time over all their days, as if none of them held anything."""
    first = min(displaced, key=lambda each: each.request.earliest)
    days = replace(first.request, latest=max(each.request.latest for each in displaced))
    releasing = [session for each in displaced for session in each.placing]
    depths = {depth for each in displaced for depth in each.facts.depths}
    return diary(first.facts.location, days, releasing=releasing, depths=depths, away=(away,))


def _unplaced(
    displaced: Sequence[_Displaced], results: Sequence[Result]
) -> Iterator[tuple[_Displaced, Result]]:
    for each, result in zip(displaced, results, strict=True):
        if not result.proposals:
            yield each, result


def _changes(
    displaced: Sequence[_Displaced], results: Sequence[Result], resource_id: int
) -> list[SeriesChange]:
    was = _visits_booked([session.pk for each in displaced for session in each.placing])
    now = {
        session.pk: visit
        for each, result in zip(displaced, results, strict=True)
        if result.proposals
        for session, visit in zip(
            each.placing, visits_of(result.proposals[0], each.numbers, each.facts.zone), strict=True
        )
    }
    _keep_rooms(was, now, resource_id)
    costs = {result.request: result.proposals[0].cost for result in results if result.proposals}
    return [
        change for each in displaced if (change := _change(each, was, now, costs.get(each.request.id, 0)))
    ]


def _change(
    each: _Displaced, was: Mapping[int, SessionPlace], now: Mapping[int, SessionPlace], cost: int
) -> SeriesChange | None:
    moves = [
        SessionMove(session.pk, session.number, was[session.pk], now[session.pk])
        for session in each.placing
        if session.pk in now and now[session.pk] != was[session.pk]
    ]
    if not moves:
        return None
    first = next(session for session in each.placing if session.pk == moves[0].session_id)
    series = each.facts.series
    return SeriesChange(series.pk, series.patient_id, first.pk, first.version, tuple(moves), cost)


def _visits_booked(session_ids: Sequence[int]) -> dict[int, SessionPlace]:
    held: defaultdict[int, dict[str, int]] = defaultdict(dict)
    reservations = Reservation.objects.filter(session__in=session_ids, is_active=True).select_related(
        "session", "resource"
    )
    sessions: dict[int, Session] = {}
    for reservation in reservations:
        held[reservation.session_id][reservation.resource.kind] = reservation.resource_id
        sessions[reservation.session_id] = reservation.session
    return {
        pk: SessionPlace(
            session.number,
            session.starts_at,
            held[pk].get("practitioner"),
            held[pk].get("room"),
            held[pk].get("device"),
        )
        for pk, session in sessions.items()
        if session.starts_at
    }


def _keep_rooms(was: Mapping[int, SessionPlace], now: dict[int, SessionPlace], away: int) -> None:
    """A session that keeps its time and practitioner keeps its room and device, unless away or needed by others."""
    for pk, visit in now.items():
        before = was[pk]
        if away in set(before.resource_ids) - set(visit.resource_ids):
            continue
        if (before.starts_at, before.practitioner_id) == (visit.starts_at, visit.practitioner_id):
            others = [other for other_pk, other in now.items() if other_pk != pk]
            if not any(_may_meet(before, other) for other in others):
                now[pk] = before


def _may_meet(one: SessionPlace, other: SessionPlace) -> bool:
    """Whether two visits share a resource on neighbouring times; says yes rather too often."""
    shared = set(one.resource_ids) & set(other.resource_ids)
    return bool(shared) and abs(one.starts_at - other.starts_at) < LONGEST_VISIT


def _in_order(changes: Sequence[SeriesChange]) -> Iterator[SeriesChange]:
    """Those first that wait for nobody to leave; what waits in a circle comes last."""
    waiting = list(changes)
    while waiting:
        ready = next((each for each in waiting if not _waits(each, waiting)), waiting[0])
        waiting.remove(ready)
        yield ready


def _waits(change: SeriesChange, others: Sequence[SeriesChange]) -> bool:
    leaving = [move.was for other in others if other is not change for move in other.moves]
    return any(_may_meet(move.now, was) for move in change.moves for was in leaving)
