"""Whole plans for the sessions of a series that have no time yet, or why there is none."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _t

from clinic.localtime import day_label, local_date
from planner.choices import SeriesState, SessionState
from planner.engine import plan_request
from planner.engine.ahead import best_plans, near, settles
from planner.engine.answer import Proposal, Result
from planner.engine.problem import Request
from planner.models import Series, Session
from planner.obstacles.patient_record import records_of
from planner.schedule.diary import diary
from planner.schedule.engine_request import AskedOfEngine, asked_of_engine
from planner.schedule.proposals import (
    PlanAnswer,
    ProposalContext,
    plans_from,
    why_nothing_fits,
)
from planner.schedule.refusals import AlreadyBooked, SeriesClosed
from planner.schedule.series_facts import SeriesFacts, facts_of

ALTERNATIVES = 3


LOAD_AHEAD_DAYS = 35
"""How much later than on target a plan may end, before a second, longer look into the diary is needed."""


def propose(series: Series, *, now: datetime) -> PlanAnswer:
    """Up to three whole plans for the sessions that have no time yet; none of them is held until it is booked.

    Refuses a series whose sessions all have a time, and one that is over.
    """
    (facts,) = facts_of({series.pk: series.patient_id})
    if facts.series.state not in (SeriesState.DRAFT, SeriesState.ACTIVE):
        raise SeriesClosed(state=facts.series.get_state_display())
    placing = facts.in_states((SessionState.PLANNED,))
    if not placing:
        raise AlreadyBooked()
    record = records_of([facts.series.patient])[facts.series.patient_id]
    return answer(facts, placing, asked_of_engine(facts, placing, record, now=now), now=now)


def answer(
    facts: SeriesFacts, placing: tuple[Session, ...], asked: AskedOfEngine, *, now: datetime
) -> PlanAnswer:
    """The best plans for what is asked, or why there is none."""
    request = asked.request
    if asked.is_hopeless:
        return PlanAnswer((), asked.reasons() or (no_day_left(placing, request),))
    result, told = search(facts, placing, request, ALTERNATIVES)
    proposals = in_time(result.proposals, asked)
    if not proposals:
        nothing = why_nothing_fits(result, told)
        return replace(nothing, reasons=(*nothing.reasons, *asked.reasons()))
    return PlanAnswer(plans_from(proposals, told, local_date(now, facts.zone)))


def in_time(proposals: Sequence[Proposal], asked: AskedOfEngine) -> list[Proposal]:
    """Those whose first session comes before the patient has to be screened anew."""
    until = asked.first_until
    return [each for each in proposals if until is None or each.sessions[0].date <= until]


def no_day_left(placing: Sequence[Session], request: Request) -> str:
    """When it would have to be, and what that contradicts."""
    facts = {
        "number": placing[0].number,
        "first": day_label(request.earliest),
        "last": day_label(request.latest),
    }
    if request.latest < request.earliest:
        said = _t("Session %(number)s had to be by %(last)s; the first day left to plan is %(first)s.")
    else:
        said = _t("Session %(number)s has to be on a day from %(first)s to %(last)s.")
    return said % facts


def search(
    facts: SeriesFacts, placing: tuple[Session, ...], request: Request, count: int
) -> tuple[Result, ProposalContext]:
    """Plans as if `placing` held nothing now. Loads a short way ahead first, and all unless that settles it."""
    short = near(request, LOAD_AHEAD_DAYS)
    free = diary(facts.location, short, releasing=placing, depths=facts.depths, until=request.latest)
    if short != request:
        found = best_plans(free.free, short, count)
        if settles(found, request, short.latest, count) and _in_sight(found, short):
            return Result(request.id, "planned", True, found), ProposalContext(facts, placing, short, free)
        free = diary(facts.location, request, releasing=placing, depths=facts.depths, calendar=free.calendar)
    return plan_request(free.free, request, count), ProposalContext(facts, placing, request, free)


def _in_sight(found: Sequence[Proposal], short: Request) -> bool:
    """Whether the last session's latest safe day, by the gap after the one before it, was loaded."""
    ends = (plan.sessions[-2 if short.sessions > 1 else -1].date for plan in found)
    return all((short.latest - end).days >= short.gap.max for end in ends)
