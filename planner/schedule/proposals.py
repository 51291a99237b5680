"""A plan as a person reads it: a title that says its character, reasons for and against, and its room to slip."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext as _n

from clinic.localtime import day_label, weekday_label
from planner.engine.answer import Breakdown, Proposal, Reason, Relaxation, Result, clock
from planner.engine.cost import gaps, time_steps
from planner.engine.problem import Request
from planner.engine.slack import Room
from planner.models import Session
from planner.schedule.diary import Diary
from planner.schedule.series_facts import SeriesFacts
from planner.schedule.session_place import SessionPlace, visits_of

SOON_DAYS = 14
CHANGES_A_PERSON_CAN_MAKE = {"gap_days.max", "patient.open", "sessions"}


@dataclass(frozen=True, slots=True)
class Why:
    """One reason for (`good`) or against a plan."""

    good: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class ProposedPlan:
    """A whole plan that can be booked as it is; `visits` in order.

    `slack_days` is how many days the tightest session can slip with the rest still finding a place, `last_safe_date`
    that session's last date; both None where no gap binds.
    """

    title: str
    visits: tuple[SessionPlace, ...]
    cost: int
    breakdown: Breakdown
    why: tuple[Why, ...]
    slack_days: int | None
    last_safe_date: date | None


@dataclass(frozen=True, slots=True)
class WayOut:
    """A change that alone makes a plan possible: what is set to what (None: taken away), and the plan's cost then."""

    sentence: str
    set: Mapping[str, Any]
    cost: int


@dataclass(frozen=True, slots=True)
class PlanAnswer:
    """Up to three plans, best first; or none, and then why, and which single changes would help."""

    plans: tuple[ProposedPlan, ...]
    reasons: tuple[str, ...] = ()
    relaxations: tuple[WayOut, ...] = ()


@dataclass(frozen=True, slots=True)
class ProposalContext:
    """What the sentences about plans are made from."""

    facts: SeriesFacts
    placing: tuple[Session, ...]
    request: Request
    diary: Diary

    @property
    def zone(self) -> ZoneInfo:
        return self.facts.zone

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(session.number for session in self.placing)


def plans_from(proposals: Sequence[Proposal], told: ProposalContext, today: date) -> tuple[ProposedPlan, ...]:
    room = Room(told.diary.free, told.request)
    slacks = [_slack(proposal, room) for proposal in proposals]
    titles = _titles(proposals, [days for days, _ in slacks], told)
    return tuple(
        ProposedPlan(
            title=title,
            visits=visits_of(proposal, told.numbers, told.zone),
            cost=proposal.cost,
            breakdown=proposal.breakdown,
            why=tuple(_why(proposal, told, today)),
            slack_days=days,
            last_safe_date=last,
        )
        for proposal, title, (days, last) in zip(proposals, titles, slacks, strict=True)
    )


def _slack(proposal: Proposal, room: Room) -> tuple[int | None, date | None]:
    dates = [placed.date for placed in proposal.sessions]
    safe = room.last_safe_dates(dates)
    bound = [((last - day).days, last) for day, last in zip(dates, safe, strict=True) if last]
    return min(bound, default=(None, None))


# Titles


def _titles(proposals: Sequence[Proposal], slacks: Sequence[int | None], told: ProposalContext) -> list[str]:
    """Each plan is called by the first thing in which no other beats it and some fall behind, and none twice."""
    measures = [
        list(_measures(proposal, slack, told)) for proposal, slack in zip(proposals, slacks, strict=True)
    ]
    titles: list[str] = []
    for own in measures:
        names = (
            name
            for place, (name, amount) in enumerate(own)
            if amount == min(each[place][1] for each in measures)
            and any(each[place][1] > amount for each in measures)
            and name not in titles
        )
        titles.append(next(names, ""))
    return [title or _plain_title(proposal, told) for title, proposal in zip(titles, proposals, strict=True)]


