"""What the engine is asked for a series: sessions, gaps, phases, the patient's own time, wishes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from clinic.localtime import day_bounds, local_date
from clinic.models import ResourceKind
from planner.choices import HOLDS_TIME
from planner.engine.instants import shown_while
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
from planner.models import Series, Session
from planner.obstacles.obstacle import Obstacle, ObstacleCode
from planner.obstacles.patient_record import PatientRecord
from planner.obstacles.resource_use import skills_needed
from planner.obstacles.skin_rest import longest_gap_days, shortest_gap_days
from planner.obstacles.words import to_settle_first
from planner.schedule.free_time import depth_skill, engine_id
from planner.schedule.record_days import RuledOut, first_allowed, lapses_after, ruled_out
from planner.schedule.series_facts import SeriesFacts

LOOK_AHEAD_DAYS = 180
"""How late it may begin at all, beyond its longest gaps."""


@dataclass(frozen=True, slots=True)
class AskedOfEngine:
    """A request that keeps to the record: `not_on` are the days it rules out.

    The first session may be on `first_until` at the latest, or the patient has to be screened anew before it.
    """

    request: Request
    not_on: tuple[RuledOut, ...]
    first_until: date | None

    @property
    def is_hopeless(self) -> bool:
        """No day is left of which anything could be asked."""
        request, until = self.request, self.first_until
        first = first_allowed(self.not_on, request.earliest)
        return first > request.latest or (until is not None and first > until)

    def reasons(self) -> tuple[str, ...]:
        """What the record has against the days that were wanted, each once."""
        request = self.request
        days = request.earliest, request.latest
        against = [each.obstacle for each in self.not_on if each.first <= days[1] and each.last >= days[0]]
        if self.first_until and self.first_until < request.latest:
            against.append(Obstacle(ObstacleCode.RESCREEN_NEEDED))
        return tuple(dict.fromkeys(to_settle_first(each) for each in against))


def asked_of_engine(
    facts: SeriesFacts, placing: Sequence[Session], record: PatientRecord, *, now: datetime
) -> AskedOfEngine:
    """A time for each of `placing`: from today, or the day the series may start, on days that the record allows."""
    today = local_date(now, facts.zone)
    not_on = ruled_out(facts, record, today, today + timedelta(days=MAX_HORIZON_DAYS - 1), today=today)
    wished = max(day for day in (today, facts.series.starts_from) if day)
    first = first_allowed(not_on, wished)
    request = request_for(facts, placing, not_before=first, not_on=not_on, now=now)
    if request.earliest > request.latest:  # said of the days that were wished
        request = request_for(facts, placing, not_before=wished, not_on=not_on, now=now)
    return AskedOfEngine(request, not_on, lapses_after(facts, record, neighbours(facts, placing)[0]))


def request_for(
    facts: SeriesFacts,
    placing: Sequence[Session],
    *,
    not_before: date,
    not_on: Sequence[RuledOut] = (),
    now: datetime,
) -> Request:
    """What the engine is asked: a time for each of `placing` (open sessions, by number), none `not_on` these days.

    The others stay.

    `latest` is as far as one may reasonably look, or the last day that leaves the next fixed session its gap.
    """
    series, gap = facts.series, gap_of(facts.series)
    before, _after = neighbours(facts, placing)
    today = local_date(now, facts.zone)
    earliest, latest = _days_between(facts, placing, gap, max(not_before, today), today)
    kept = before if before and facts.day(before) + timedelta(days=gap.max) >= today else None
    busy = (*_patient_busy(facts, placing, now), *_whole_days(not_on, earliest, latest))
    return Request(
        id=str(series.pk),
        sessions=len(placing),
        gap=gap,
        earliest=earliest,
        latest=latest,
        phases=tuple(_phases(facts)),
        patient=PatientTime(_weekdays(series), busy),
        previous=Previous(facts.day(kept), _practitioner(facts, kept)) if kept else None,
        current=tuple(_current(facts, placing)),
        prefer=_prefer(series),
    )


def _days_between(
    facts: SeriesFacts, placing: Sequence[Session], gap: Gap, earliest: date, today: date
) -> tuple[date, date]:
    """The first and the last day on which `placing` may be, by the fixed sessions around them."""
    before, after = neighbours(facts, placing)
    if before:
        earliest = max(earliest, facts.day(before) + timedelta(days=gap.min))
    latest = earliest + timedelta(days=len(placing) * gap.max + LOOK_AHEAD_DAYS)
    latest = min(latest, today + timedelta(days=MAX_HORIZON_DAYS - 1))
    if before:
        wait = facts.longest_wait_days(before.number, placing[0].number)
        last_day = facts.day(before) + timedelta(days=wait)
        if last_day >= today:
            latest = min(latest, last_day + timedelta(days=(len(placing) - 1) * gap.max))
    if after:
        latest = min(latest, facts.day(after) - timedelta(days=gap.min))
        if len(placing) == 1:
            earliest = max(earliest, facts.day(after) - timedelta(days=gap.max))
    return earliest, latest


def gap_of(series: Series) -> Gap:
    """The series' own gaps, none of them under the protocol's floor."""
    shortest = shortest_gap_days(series)
    return Gap(shortest, max(shortest, series.gap_target_days), longest_gap_days(series))


def neighbours(facts: SeriesFacts, placing: Sequence[Session]) -> tuple[Session | None, Session | None]:
    """The sessions with a time of their own right before and right after the first of those to be placed."""
    fixed = [session for session in facts.in_states(HOLDS_TIME) if session not in placing]
    before = [session for session in fixed if session.number < placing[0].number]
    after = [session for session in fixed if session.number > placing[0].number]
    return (before[-1] if before else None), (after[0] if after else None)


def _phases(facts: SeriesFacts) -> Iterator[Phase]:
    """A session cut wherever some kind begins or ceases to be needed, outwards to whole grid steps.

    For phases on the grid that is the same session; of others no minute is forgotten.
    """
    grid, at = facts.location.grid_minutes, 0
    spans: dict[str, tuple[int, int]] = {}
    for phase in facts.phases:
        for kind in phase.needs:
            spans[kind] = (spans.get(kind, (at, 0))[0], at + phase.minutes)
        at += phase.minutes
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
    """Today until now, the patient's other sessions, and the days on which it rests from another series."""
    midnight, _ = day_bounds(local_date(now, facts.zone), facts.zone)
    if now > midnight:
        yield shown_while(midnight, now, facts.zone)
    for session in facts.patient_elsewhere(placing):
        if session.starts_at and session.ends_at and session.ends_at > now:
            yield shown_while(session.starts_at, session.ends_at, facts.zone)
    for use in facts.skin_uses:
        if use.rest_days == 0:
            continue
        first = use.day - timedelta(days=use.rest_days - 1)
        last = use.day + timedelta(days=use.rest_days)
        yield datetime.combine(first, time()), datetime.combine(last, time())


