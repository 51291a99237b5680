"""Why a series does not fit, in a receptionist's words, and which single changes would make it fit.

Reasons follow the sessions in order: the days each could be on, given the days of the one before it, until one has
none left; then what blocks that session on the days its gap allows. Relaxations are tried, not guessed: each was
solved, and states the optimum after it.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from planner.engine.ahead import least_cost
from planner.engine.answer import Reason, Relaxation, clock
from planner.engine.grid import FreeTime
from planner.engine.problem import (
    KINDS,
    MAX_HORIZON_DAYS,
    PRACTITIONER,
    Gap,
    PatientTime,
    Phase,
    Pin,
    Request,
)
from planner.engine.starts import Cells, Days, Starts, a_gap_after, uses

FIRST_EXTENSION_DAYS = 28

# How much a change asks of the patient, in days' worth of waiting: sorts the relaxations.
OTHER_TIME_OF_PIN, NO_PIN, NO_HOURS, NO_ABSENCE, NO_PATIENT_TIME, ONE_SESSION = 7, 14, 21, 28, 42, 60


def explain(free: FreeTime, request: Request) -> tuple[tuple[Reason, ...], tuple[Relaxation, ...]]:
    """For a request without a plan; `free` reaches at least from its earliest to its latest date."""
    changes = sorted(_changes(free, request), key=lambda change: (change.effort, change.message))
    return tuple(_reasons(free, request)), tuple(
        Relaxation(change.set, change.cost, change.message) for change in changes
    )


# Reasons


def _reasons(free: FreeTime, request: Request) -> Iterator[Reason]:
    possible = _possible_days(free, request)
    reached = _reached_days(request, possible)
    session = len(reached)
    if session == request.sessions:
        message = "The sessions would have to overlap each other, or the turnaround between them"
        yield Reason("collision", session, message)
        return
    earlier = reached[-1] if reached else None
    window = _window(request, earlier, possible.shape[1])
    yield from _gap_reason(request, session, earlier, window, possible[session])
    yield from _blockers(free, request, session)


def _reached_days(request: Request, possible: Days) -> list[Days]:
    """For each session that can be reached, its possible days a right gap after those of the one before."""
    reached: list[Days] = []
    for days in possible:
        reached.append(days & _window(request, reached[-1] if reached else None, len(days)))
        if not reached[-1].any():
            return reached[:-1]
    return reached


def _possible_days(free: FreeTime, request: Request) -> Days:
    """[session, day]: whether the session could be there, whatever the others do."""
    alone = replace(request, previous=None)
    cells = Cells(Starts(free, alone))
    days: Days = cells.cost.min(axis=1, initial=cells.none) < cells.none
    return days


def _window(request: Request, earlier: Days | None, days: int) -> Days:
    """The days on which the gap allows a session, after the days reached by the one before it."""
    if earlier is not None:
        return a_gap_after(earlier, request.gap)
    window = np.full(days, request.previous is None)
    if request.previous:
        since = (request.previous.date - request.earliest).days
        window[max(0, since + request.gap.min) : max(0, since + request.gap.max + 1)] = True
    return window


def _gap_reason(
    request: Request, session: int, earlier: Days | None, window: Days, possible: Days
) -> Iterator[Reason]:
    number, gap = session + 1, request.gap
    before = f"session {session}" if session else "the previous session"
    pin = _pin(request, session)
    if earlier is None and request.previous is None:
        return
    if pin and not window[(pin.date - request.earliest).days]:
        message = f"Session {number} is fixed on {_day(pin.date)}, not {_days(gap)} after {before}"
        yield Reason("pin", number, message)
    elif not window.any():
        yield _outside_window(request, number, before, earlier)
    elif possible[int(np.flatnonzero(window)[-1]) :].any():
        yield Reason("gap_max", number, f"No free time {_days(gap)} after {before}")
    elif possible.any():
        message = f"Free time for session {number} is only sooner than {gap.min} days after {before}"
        yield Reason("gap_min", number, message)


def _outside_window(request: Request, number: int, before: str, earlier: Days | None) -> Reason:
    """No day from earliest to latest has the right distance to the session before."""
    soonest = _soonest(request, earlier)
    if soonest > request.latest:
        message = (
            f"Session {number} could be on {_day(soonest)} at the earliest, after {_day(request.latest)}"
        )
        return Reason("latest", number, f"{message}, the last date allowed")
    message = f"The first date, {_day(request.earliest)}, is more than {request.gap.max} days after {before}"
    return Reason("gap_max", number, message)


def _soonest(request: Request, earlier: Days | None) -> date:
    if earlier is not None:
        return request.earliest + timedelta(days=int(earlier.argmax()) + request.gap.min)
    assert request.previous
    return request.previous.date + timedelta(days=request.gap.min)


def _blockers(free: FreeTime, request: Request, session: int) -> Iterator[Reason]:
    """What stands in the way of this session: whatever lets it through if lifted, or blocks it even alone."""
    pin, number = _pin(request, session), session + 1
    where = f" on {_day(pin.date)}" if pin else ""

    def opens(change: Request) -> bool:
        return len(_reached_days(change, _possible_days(free, change))) > session

    found = []
    if request.patient != PatientTime() and opens(replace(request, patient=PatientTime())):
        message = f"The patient's hours and absences leave no time for session {number}{where}"
        found.append(Reason("patient", number, message))
    if pin and pin != Pin(pin.index, pin.date) and opens(_with_pin(request, Pin(pin.index, pin.date))):
        found.append(Reason("pin", number, f"Session {number} is fixed {_pinned(pin)}, which is not free"))
    if opens(_without(replace(request, patient=PatientTime()), KINDS)):
        found += [
            _no_resource(free, request, kind, number, where)
            for kind in uses(request, free.horizon.grid_minutes)
            if opens(_without(request, (kind,))) or not opens(_only(request, kind))
        ]
        if not found:
            message = f"What session {number} needs is never free at the same time{where}"
            found.append(Reason("closed", number, message))
    yield from found


def _no_resource(free: FreeTime, request: Request, kind: str, number: int, where: str) -> Reason:
    use = uses(request, free.horizon.grid_minutes)[kind]
    code, skills = f"no_{kind}", ", ".join(sorted(use.skills))
    starts = free.starts(kind, use.skills, use.steps)
    if not starts:
        return Reason(code, number, f"There is no {kind}" + (f" with the skills {skills}" if skills else ""))
    if not any(bits for _, bits in starts):
        minutes = use.steps * free.horizon.grid_minutes
        return Reason(
            "closed",
            number,
            f"No {kind} is open and free for {minutes} minutes at a time on any of these dates",
        )
    return Reason(code, number, f"No suitable {kind} is free for session {number}{where} when all else is")


def _without(request: Request, kinds: tuple[str, ...]) -> Request:
    """The request as if these kinds were not needed."""
    phases = tuple(
        Phase(phase.name, phase.minutes, tuple(need for need in phase.needs if need.kind not in kinds))
        for phase in request.phases
    )
    pins = request.pins
    if PRACTITIONER in kinds:
        pins = tuple(replace(pin, practitioner=None) for pin in pins)
    return replace(request, phases=phases, pins=pins)


def _only(request: Request, kind: str) -> Request:
    others = tuple(other for other in KINDS if other != kind)
    return replace(_without(request, others), patient=PatientTime())


def _pin(request: Request, session: int) -> Pin | None:
    return next((pin for pin in request.pins if pin.index == session + 1), None)


# Relaxations


@dataclass(frozen=True, slots=True)
class Change:
    effort: int
    set: dict[str, Any]
    cost: int
    message: str


def _changes(free: FreeTime, request: Request) -> Iterator[Change]:
    yield from _longer_gap(free, request)
    yield from _later(free, request)
    yield from _patient_time(free, request)
    yield from _fewer_sessions(free, request)
    yield from _looser_pins(free, request)


def _try(
    free: FreeTime, effort: int, change: Request, keys: dict[str, Any], message: str
) -> Iterator[Change]:
    cost = least_cost(free, change)
    if cost is not None:
        yield Change(effort, keys, cost, message)


def _smallest(change: Callable[[int], Request], free: FreeTime, low: int, high: int) -> int | None:
    """The smallest number from low to high whose change leaves a plan; if one does, all larger numbers do.

    Days that follow each other at right gaps tell nearly all; whether they make a plan is asked of the search.
    """
    if low > high:
        return None
    possible = _possible_days(free, change(high))

    def reaches(number: int) -> bool:
        wanted = change(number)
        days = possible[:, : (wanted.latest - wanted.earliest).days + 1]
        return len(_reached_days(wanted, days)) == wanted.sessions

    def fits(number: int) -> bool:
        return least_cost(free, change(number)) is not None

    number = low + bisect_left(range(low, high + 1), True, key=reaches)
    if number > high or fits(number):
        return number if number <= high else None
    return number + bisect_left(range(number, high), True, key=fits) if fits(high) else None


def _longer_gap(free: FreeTime, request: Request) -> Iterator[Change]:
    def longer(days: int) -> Request:
        return replace(request, gap=replace(request.gap, max=days))

    begin = min(request.earliest, request.previous.date) if request.previous else request.earliest
    furthest = (request.latest - begin).days
    days = _smallest(longer, free, request.gap.max + 1, furthest)
    if days is not None:
        weeks = f" ({days // 7} weeks)" if days % 7 == 0 and days > 7 else ""
        message = f"Allow up to {_days(Gap(days, days, days))}{weeks} between sessions"
        yield from _try(free, days - request.gap.max, longer(days), {"gap_days.max": days}, message)


def _later(free: FreeTime, request: Request) -> Iterator[Change]:
    """Looks 4 weeks further, then four times as far each time, and then for the earliest date that works."""

    def until(days: int) -> Request:
        return replace(request, latest=request.latest + timedelta(days=days))

    most = MAX_HORIZON_DAYS - (request.latest - request.earliest).days
    tried, further = 0, min(most, FIRST_EXTENSION_DAYS)
    while tried < further:
        wide = free.until(request.latest + timedelta(days=further))
        further = min(further, (wide.horizon.last - request.latest).days)
        days = _smallest(until, wide, tried + 1, further)
        if days is not None:
            latest = request.latest + timedelta(days=days)
            message = f"Allow sessions until {_day(latest)}"
            yield from _try(wide, days, until(days), {"latest": latest.isoformat()}, message)
            return
        tried, further = further, min(most, 4 * further) if wide.grows else further


def _patient_time(free: FreeTime, request: Request) -> Iterator[Change]:
    found: list[Change] = []
    if request.patient.open is not None:
        change = replace(request, patient=replace(request.patient, open=None))
        message = "Accept times outside the patient's hours"
        found += _try(free, NO_HOURS, change, {"patient.open": None}, message)
    if request.patient.busy:
        change = replace(request, patient=replace(request.patient, busy=()))
        message = "Accept times when the patient is away"
        found += _try(free, NO_ABSENCE, change, {"patient.busy": None}, message)
    if not found and request.patient.open is not None and request.patient.busy:
        change = replace(request, patient=PatientTime())
        message = "Accept any time, whatever the patient's hours and absences"
        found += _try(free, NO_PATIENT_TIME, change, {"patient": None}, message)
    yield from found


def _fewer_sessions(free: FreeTime, request: Request) -> Iterator[Change]:
    fewest = max((pin.index for pin in request.pins), default=1)
    for sessions in range(request.sessions - 1, fewest - 1, -1):
        effort = ONE_SESSION * (request.sessions - sessions)
        message = f"Plan {sessions} of the {request.sessions} sessions"
        change = replace(request, sessions=sessions)
        found = list(_try(free, effort, change, {"sessions": sessions}, message))
        if found:
            yield from found
            return


def _looser_pins(free: FreeTime, request: Request) -> Iterator[Change]:
    for pin in request.pins:
        choices: list[tuple[int, Pin | None, str]] = [
            (NO_PIN, None, f"Let session {pin.index} be on another date than {_day(pin.date)}")
        ]
        loose = f"Keep session {pin.index} on {_day(pin.date)}, but not"
        if pin.start is not None:
            message = f"{loose} at {clock(pin.start)}"
            choices.append((OTHER_TIME_OF_PIN, replace(pin, start=None), message))
        if pin.practitioner is not None:
            message = f"{loose} with {pin.practitioner}"
            choices.append((OTHER_TIME_OF_PIN, replace(pin, practitioner=None), message))
        for effort, looser, message in choices:
            change = _with_pin(request, looser, pin.index)
            keys = {"pins": [_pin_json(other) for other in change.pins] or None}
            yield from _try(free, effort, change, keys, message)


def _with_pin(request: Request, pin: Pin | None, index: int | None = None) -> Request:
    """The request with this pin in place of the one of its session, or with none there."""
    index = pin.index if pin else index
    pins = (pin if other.index == index else other for other in request.pins)
    return replace(request, pins=tuple(other for other in pins if other))


def _pin_json(pin: Pin) -> dict[str, Any]:
    start = None if pin.start is None else clock(pin.start)
    found = {
        "index": pin.index,
        "date": pin.date.isoformat(),
        "start": start,
        "practitioner": pin.practitioner,
    }
    return {key: value for key, value in found.items() if value is not None}


def _pinned(pin: Pin) -> str:
    at = "" if pin.start is None else f" at {clock(pin.start)}"
    return f"on {_day(pin.date)}{at}" + (f" with {pin.practitioner}" if pin.practitioner else "")


def _days(gap: Gap) -> str:
    if gap.min == gap.max:
        return f"{gap.max} day{'' if gap.max == 1 else 's'}"
    return f"{gap.min} to {gap.max} days"


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"