def _measures(proposal: Proposal, slack: int | None, told: ProposalContext) -> Iterator[tuple[str, int]]:
    """What a plan can be called by, and how much speaks against calling it so."""
    sessions, request = proposal.sessions, told.request
    yield _t("Closest to the protocol"), _days_off_target(proposal, request)
    yield _t("Starts soonest"), sessions[0].date.toordinal()
    if request.prefer.practitioner:
        wanted = told.diary.name(int(request.prefer.practitioner))
        yield _t("Most with %(name)s") % {"name": wanted}, proposal.breakdown.prefer
    yield _t("Fewest changes of practitioner"), len({placed.practitioner for placed in sessions})
    if len(sessions) > 1:
        yield _t("Same day each time"), int(len({placed.date.weekday() for placed in sessions}) > 1)
        yield _t("Same time each time"), int(len({placed.start_minute for placed in sessions}) > 1)
    yield _t("Most room to move"), -(slack or 0)
    yield _t("Done soonest"), sessions[-1].date.toordinal()


def _plain_title(proposal: Proposal, told: ProposalContext) -> str:
    first = proposal.sessions[0]
    if first.practitioner is None:
        return _t("Starts on %(day)s") % {"day": weekday_label(first.date)}
    name = told.diary.name(int(first.practitioner))
    return _t("Starts on %(day)s with %(name)s") % {"day": weekday_label(first.date), "name": name}


def _days_off_target(proposal: Proposal, request: Request) -> int:
    return sum(abs(gap - request.gap.target) for gap in gaps(request, proposal.sessions))


# Reasons


def _why(proposal: Proposal, told: ProposalContext, today: date) -> Iterator[Why]:
    """In the order of their weight."""
    yield from _about_gaps(proposal, told)
    yield from _about_people(proposal, told)
    yield from _about_times(proposal, told)
    yield from _about_start(proposal, today)


def _about_gaps(proposal: Proposal, told: ProposalContext) -> Iterator[Why]:
    request = told.request
    apart = gaps(request, proposal.sessions)
    wanted = request.gap.target
    if apart and all(gap == wanted for gap in apart):
        yield Why(
            True,
            _n("Every gap is %(n)s day, on target.", "Every gap is %(n)s days, on target.", wanted)
            % {"n": wanted},
        )
    first = 0 if request.previous else 1
    for place, gap in enumerate(apart, start=first):
        if gap != wanted:
            yield Why(False, _off_target(proposal, told, place, gap))


def _off_target(proposal: Proposal, told: ProposalContext, place: int, gap: int) -> str:
    wanted, facts = told.request.gap.target, {"number": told.numbers[place], "gap": gap}
    facts["off"] = abs(gap - wanted)
    text = (
        _t("%(gap)s days before session %(number)s, %(off)s over target.")
        if gap > wanted
        else _t("%(gap)s days before session %(number)s, %(off)s under target.")
    ) % facts
    aimed = proposal.sessions[place].date + timedelta(days=wanted - gap)
    cause = _closed_on(aimed, told, proposal.sessions[place].practitioner)
    return f"{text} {cause}" if cause else text


def _closed_on(day: date, told: ProposalContext, practitioner: str | None) -> str:
    """Why nothing could be on a day, where one look at the calendar tells."""
    calendar = told.diary.calendar
    if not calendar.first <= day <= calendar.last:
        return ""
    if day in calendar.holidays:
        return _t("%(day)s is %(holiday)s.") % {"day": weekday_label(day), "holiday": calendar.holidays[day]}
    if not calendar.location_open_on(day):
        return _t("The clinic is closed on %(day)s.") % {"day": weekday_label(day)}
    midnight = datetime.combine(day, time())
    for away in calendar.absences:
        if away.starts <= midnight and away.ends >= midnight + timedelta(days=1):
            if away.resource_id is None:
                return _t("The clinic is closed on %(day)s.") % {"day": weekday_label(day)}
            if practitioner and away.resource_id == int(practitioner):
                facts = {"name": told.diary.name(away.resource_id), "day": weekday_label(day)}
                return _t("%(name)s is away on %(day)s.") % facts
    return ""


def _about_people(proposal: Proposal, told: ProposalContext) -> Iterator[Why]:
    who = [int(placed.practitioner) for placed in proposal.sessions if placed.practitioner]
    if not who:
        return
    names = [told.diary.name(person) for person in dict.fromkeys(who)]
    wanted = told.request.prefer.practitioner
    if wanted and any(person != int(wanted) for person in who):
        missed = sum(person != int(wanted) for person in who)
        facts = {"n": missed, "of": len(who), "name": told.diary.name(int(wanted))}
        yield Why(False, _t("%(n)s of %(of)s sessions not with %(name)s, as wished.") % facts)
    elif wanted:
        yield Why(True, _t("%(name)s every time, as wished.") % {"name": names[0]})
    if len(names) > 1:
        facts = {"n": len(names), "names": ", ".join(names)}
        yield Why(False, _t("%(n)s practitioners: %(names)s.") % facts)
    elif not wanted and len(who) > 1:
        yield Why(True, _t("%(name)s every time.") % {"name": names[0]})


