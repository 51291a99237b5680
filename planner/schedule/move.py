"""When something changes: another time for a session, and how far the others can slip."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.utils.translation import gettext as _t

from clinic.localtime import local_date
from planner.choices import CAN_MOVE, HOLDS_TIME, SessionState
from planner.engine.answer import Proposal
from planner.engine.cost import breakdown
from planner.engine.problem import Gap, Pin, Prefer, Previous, Request
from planner.models import Session
from planner.obstacles.patient_record import records_of
from planner.obstacles.words import to_settle_first
from planner.schedule.engine_request import AskedOfEngine, asked_of_engine
from planner.schedule.free_time import engine_id
from planner.schedule.proposals import PlanAnswer, plans_from, why_nothing_fits
from planner.schedule.propose import ALTERNATIVES, answer, in_time, no_day_left, search
from planner.schedule.refusals import WrongState
from planner.schedule.series_facts import SeriesFacts, facts_of
from planner.schedule.session_place import visits_of

# One session


def propose_move(
    session: Session,
    *,
    to: datetime | None = None,
    practitioner_id: int | None = None,
    with_later: bool,
    now: datetime,
) -> PlanAnswer:
    """Where this session, and with it the later ones of its series, can go.

    With `to`: what happens to the rest if it goes there; if that cannot be, `reasons` say why and the plans are the
    nearest that can. Without: the nearest to where it is now. Refuses a session that can no longer be moved.
    """
    (facts,) = facts_of({session.series_id: session.patient_id})
    own = next(each for each in facts.sessions if each.pk == session.pk)
    if own.state not in CAN_MOVE:
        raise WrongState(number=own.number, state=own.get_state_display(), wanted=SessionState.BOOKED.label)
    placing: tuple[Session, ...] = (own,)
    if with_later:
        placing = tuple(each for each in facts.in_states(CAN_MOVE) if each.number >= own.number)
    record = records_of([facts.series.patient])[facts.series.patient_id]
    asked = asked_of_engine(facts, placing, record, now=now)
    if asked.is_hopeless:
        return PlanAnswer((), asked.reasons() or (no_day_left(placing, asked.request),))
    if to is None:
        return _nearest(facts, placing, asked, own.starts_at, practitioner_id, now)
    there = _there(facts, placing, asked, to, practitioner_id, now)
    if there.plans:
        return there
    nearest = _nearest(facts, placing, asked, to, practitioner_id, now)
    return PlanAnswer(nearest.plans, there.reasons, nearest.relaxations)


def _there(
    facts: SeriesFacts,
    placing: tuple[Session, ...],
    asked: AskedOfEngine,
    to: datetime,
    practitioner_id: int | None,
    now: datetime,
) -> PlanAnswer:
    """The first session exactly there, or why it cannot be."""
    request = asked.request
    at, grid = to.astimezone(facts.zone), facts.location.grid_minutes
    against = [span.obstacle for span in asked.not_on if span.first <= at.date() <= span.last]
    if against:
        return PlanAnswer((), tuple(map(to_settle_first, against)))
    if not request.earliest <= at.date() <= request.latest:
        return PlanAnswer((), (no_day_left(placing, request),))
    minute = at.hour * 60 + at.minute
    if minute % grid or at.second or at.microsecond:
        return PlanAnswer((), (_t("Sessions here start every %(n)s minutes.") % {"n": grid},))
    who = engine_id(practitioner_id) if practitioner_id else None
    pinned = replace(request, pins=(Pin(1, at.date(), minute, who),))
    return answer(facts, placing, replace(asked, request=pinned), now=now)


def _nearest(
    facts: SeriesFacts,
    placing: tuple[Session, ...],
    asked: AskedOfEngine,
    at: datetime | None,
    practitioner_id: int | None,
    now: datetime,
) -> PlanAnswer:
    """The plans nearest to `at` (best by the rules without it), other than how things stand."""
    near_to = request = asked.request
    if at and len(placing) == 1:
        near_to = _near(request, at.astimezone(facts.zone))
    wanted = practitioner_id or facts.practitioners[placing[0].pk]
    if wanted:
        near_to = replace(near_to, prefer=replace(near_to.prefer, practitioner=engine_id(wanted)))
    if near_to.latest < near_to.earliest:
        return PlanAnswer((), (no_day_left(placing, near_to),))
    result, told = search(facts, placing, near_to, ALTERNATIVES + 1)
    if not result.proposals:
        return why_nothing_fits(result, told)
    told = replace(
        told, request=replace(told.request, gap=request.gap, previous=request.previous, prefer=request.prefer)
    )
    proposals = [_counted(proposal, told.request) for proposal in in_time(result.proposals, asked)]
    moved = [proposal for proposal in proposals if not _stands(proposal, placing[0], facts)]
    return PlanAnswer(plans_from(moved[:ALTERNATIVES], told, local_date(now, facts.zone)))


def _near(request: Request, at: datetime) -> Request:
    """One session as near as can be to a date and time, within the days its neighbours leave it.

    The distance in days is what the engine counts as a gap; so the day before the first one stands for a session.
    """
    first, last = request.earliest, request.latest
    if request.previous:
        first = max(first, request.previous.date + timedelta(days=request.gap.min))
        last = min(last, request.previous.date + timedelta(days=request.gap.max))
    if last < first:
        return replace(request, earliest=first, latest=last)
    before = first - timedelta(days=1)
    most = (last - before).days
    wished = min(max(1, (at.date() - before).days), most)
    minute = at.hour * 60 + at.minute
    return replace(
        request,
        earliest=first,
        latest=last,
        gap=Gap(1, wished, most),
        previous=Previous(before),
        prefer=Prefer(request.prefer.practitioner, ((minute, minute),)),
        current=(),
    )


def _counted(proposal: Proposal, request: Request) -> Proposal:
    """The same sessions, with what they cost by the rules."""
    cost = breakdown(request, proposal.sessions)
    return Proposal(cost.total, cost, proposal.sessions)


def _stands(proposal: Proposal, session: Session, facts: SeriesFacts) -> bool:
    """Whether the first session of a plan is where it is booked now."""
    if session.state not in HOLDS_TIME:
        return False
    (first, *_) = visits_of(proposal, [session.number] + [0] * (len(proposal.sessions) - 1), facts.zone)
    return (first.starts_at, first.practitioner_id) == (session.starts_at, facts.practitioners[session.pk])


# Slack
