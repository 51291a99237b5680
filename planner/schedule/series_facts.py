"""From rows to the engine's problem: the only bridge between the database and the engine.

A proposal is read in at most eight queries, however many sessions, resources or days: the series with all that its
patient has (1), the medical answers (2), resources with their reservations (1, and once more when the first look
ahead was too short), opening hours (3).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from clinic.localtime import local_date
from clinic.models import Location, Resource, ResourceKind
from patients.choices import ScreeningEffect
from patients.models import Area
from patients.screening_rules import Verdict
from patients.services.screening import standing
from planner.choices import HOLDS_TIME
from planner.engine.grid import FreeTime, Horizon
from planner.engine.problem import (
    MAX_HORIZON_DAYS,
    MINUTES_PER_DAY,
    Current,
    Gap,
    Need,
    PatientTime,
    Phase,
    Prefer,
    Previous,
    Request,
    Week,
)
from planner.models import ProtocolPhase, Reservation, Series, Session, SiteDepth
from planner.schedule.free_time import depth_skill, engine_id, free_time, with_reservations
from planner.schedule.opening_hours import Away, Calendar, open_calendar
from planner.schedule.resource_use import same_skin, shortest_gap_days, skills_needed

ONE_DAY = timedelta(days=1)
LOOK_AHEAD_DAYS = 180
"""How late it may begin at all, beyond its longest gaps."""


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """A series with all its sessions by number, and what else its patient has.

    `practitioners` says who is or was booked for a session, by its id. `elsewhere` are the sessions of the patient's
    other series that have a time; `skin_days` the days on which those treat skin of this one, with the days that
    must lie between.
    """

    series: Series
    sessions: tuple[Session, ...]
    practitioners: Mapping[int, int | None]
    elsewhere: tuple[Session, ...]
    skin_days: tuple[tuple[date, int], ...]
    phases: tuple[tuple[int, tuple[str, ...]], ...]
    depth_mm: Decimal | None

    @property
    def location(self) -> Location:
        return self.series.location

    @property
    def zone(self) -> ZoneInfo:
        return self.series.location.zone

    @property
    def depths(self) -> frozenset[Decimal]:
        """The depth that a device has to reach, if any."""
        return frozenset() if self.depth_mm is None else frozenset({self.depth_mm})

    def in_states(self, states: Collection[str]) -> tuple[Session, ...]:
        return tuple(session for session in self.sessions if session.state in states)

    def day(self, session: Session) -> date:
        assert session.starts_at is not None
        return local_date(session.starts_at, self.zone)


def facts_of(patients: Mapping[int, int]) -> tuple[SeriesFacts, ...]:
    """Of series by id, each with its patient's, in the order given: one query."""
    of_patient: defaultdict[int, list[Session]] = defaultdict(list)
    for session in _with_everything().filter(patient__in=set(patients.values())):
        of_patient[session.patient_id].append(session)
    return tuple(_facts(pk, of_patient[patient]) for pk, patient in patients.items())


@cache
def _with_everything() -> QuerySet[Any]:
    """Never evaluated itself; kept because describing it takes as long as asking it."""
    version = "series__protocol_version"
    phases = ProtocolPhase.objects.filter(version=OuterRef(version)).order_by("position")
    skin = Area.objects.filter(series=OuterRef("series"))
    sites = Area.objects.filter(series=OuterRef(OuterRef("series"))).values("site")
    depths = SiteDepth.objects.filter(version=OuterRef(version), site__in=sites).order_by("-min_mm")
    held = Reservation.objects.filter(session=OuterRef("pk"), resource__kind=ResourceKind.PRACTITIONER)
    return (
        Session.objects.select_related("series__patient", "series__location", f"{version}__protocol")
        .annotate(
            phases=ArraySubquery(phases.values(phase=JSONObject(minutes="minutes", needs="needs"))),
            skin=ArraySubquery(skin.values(area=JSONObject(site="site", side="side"))),
            depth_mm=Subquery(depths.values("min_mm")[:1]),
            practitioner_id=Subquery(held.order_by("-is_active", "-pk").values("resource")[:1]),
        )
        .order_by("series_id", "number")
    )


