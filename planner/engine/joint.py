"""Joint mode: many series at once, as many as can be, then at the least total cost, with an honest bound.

First each series is planned alone: the sum of these costs is a bound that nothing can beat. Then they are planned
one after the other around each other, those that fared badly sooner in the next pass, which gives a good plan in
a moment. Last, a CP-SAT model of all series over the places that a better plan could still use either improves
on it or proves that nothing does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import cached_property
from time import monotonic

from planner.engine import free_time
from planner.engine.ahead import best_plans
from planner.engine.answer import Answer, Placement, Proposal, Result, Total
from planner.engine.cost import breakdown
from planner.engine.explain import explain
from planner.engine.grid import Bits, FreeTime, Stretch
from planner.engine.places import NEVER, Place, Places
from planner.engine.problem import MINUTES_PER_DAY, Moments, Problem, Request
from planner.engine.starts import uses
from planner.engine.together import Chosen, JointSeries, Plans, Together

PASSES = 12
FIRST_EXCESS = 16
NOT_PLANNED = 1 << 40
MOST_PLACES = 40_000
"""A model of more places takes the solver longer to load than it is likely to earn."""

Proposals = tuple[Proposal | None, ...]


def plan_jointly(problem: Problem, *, seconds: float = 30.0) -> Answer:
    """Plan all requests together; no two planned sessions collide. Takes about `seconds` at most."""
    if not problem.requests:
        return Answer((), Total(0, 0, True))
    search = Joint(problem, monotonic() + seconds)
    search.run()
    return search.answer()


@dataclass(frozen=True, slots=True)
class Standing:
    """A feasible joint plan and what counts: series left out, then cost."""

    proposals: Proposals

    @property
    def planned(self) -> int:
        return sum(proposal is not None for proposal in self.proposals)

    @property
    def cost(self) -> int:
        return sum(proposal.cost for proposal in self.proposals if proposal)

    @property
    def rank(self) -> tuple[int, int]:
        return -self.planned, self.cost


class Joint:
    def __init__(self, problem: Problem, deadline: float) -> None:
        self.requests = problem.requests
        self.deadline = deadline
        self.free = free_time(
            problem,
            min(request.earliest for request in self.requests),
            max(request.latest for request in self.requests),
        )
        self.alone = [best_plan(self.free, request) for request in self.requests]
        self.most = sum(proposal is not None for proposal in self.alone)
        """No plan holds more series than this; lowered when the solver proves that they do not all fit."""
        self.bound = 0
        self.best = Standing((None,) * len(self.requests))

    @property
    def left(self) -> float:
        return self.deadline - monotonic()

    @property
    def is_optimal(self) -> bool:
        return self.best.planned == self.most and self.bound >= self.best.cost

    def run(self) -> None:
        self._take_turns()
        if self.best.planned < self.most and self.left > 0:
            self._fit_more()
        self._lift_bound(self._least_for(self.best.planned))
        self._cheapen()
        self._fit()

    def _least_for(self, planned: int) -> int:
        """So many series cost at least what the cheapest of them cost alone."""
        return sum(sorted(proposal.cost for proposal in self.alone if proposal)[:planned])

    def _lift_bound(self, bound: int) -> None:
        self.bound = min(self.best.cost, max(self.bound, bound))

    def _keep(self, proposals: Proposals) -> None:
        standing = Standing(proposals)
        if standing.rank < self.best.rank:
            self.best = standing

    # One after the other

    def _take_turns(self) -> None:
        """Each pass plans first what came off worst in the passes before."""
        wanting = {number for number, proposal in enumerate(self.alone) if proposal}
        priority = dict.fromkeys(sorted(wanting, key=lambda n: self.requests[n].latest), 0)
        for _ in range(PASSES):
            order = sorted(priority, key=lambda number: -priority[number])
            proposals = self._in_turn(order)
            self._keep(proposals)
            excess = {number: self._excess(number, proposals[number]) for number in order}
            if not any(excess.values()) or self.left <= 0:
                return
            for number, more in excess.items():
                priority[number] += more

    def _excess(self, number: int, proposal: Proposal | None) -> int:
        alone = self.alone[number]
        assert alone
        return proposal.cost - alone.cost if proposal else NOT_PLANNED

    def _in_turn(self, order: Sequence[int]) -> Proposals:
        proposals: list[Proposal | None] = [None] * len(self.requests)
        free = self.free
        for number in order:
            proposals[number] = best_plan(free, self.requests[number])
            free = without(free, self.requests[number], proposals[number])
        return tuple(proposals)

    # All at once

    def _fit_more(self) -> None:
        """Looks for a plan of more series, or proves that there is none."""
        series = self._series(None)
        if sum(len(one.choices) for one in series) > MOST_PLACES:
            return
        found = Together(self.free, series).most(self.left / 2, self._chosen())
        self._keep_found(found.plans)
        self.most = min(self.most, len(self.requests) - found.bound)

    def _cheapen(self) -> None:
        """Widens the choice of places until a better plan would have to use one that was offered."""
        excess = 0
        while self.left > 0 and not self.is_optimal:
            least = self._least_for(self.best.planned)
            series = self._series(excess)
            if sum(len(one.choices) for one in series) > MOST_PLACES:
                return
            found = Together(self.free, series).cheapest(self.best.planned, self.left, self._chosen())
            self._keep_found(found.plans)
            self._lift_bound(min(found.bound, least + excess + 1))
            enough = self.best.cost - self._least_for(self.best.planned) - 1
            if excess >= enough and found.proved:
                return
            excess = min(enough, max(FIRST_EXCESS, 2 * excess))

    def _series(self, excess: int | None) -> list[JointSeries]:
        """Each series with the places it can use when it may cost so much more than alone; None: all places."""
        return [
            JointSeries(
                places, places.within(NEVER - 1 if excess is None else alone.cost + excess), alone.cost
            )
            if alone
            else JointSeries(places, [], 0)
            for places, alone in zip(self._places, self.alone, strict=True)
        ]

    @cached_property
    def _places(self) -> list[Places]:
        return [Places(self.free, request) for request in self.requests]

    def _keep_found(self, plans: Plans | None) -> None:
        """Series that the solver was allowed to leave out are still given a place where one is left."""
        if plans is None:
            return
        proposals = [
            proposal(self.free, request, plan) if plan else None
            for request, plan in zip(self.requests, plans, strict=True)
        ]
        free = self._around(proposals)
        for number, request in enumerate(self.requests):
            if proposals[number] is None and self.alone[number]:
                proposals[number] = best_plan(free, request)
                free = without(free, request, proposals[number])
        self._keep(tuple(proposals))

    def _around(self, proposals: Sequence[Proposal | None]) -> FreeTime:
        free = self.free
        for request, planned in zip(self.requests, proposals, strict=True):
            free = without(free, request, planned)
        return free

    def _chosen(self) -> Plans:
        return tuple(chosen(self.free, planned) if planned else None for planned in self.best.proposals)

    def _fit(self) -> None:
        """Each in turn takes what fits best of the places that cost no more and that the others leave."""
        proposals = list(self.best.proposals)
        for number, planned in enumerate(proposals if self.free.usual else ()):
            if planned:
                proposals[number] = None
                again = best_plan(self._around(proposals), self.requests[number])
                proposals[number] = again if again and again.cost <= planned.cost else planned
        self.best = Standing(tuple(proposals))

    # The answer

    def answer(self) -> Answer:
        results = tuple(self._result(number) for number in range(len(self.requests)))
        return Answer(results, Total(self.best.cost, self.bound, self.is_optimal))

    def _result(self, number: int) -> Result:
        request, planned = self.requests[number], self.best.proposals[number]
        if planned:
            return Result(request.id, "planned", self.is_optimal, (planned,))
        reasons, relaxations = explain(self._beside_the_planned, request)
        return Result(request.id, "infeasible", reasons=reasons, relaxations=relaxations)

    @cached_property
    def _beside_the_planned(self) -> FreeTime:
        """What is left beside the planned series, as busy times: these, unlike bits, reach beyond the horizon."""
        taken: dict[str, Moments] = {}
        for request, planned in zip(self.requests, self.best.proposals, strict=True):
            for name, hold in holds(self.free, request, planned):
                taken[name] = (*taken.get(name, ()), hold)
        resources = [
            replace(one, busy=(*one.busy, *taken.get(one.id, ()))) for one in self.free.resources.values()
        ]
        return FreeTime.of(self.free.timezone, self.free.horizon, resources)


def best_plan(free: FreeTime, request: Request) -> Proposal | None:
    proposals = best_plans(free, request, 1)
    return proposals[0] if proposals else None


def without(free: FreeTime, request: Request, planned: Proposal | None) -> FreeTime:
    """The free time that is left for others beside this plan, with a turnaround kept before it and after it."""
    horizon, midnight = free.horizon, datetime.combine(free.horizon.first, time())
    held: dict[str, list[Stretch]] = {}
    taken: dict[str, Bits] = {}
    for name, (start, end) in holds(free, request, planned):
        first, last = ((at - midnight) // timedelta(minutes=1) for at in (start, end))
        held.setdefault(name, []).append((first, last))
        since = max(0, first - free.resources[name].turnaround_minutes)
        bits = (1 << last // horizon.grid_minutes) - (1 << since // horizon.grid_minutes)
        taken[name] = taken.get(name, 0) | bits
    if not taken:
        return free
    left = ((resource, bits & ~taken.get(resource.id, 0)) for resource, bits in free.bits)

    def times(name: str, day: int) -> tuple[Sequence[Stretch], Sequence[Stretch]]:
        opened, busy = free.times(name, day)
        today = day * MINUTES_PER_DAY
        return opened, [*busy, *((first - today, last - today) for first, last in held.get(name, ()))]

    return FreeTime(free.timezone, horizon, left, free.usual, times)


def holds(
    free: FreeTime, request: Request, planned: Proposal | None
) -> Iterator[tuple[str, tuple[datetime, datetime]]]:
    """Each resource and the time the plan takes of it, turnaround included."""
    grid = free.horizon.grid_minutes
    for session in planned.sessions if planned else ():
        midnight = datetime.combine(session.date, time())
        for kind, use in uses(request, grid).items():
            resource = free.resources[session.resources[kind]]
            start = session.start_minute + use.first * grid
            end = start + use.steps * grid + resource.turnaround_minutes
            yield resource.id, (midnight + timedelta(minutes=start), midnight + timedelta(minutes=end))


def position(free: FreeTime, session: Placement) -> int:
    horizon = free.horizon
    return horizon.day(session.date) * horizon.steps_per_day + session.start_minute // horizon.grid_minutes


def chosen(free: FreeTime, planned: Proposal) -> tuple[Chosen, ...]:
    return tuple(
        Chosen(
            Place(session.index - 1, position(free, session), session.practitioner, 0, 0), session.resources
        )
        for session in planned.sessions
    )


def proposal(free: FreeTime, request: Request, plan: Sequence[Chosen]) -> Proposal:
    sessions = tuple(placement(free, request, one) for one in plan)
    terms = breakdown(request, sessions)
    return Proposal(terms.total, terms, sessions)


def placement(free: FreeTime, request: Request, one: Chosen) -> Placement:
    day, step = divmod(one.place.at, free.horizon.steps_per_day)
    start = step * free.horizon.grid_minutes
    return Placement(
        one.place.session + 1, free.horizon.date_of(day), start, start + request.minutes, one.resources
    )
