"""What a plan costs: the contract's formulas, term by term, applied to sessions as they stand."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from planner.engine.answer import Breakdown, Placement
from planner.engine.problem import Current, Request

PREFERENCE_STEP_MINUTES = 15


def breakdown(request: Request, sessions: Sequence[Placement]) -> Breakdown:
    """The cost of all sessions of the request, in order."""
    weights = request.weights
    return Breakdown(
        gap=weights.gap * sum(abs(gap - request.gap.target) for gap in gaps(request, sessions)),
        start=0 if request.previous else weights.start * (sessions[0].date - request.earliest).days,
        change=weights.change * _changes(request, sessions),
        prefer=weights.prefer * _not_preferred(request, sessions),
        time=weights.time
        * sum(time_steps(request.prefer.time, session.start_minute) for session in sessions),
        move=_moves(request, sessions),
    )


def gaps(request: Request, sessions: Sequence[Placement]) -> list[int]:
    """Days between consecutive sessions, the previous one included."""
    dates = [request.previous.date] if request.previous else []
    dates += [session.date for session in sessions]
    return [(later - earlier).days for earlier, later in pairwise(dates)]


def time_steps(windows: tuple[tuple[int, int], ...], start: int) -> int:
    """Whole quarters of an hour from a start to the nearest preferred window; 0 without preference."""
    distances = [max(first - start, start - last, 0) for first, last in windows]
    return min(distances, default=0) // PREFERENCE_STEP_MINUTES


def _changes(request: Request, sessions: Sequence[Placement]) -> int:
    who = [session.practitioner for session in sessions]
    if request.previous and request.previous.practitioner is not None:
        who.insert(0, request.previous.practitioner)
    return sum(earlier != later for earlier, later in pairwise(who))


def _not_preferred(request: Request, sessions: Sequence[Placement]) -> int:
    wanted = request.prefer.practitioner
    return sum(wanted not in (None, session.practitioner) for session in sessions)


def _moves(request: Request, sessions: Sequence[Placement]) -> int:
    booked = {booking.index: booking for booking in request.current}
    return sum(
        request.weights.leaving(booked[session.index])
        for session in sessions
        if session.index in booked
        and not stays(booked[session.index], session.date, session.start_minute, session.practitioner)
    )


def stays(booking: Current, date: date, start_minute: int, practitioner: str | None) -> bool:
    """Whether a session is where it is booked now; a booking that names no practitioner is kept by any."""
    return (booking.date, booking.start) == (date, start_minute) and booking.practitioner in (
        None,
        practitioner,
    )