def _facts(series_id: int, of_patient: Sequence[Any]) -> SeriesFacts:
    own = [session for session in of_patient if session.series_id == series_id]
    series = own[0].series
    elsewhere = [
        session
        for session in of_patient
        if session.series_id != series_id and session.state in HOLDS_TIME and session.starts_at
    ]
    return SeriesFacts(
        series=series,
        sessions=tuple(own),
        practitioners={session.pk: session.practitioner_id for session in own},
        elsewhere=tuple(elsewhere),
        skin_days=tuple(_skin_days(own[0], elsewhere)),
        phases=tuple((phase["minutes"], tuple(phase["needs"])) for phase in own[0].phases),
        depth_mm=own[0].depth_mm,
    )


def _skin_days(own: Any, elsewhere: Iterable[Any]) -> Iterator[tuple[date, int]]:
    ours = [(area["site"], area["side"]) for area in own.skin]
    for session in elsewhere:
        theirs = [(area["site"], area["side"]) for area in session.skin]
        if any(same_skin(mine, their) for mine in ours for their in theirs):
            rest = max(shortest_gap_days(own.series), shortest_gap_days(session.series))
            yield local_date(session.starts_at, session.series.location.zone), rest


def standing_of(facts: SeriesFacts, on: date) -> Verdict:
    """What the patient's answers mean for this series on a day: two queries."""
    series = facts.series
    sites = {area["site"] for area in facts.sessions[0].skin}  # type: ignore[attr-defined]
    modality = series.protocol_version.protocol.modality
    return standing(series.patient, on=on, sites=sites, modality=modality)


def first_day_possible(facts: SeriesFacts, now: datetime) -> date:
    """Today, or the day the series may start, or the one until which the screening postpones it."""
    today = local_date(now, facts.zone)
    verdict = standing_of(facts, today)
    waits = verdict.earliest if verdict.effect == ScreeningEffect.POSTPONE else None
    return max(day for day in (today, facts.series.starts_from, waits) if day)


# Requests


def request_for(
    facts: SeriesFacts, placing: Sequence[Session], *, not_before: date, now: datetime
) -> Request:
    """What the engine is asked: a time for each of `placing` (open sessions, by number); the others stay.

    `latest` is as far as one may reasonably look, or the last day that leaves the next fixed session its gap.
    """
    series, gap = facts.series, gap_of(facts.series)
    before, after = neighbours(facts, placing)
    today = local_date(now, facts.zone)
    earliest = max(not_before, today)
    if before:
        earliest = max(earliest, facts.day(before) + timedelta(days=gap.min))
    kept = before if before and facts.day(before) + timedelta(days=gap.max) >= today else None
    latest = earliest + timedelta(days=len(placing) * gap.max + LOOK_AHEAD_DAYS)
    latest = min(latest, today + timedelta(days=MAX_HORIZON_DAYS - 1))
    if after:
        latest = min(latest, facts.day(after) - timedelta(days=gap.min))
        if len(placing) == 1:
            earliest = max(earliest, facts.day(after) - timedelta(days=gap.max))
    return Request(
        id=str(series.pk),
        sessions=len(placing),
        gap=gap,
        earliest=earliest,
        latest=latest,
        phases=tuple(_phases(facts)),
        patient=PatientTime(_weekdays(series), tuple(_patient_busy(facts, placing, now))),
        previous=Previous(facts.day(kept), _practitioner(facts, kept)) if kept else None,
        current=tuple(_current(facts, placing)),
        prefer=_prefer(series),
    )


def gap_of(series: Series) -> Gap:
    """The series' own gaps, none of them under the protocol's floor."""
    shortest = shortest_gap_days(series)
    return Gap(shortest, max(shortest, series.gap_target_days), max(shortest, series.gap_max_days))


def neighbours(facts: SeriesFacts, placing: Sequence[Session]) -> tuple[Session | None, Session | None]:
    """The sessions with a time of their own right before and right after those to be placed."""
    fixed = [session for session in facts.in_states(HOLDS_TIME) if session not in placing]
    before = [session for session in fixed if session.number < placing[0].number]
    after = [session for session in fixed if session.number > placing[-1].number]
    return (before[-1] if before else None), (after[0] if after else None)


