"""How many days each open session of a series can slip with the rest still finding a place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from clinic.localtime import local_date
from clinic.opening_hours import Calendar
from planner.choices import CAN_MOVE, HOLDS_TIME
from planner.engine.problem import Request
from planner.engine.slack import Room
from planner.models import Series, Session
from planner.schedule.diary import diary
from planner.schedule.engine_request import request_for
from planner.schedule.series_facts import SeriesFacts, facts_of


@dataclass(frozen=True, slots=True)
class Slack:
    """How many days session `number` can slip with the rest still finding a place; below 0: none is left.

    Of a session without a time, how many days are left until its last safe date.
    """

    number: int
    days: int
    last_safe_date: date


def slack(series: Series, *, now: datetime, calendar: Calendar | None = None) -> tuple[Slack, ...]:
    """For every open session that a session before it binds: three queries, two with a `calendar` that reaches."""
    (facts,) = facts_of({series.pk: series.patient_id})
    today = local_date(now, facts.zone)
    placing = facts.in_states(CAN_MOVE)
    if not placing:
        return ()
    request = _as_far_as_gaps_reach(facts, placing, request_for(facts, placing, not_before=today, now=now))
    if request.latest < request.earliest:
        return ()
    dates = [facts.day(each) if each.state in HOLDS_TIME else None for each in placing]
    reaches = calendar and calendar.first <= request.earliest and request.latest < calendar.last
    known = calendar if reaches else None
    free = diary(facts.location, request, releasing=placing, depths=facts.depths, calendar=known).free
    safe = Room(free, request).last_safe_dates(dates)
    return tuple(_slacks(placing, dates, safe, request, today))


def _as_far_as_gaps_reach(facts: SeriesFacts, placing: Sequence[Session], request: Request) -> Request:
    """Nothing after the longest gaps from the first session on can be a last safe date."""
    first = facts.day(placing[0]) if placing[0].state in HOLDS_TIME else request.earliest
    anchor = request.previous.date if request.previous else max(first, request.earliest)
    reach = anchor + timedelta(days=request.gap.max * (len(placing) + 1))
    return replace(request, latest=min(request.latest, reach))


def _slacks(
    placing: Sequence[Session],
    dates: Sequence[date | None],
    safe: Sequence[date | None],
    request: Request,
    today: date,
) -> Iterator[Slack]:
    before = request.previous.date if request.previous else None
    for session, now_on, last in zip(placing, dates, safe, strict=True):
        if last:
            yield Slack(session.number, (last - (now_on or today)).days, last)
        elif before:
            yield Slack(session.number, -1, before + timedelta(days=request.gap.max))
        before = now_on or last
