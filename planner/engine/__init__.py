"""The planner's engine: who and what is free, and when each session of a series should be. Pure Python.

To read it from top to bottom, in half an hour:

    problem, answer     what is asked and what is answered, as plain values
    grid                free time as bits: hours, busy times, turnarounds, skipped hours
    starts, cost        where a session may start, and what a plan costs
    series, rooms       the exact search of one series; its rooms, devices and collisions with itself
    fit                 what a session leaves of the free time around it, which settles ties
    ahead               how far ahead that search has to look
    explain, slack      why nothing fits and what would help; how far a session can still slip
    joint               many series at once; places and together are its model for the solver
    document, reading   a problem from JSON, refused by its path where it is not understood
    instants            instants in UTC as minutes of a wall clock, for whoever loads bookings
"""

from collections.abc import Sequence
from datetime import date

from planner.engine.ahead import best_plans
from planner.engine.answer import Answer, Result
from planner.engine.explain import explain
from planner.engine.grid import FreeTime, Horizon
from planner.engine.problem import MAX_HORIZON_DAYS, Problem, Request

__all__ = ["free_time", "plan", "plan_request", "prepare"]


def plan(problem: Problem, free: Sequence[FreeTime] | None = None) -> Answer:
    """Plan all requests, each as if it were the only one, or together in joint mode.

    `free` is what `prepare` made of the same problem, to plan again without building it again.
    """
    if problem.mode == "joint":
        from planner.engine.joint import plan_jointly  # loads OR-Tools, which nothing else here needs

        return plan_jointly(problem)
    states = prepare(problem) if free is None else free
    return Answer(
        tuple(
            plan_request(state, request, problem.alternatives)
            for state, request in zip(states, problem.requests, strict=True)
        )
    )


def plan_request(free: FreeTime, request: Request, alternatives: int = 3) -> Result:
    """Plan one request whose dates lie in the horizon of `free`, or explain why there is no plan."""
    proposals = best_plans(free, request, alternatives)
    if proposals:
        return Result(request.id, "planned", True, proposals)
    reasons, relaxations = explain(free, request)
    return Result(request.id, "infeasible", reasons=reasons, relaxations=relaxations)


def prepare(problem: Problem) -> tuple[FreeTime, ...]:
    """The free time each request is planned against: one state for all where their dates allow it."""
    if not problem.requests:
        return ()
    first = min(request.earliest for request in problem.requests)
    last = max(request.latest for request in problem.requests)
    if (last - first).days <= MAX_HORIZON_DAYS:
        return (free_time(problem, first, last),) * len(problem.requests)
    return tuple(free_time(problem, request.earliest, request.latest) for request in problem.requests)


def free_time(problem: Problem, first: date, last: date) -> FreeTime:
    """The free time of all resources from one date to another, both included."""
    horizon = Horizon(first, (last - first).days + 1, problem.grid_minutes)
    return FreeTime.of(problem.timezone, horizon, problem.resources, problem.usual_minutes)