def _whole_days(
    not_on: Sequence[RuledOut], earliest: date, latest: date
) -> Iterator[tuple[datetime, datetime]]:
    for span in not_on:
        if span.first <= latest and span.last >= earliest:
            until = span.last + timedelta(days=1)
            yield datetime.combine(span.first, time()), datetime.combine(until, time())


def _practitioner(facts: SeriesFacts, session: Session) -> str | None:
    found = facts.practitioners[session.pk]
    return engine_id(found) if found else None


def _current(facts: SeriesFacts, placing: Sequence[Session]) -> Iterator[Current]:
    for index, session in enumerate(placing, start=1):
        if session.state in HOLDS_TIME:
            assert session.starts_at is not None
            at = session.starts_at.astimezone(facts.zone)
            yield Current(index, at.date(), at.hour * 60 + at.minute, _practitioner(facts, session))


def _prefer(series: Series) -> Prefer:
    time_windows: tuple[tuple[int, int], ...] = ()
    if series.prefers_from or series.prefers_to:
        first, last = series.prefers_from or time(), series.prefers_to
        end = last.hour * 60 + last.minute if last else MINUTES_PER_DAY
        time_windows = ((first.hour * 60 + first.minute, end),)
    wanted = series.prefers_practitioner_id
    return Prefer(engine_id(wanted) if wanted else None, time_windows)