def _about_times(proposal: Proposal, told: ProposalContext) -> Iterator[Why]:
    sessions, windows = proposal.sessions, told.request.prefer.time
    if windows:
        missed = sum(time_steps(windows, placed.start_minute) > 0 for placed in sessions)
        if missed:
            facts = {"n": missed, "of": len(sessions)}
            yield Why(False, _t("%(n)s of %(of)s sessions outside the wished hours.") % facts)
        else:
            yield Why(True, _t("Always within the wished hours."))
    if len(sessions) > 1:
        yield _regularity(proposal)


def _regularity(proposal: Proposal) -> Why:
    sessions = proposal.sessions
    days = Counter(placed.date.weekday() for placed in sessions)
    times = {placed.start_minute for placed in sessions}
    facts = {
        "day": formats.date_format(sessions[0].date, "l"),
        "time": clock(sessions[0].start_minute),
    }
    if len(days) == 1 and len(times) == 1:
        return Why(True, _t("Always %(day)s at %(time)s.") % facts)
    if len(days) == 1:
        return Why(True, _t("Always on a %(day)s.") % facts)
    if len(times) == 1:
        return Why(True, _t("Always at %(time)s, on %(n)s different weekdays.") % (facts | {"n": len(days)}))
    return Why(False, _t("On %(n)s different weekdays, at different times.") % {"n": len(days)})


def _about_start(proposal: Proposal, today: date) -> Iterator[Why]:
    days = (proposal.sessions[0].date - today).days
    if days == 0:
        yield Why(True, _t("Starts today."))
    else:
        text = _n("Starts in %(n)s day.", "Starts in %(n)s days.", days) % {"n": days}
        yield Why(days <= SOON_DAYS, text)


# When nothing fits


def why_nothing_fits(result: Result, told: ProposalContext) -> PlanAnswer:
    reasons = dict.fromkeys(_reason(reason, told) for reason in result.reasons)
    changes = (
        WayOut(_relaxed(change, told), change.set, change.cost)
        for change in result.relaxations
        if set(change.set) <= CHANGES_A_PERSON_CAN_MAKE
    )
    return PlanAnswer((), tuple(reasons), tuple(changes))


def _reason(reason: Reason, told: ProposalContext) -> str:
    gap = told.request.gap
    facts = {
        "number": told.numbers[reason.session - 1],
        "min": gap.min,
        "max": gap.max,
        "day": day_label(told.request.latest),
    }
    sentences = {
        "gap_max": _t(
            "Session %(number)s finds no free time %(min)s to %(max)s days after the one before it."
        ),
        "gap_min": _t(
            "Free time for session %(number)s is only sooner than %(min)s days after the one before it."
        ),
        "latest": _t("Session %(number)s would come after %(day)s, the last day possible."),
        "patient": _t("The patient's own days and visits leave no time for session %(number)s."),
        "pin": _t("The time asked for session %(number)s is not free."),
        "no_practitioner": _t(
            "No practitioner with the skills for session %(number)s is free when all else is."
        ),
        "no_room": _t("No suitable room is free for session %(number)s when all else is."),
        "no_device": _t("No suitable device is free for session %(number)s when all else is."),
        "closed": _t("What session %(number)s needs is never open and free for long enough at once."),
        "collision": _t("Session %(number)s would have to overlap another one of the series."),
    }
    return sentences[reason.code] % facts


def _relaxed(change: Relaxation, told: ProposalContext) -> str:
    if "gap_days.max" in change.set:
        days = change.set["gap_days.max"]
        return _t("Allow up to %(days)s days between sessions.") % {"days": days}
    if "sessions" in change.set:
        facts = {"n": change.set["sessions"], "of": told.request.sessions}
        return _t("Plan %(n)s of the %(of)s sessions.") % facts
    return _t("Accept any day of the week.")
