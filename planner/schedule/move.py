"""When something changes: another time for a session, and how far the others can slip."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _t

from clinic.errors import say
from clinic.localtime import day_label, local_date, local_time
from clinic.models import Resource, ResourceKind
from planner.choices import CAN_MOVE, HOLDS_TIME, SessionState
from planner.engine.answer import Proposal
from planner.engine.cost import breakdown
from planner.engine.problem import Gap, Pin, Prefer, Previous, Request
from planner.models import Reservation, Session
from planner.obstacles.patient_record import records_of
from planner.obstacles.words import to_settle_first
from planner.schedule.engine_request import AskedOfEngine, asked_of_engine
from planner.schedule.free_time import engine_id
from planner.schedule.proposals import PlanAnswer, ProposedPlan, plans_from, why_nothing_fits
from planner.schedule.propose import ALTERNATIVES, answer, in_time, no_day_left, search
from planner.schedule.refusals import BookingRefusal, WrongState, every_reason
from planner.schedule.rules import refuse_unless_possible
from planner.schedule.series_facts import SeriesFacts, facts_of
from planner.schedule.session_place import SessionPlace, visits_of

MOST_CAUSES = 3
TIMES_OF_DAY = (time(9), time(17))

# One session


def propose_move(
    session: Session,
    *,
    to: datetime | None = None,
    on: date | None = None,
    practitioner_id: int | None = None,
    with_later: bool,
    now: datetime,
) -> PlanAnswer:
    """Where this session, and with it the later ones of its series, can go.

    With `to`: what happens to the rest if it goes there; if that cannot be, `reasons` say why and the plans are the
    nearest that can. With `on`, the times of that day, or the nearest to it. Without: the nearest to where it is now.
    Refuses a session that can no longer be moved.
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
    if on is not None:
        return _on_day(facts, placing, asked, on, practitioner_id, now)
    if to is None:
        return _nearest(facts, placing, asked, own.starts_at, practitioner_id, now)
    there = _there(facts, placing, asked, to, practitioner_id, now)
    if there.plans:
        return there
    nearest = _nearest(facts, placing, asked, to, practitioner_id, now)
    return PlanAnswer(nearest.plans, there.reasons, nearest.relaxations)


def _on_day(
    facts: SeriesFacts,
    placing: tuple[Session, ...],
    asked: AskedOfEngine,
    day: date,
    practitioner_id: int | None,
    now: datetime,
) -> PlanAnswer:
    """Times of that day, as near as can be to the hour of the session as it stands; the nearest days without any."""
    at = placing[0].starts_at
    about = datetime.combine(day, local_time(at, facts.zone) if at else time(12), tzinfo=facts.zone)
    alone = placing[:1]
    against = [span.obstacle for span in asked.not_on if span.first <= day <= span.last]
    first, last = _days_left(asked.request)
    reasons = tuple(map(to_settle_first, against))
    if not reasons and not first <= day <= last:
        reasons = (no_day_left(alone, replace(asked.request, earliest=first, latest=last)),)
    if not reasons:
        plans = _times_of(facts, placing, asked, about, practitioner_id, now) if len(placing) == 1 else ()
        if plans:
            return PlanAnswer(plans)
        reasons = (_t("%(day)s has no time that works.") % {"day": day_label(day)},)
    nearest = _nearest(facts, placing, asked, about, practitioner_id, now)
    if len(placing) > 1 and any(local_date(p.visits[0].starts_at, facts.zone) == day for p in nearest.plans):
        reasons = ()
    return PlanAnswer(nearest.plans, reasons, nearest.relaxations)


def _times_of(
    facts: SeriesFacts,
    placing: tuple[Session, ...],
    asked: AskedOfEngine,
    about: datetime,
    practitioner_id: int | None,
    now: datetime,
) -> tuple[ProposedPlan, ...]:
    """One near the hour asked about, one in the morning, one late: those that differ."""
    plans: dict[datetime, ProposedPlan] = {}
    for hour in (about.time(), *TIMES_OF_DAY):
        near = _just(_near(asked.request, datetime.combine(about, hour, tzinfo=facts.zone)), about.date())
        for plan in _nearest(facts, placing, replace(asked, request=near), None, practitioner_id, now).plans:
            plans.setdefault(plan.visits[0].starts_at, plan)
    return tuple(plans.values())


def _days_left(request: Request) -> tuple[date, date]:
    """That the session before leaves, if there is one."""
    if request.previous is None:
        return request.earliest, request.latest
    soonest = request.previous.date + timedelta(days=request.gap.min)
    latest = request.previous.date + timedelta(days=request.gap.max)
    return max(request.earliest, soonest), min(request.latest, latest)


def _just(request: Request, day: date) -> Request:
    """Of one session, on that day and no other."""
    return replace(
        request, earliest=day, latest=day, gap=Gap(1, 1, 1), previous=Previous(day - timedelta(days=1))
    )


def _causes(
    facts: SeriesFacts, session: Session, to: datetime, practitioner_id: int | None, now: datetime
) -> tuple[str, ...]:
    """What stands against the session there as it is served now, by the rules of booking; nothing without a time."""
    held = Reservation.objects.filter(session=session, is_active=True).select_related("resource")
    serving = {each.resource.kind: each.resource for each in held}
    if practitioner_id:
        serving[ResourceKind.PRACTITIONER] = Resource.objects.get(pk=practitioner_id)
    if not held:
        return ()
    ids = {f"{kind}_id": serving[kind].pk if kind in serving else None for kind in ResourceKind.values}
    try:
        refuse_unless_possible(
            facts,
            {each.pk: each for each in serving.values()},
            [SessionPlace(session.number, to, **ids)],
            now=now,
        )
    except BookingRefusal as no:
        return tuple(say(each, facts.zone, with_next_step=False) for each in every_reason(no)[:MOST_CAUSES])
    return ()


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
    found = answer(facts, placing, replace(asked, request=pinned), now=now)
    if found.plans:
        return found
    return replace(found, reasons=_causes(facts, placing[0], to, practitioner_id, now) or found.reasons)


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