def _phases(facts: SeriesFacts) -> Iterator[Phase]:
    """A session cut wherever some kind begins or ceases to be needed, outwards to whole grid steps.

    For phases on the grid that is the same session; of others no minute is forgotten.
    """
    grid, at = facts.location.grid_minutes, 0
    spans: dict[str, tuple[int, int]] = {}
    for minutes, needs in facts.phases:
        for kind in needs:
            spans[kind] = (spans.get(kind, (at, 0))[0], at + minutes)
        at += minutes
    steps = {kind: (first // grid, -(-last // grid)) for kind, (first, last) in spans.items()}
    cuts = sorted({0, -(-at // grid), *(edge for span in steps.values() for edge in span)})
    for first, last in pairwise(cuts):
        needed = [kind for kind, (begins, ends) in steps.items() if begins <= first and last <= ends]
        yield Phase("", (last - first) * grid, tuple(_need(facts, kind) for kind in needed))


def _need(facts: SeriesFacts, kind: str) -> Need:
    skills = skills_needed(facts.series.protocol_version, kind)
    if kind == ResourceKind.DEVICE and facts.depth_mm:
        skills |= {depth_skill(facts.depth_mm)}
    return Need(kind, skills)


def _weekdays(series: Series) -> Week | None:
    if not series.weekdays:
        return None
    return tuple(((0, MINUTES_PER_DAY),) if day in series.weekdays else () for day in range(7))


def _patient_busy(
    facts: SeriesFacts, placing: Sequence[Session], now: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Today until now, the patient's other sessions, and days on which the skin still rests from another series."""
    here = now.astimezone(facts.zone).replace(tzinfo=None)
    midnight = datetime.combine(here, time())
    if here > midnight:
        yield midnight, here
    own = [session for session in facts.in_states(HOLDS_TIME) if session not in placing]
    for session in (*own, *facts.elsewhere):
        if session.ends_at and session.ends_at > now:
            yield _wall(session.starts_at, facts.zone), _wall(session.ends_at, facts.zone)
    for day, rest_days in facts.skin_days:
        first, last = day - timedelta(days=rest_days - 1), day + timedelta(days=rest_days)
        yield datetime.combine(first, time()), datetime.combine(last, time())


def _wall(instant: datetime | None, zone: ZoneInfo) -> datetime:
    assert instant is not None
    return instant.astimezone(zone).replace(tzinfo=None)


def _practitioner(facts: SeriesFacts, session: Session) -> str | None:
    found = facts.practitioners[session.pk]
    return engine_id(found) if found else None


def _current(facts: SeriesFacts, placing: Sequence[Session]) -> Iterator[Current]:
    for index, session in enumerate(placing, start=1):
        if session.state in HOLDS_TIME:
            at = _wall(session.starts_at, facts.zone)
            yield Current(index, at.date(), at.hour * 60 + at.minute, _practitioner(facts, session))


def _prefer(series: Series) -> Prefer:
    time_windows: tuple[tuple[int, int], ...] = ()
    if series.prefers_from or series.prefers_to:
        first, last = series.prefers_from or time(), series.prefers_to
        end = last.hour * 60 + last.minute if last else MINUTES_PER_DAY
        time_windows = ((first.hour * 60 + first.minute, end),)
    wanted = series.prefers_practitioner_id
    return Prefer(engine_id(wanted) if wanted else None, time_windows)


# Free time


@dataclass(frozen=True, slots=True)
class Diary:
    """What is free at a location over the days of a request, and the names and hours that explain it."""

    free: FreeTime
    calendar: Calendar
    resources: Mapping[int, Resource]

    def name(self, resource_id: int) -> str:
        return self.resources[resource_id].name if resource_id in self.resources else ""


def diary(
    location: Location,
    request: Request,
    *,
    releasing: Collection[Session],
    depths: Collection[Decimal],
    known: Diary | None = None,
    until: date | None = None,
    away: tuple[Away, ...] = (),
) -> Diary:
    """What is free from the request's first day to its last, as if `releasing` held nothing.

    The calendar reaches to `until`; one that is `known` already is not read again. `away` are further absences to
    reckon with.
    """
    first, last = request.earliest, request.latest
    released = [session.pk for session in releasing if session.state in HOLDS_TIME]
    resources = list(with_reservations(location, first, last, except_sessions=released))
    calendar = (
        known.calendar if known else open_calendar(location, resources, first, (until or last) + ONE_DAY)
    )
    calendar = replace(calendar, absences=calendar.absences + away)
    horizon = Horizon(first, (last - first).days + 1, location.grid_minutes)
    free = free_time(resources, calendar, location.timezone, horizon, depths)
    return Diary(free, calendar, {resource.pk: resource for resource in resources})
