"""The planner's engine: who and what is free, and when each session of a series should be. Pure Python."""

from collections.abc import Iterator
from datetime import date

from planner.engine.answer import Answer, Result
from planner.engine.explain import explain
from planner.engine.grid import FreeTime, Horizon
from planner.engine.problem import MAX_HORIZON_DAYS, Problem, Request
from planner.engine.series import best_plans

__all__ = ["free_time", "plan", "plan_request"]


def plan(problem: Problem) -> Answer:
    """Plan all requests, each as if it were the only one, or together in joint mode."""
    if problem.mode == "joint":
        from planner.engine.joint import plan_jointly  # loads OR-Tools, which nothing else here needs

        return plan_jointly(problem)
    return Answer(tuple(_independently(problem)))


def plan_request(free: FreeTime, request: Request, alternatives: int = 3) -> Result:
    """Plan one request whose dates lie in the horizon of `free`, or explain why there is no plan."""
    proposals, optimal = best_plans(free, request, alternatives)
    if proposals:
        return Result(request.id, "planned", optimal, proposals)
    reasons, relaxations = explain(free, request)
    return Result(request.id, "infeasible", reasons=reasons, relaxations=relaxations)


def free_time(problem: Problem, first: date, last: date) -> FreeTime:
    """The free time of all resources from one date to another, both included."""
    horizon = Horizon(first, (last - first).days + 1, problem.grid_minutes)
    return FreeTime.of(problem.timezone, horizon, problem.resources)


def _independently(problem: Problem) -> Iterator[Result]:
    """Requests share one state where their dates allow it; a far-flung request gets its own."""
    free: FreeTime | None = None
    for request in problem.requests:
        if free is None or not free.horizon.holds(request.earliest, request.latest):
            free = free_time(problem, *_dates(problem, request))
        yield plan_request(free, request, problem.alternatives)


def _dates(problem: Problem, request: Request) -> tuple[date, date]:
    first = min(other.earliest for other in problem.requests)
    last = max(other.latest for other in problem.requests)
    return (first, last) if (last - first).days <= MAX_HORIZON_DAYS else (request.earliest, request.latest)
