"""The exact search: the cheapest plan of one series, and the next ones that are real choices.

Dynamic programming runs backwards over sessions. A session's day is written as `slack`: days after the earliest it
could be if every gap before it were the minimum; slack never falls from one session to the next and rises by at
most `gap.max - gap.min`, so each step is a sliding minimum, linear in days and in practitioners.

Ties go to the earliest dates, then the least wastes (`fit`), then the earliest starts, then the smallest
practitioners, rooms and devices: each compared session by session over the whole plan before the next one counts; ids
compare as text ("p10" < "p2").

Alternatives and the rare series that could collide with itself (two sessions on one date, or a turnaround past
midnight) are found by splitting the space of plans around a plan already looked at, best first.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from heapq import heappop, heappush
from itertools import count as counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.engine.answer import Placement, Proposal
from planner.engine.cost import breakdown
from planner.engine.fit import Fit
from planner.engine.grid import FreeTime
from planner.engine.neighbours import Neighbours, near_itself
from planner.engine.problem import Request
from planner.engine.rooms import Choice, Follows, Plan, Restriction, assignment, collision
from planner.engine.starts import Allowed, Cells, Costs, Starts, Steps

Mask = NDArray[np.bool_]
Labels = Mapping[int, int] | Steps  # by practitioner
Piece = tuple[int, Callable[[], "Space"]]  # the least cost in a part of a space, or less, and how to make it


@dataclass(frozen=True, slots=True)
class Space:
    """A set of plans: per session the cost and start of [practitioner, slack], and the least cost from there on.

    `after` is, for each session but the first, that least cost for whom the session before was treated by.
    """

    slack: int  # the slack of the first column
    cost: tuple[Costs, ...]
    step: tuple[Steps, ...]
    rest: tuple[Costs, ...]
    after: tuple[Costs, ...]
    allowed: Allowed


@dataclass(frozen=True, slots=True, order=True)
class Look:
    """What to look at next: a space by the least cost in it, or a plan found there by all that decides ties."""

    order: tuple[Any, ...]
    number: int
    space: Callable[[], Space] = field(compare=False)
    plan: Plan | None = field(compare=False, default=None)


class Search:
    def __init__(self, free: FreeTime, request: Request) -> None:
        self.free = free
        self.request = request
        self.starts = Starts(free, request)
        self.fit = Fit(self.starts)
        self.cells = Cells(self.starts)
        self.none = self.cells.none
        self.columns = self.starts.horizon.days - (request.sessions - 1) * request.gap.min
        self.slack = max(0, min(request.gap.max - request.gap.min, self.columns - 1))
        self.target = request.gap.target - request.gap.min
        self.ramp = (request.weights.gap * np.arange(max(0, self.columns) + self.slack)).astype(
            self.cells.dtype
        )
        self.gap_cost = np.abs(self.ramp[: self.slack + 1] - request.weights.gap * self.target)
        self.change = request.weights.change
        self.change_cost = self.change * (1 - np.eye(len(self.starts.practitioners), dtype=self.cells.dtype))

    def proposals(self, looks: int) -> Iterator[Proposal]:
        """The plans in order, as far as each is a choice of its own."""
        if self.columns <= 0 or not self.starts.practitioners:
            return
        seen: set[Choice] = set()
        queue: list[Look] = []
        number = counter()
        root = self._root()
        pieces: Iterable[Piece] = [(self._least(root), partial(_same, root))]
        for _ in range(looks):
            for cost, piece in pieces:
                if cost < self.none:
                    heappush(queue, Look((cost,), next(number), piece))
            if not queue:
                return
            look = heappop(queue)
            space, plan, pieces = look.space(), look.plan, ()
            if plan is None:
                if self._least(space) < self.none:
                    plan = self._plan(space)
                    heappush(queue, Look(plan.order, next(number), partial(_same, space), plan))
            elif restrictions := collision(self.starts, plan):
                pieces = self._restricted(space, restrictions)
            else:
                if plan.choice not in seen:
                    seen.add(plan.choice)
                    yield self._proposal(plan)
                pieces = self._other_choices(space, plan)

    # The dynamic programme

    def _root(self) -> Space:
        days = [
            slice(i * self.request.gap.min, i * self.request.gap.min + self.columns)
            for i in range(self.request.sessions)
        ]
        cost = tuple(self.cells.cost[i, :, span] for i, span in enumerate(days))
        step = tuple(self.cells.step[i, :, span] for i, span in enumerate(days))
        return Space(0, cost, step, *self._rest(cost), self.cells.allowed)

    def _rest(self, cost: tuple[Costs, ...]) -> tuple[tuple[Costs, ...], tuple[Costs, ...]]:
        """Least cost of each session and all after it, per practitioner and slack; and with the change before it."""
        rest, after = [cost[-1]], []
        for own in reversed(cost[:-1]):
            later = rest[-1]
            after.append(np.minimum(later, later.min(axis=0) + self.change))
            onward = self._onward(after[-1])
            onward += own
            rest.append(np.minimum(onward, self.none, out=onward))
        return tuple(reversed(rest)), tuple(reversed(after))

    def _onward(self, after: Costs) -> Costs:
        """For each slack, the least of `after` plus the cost of the gap, over the slacks a gap away.

        With a ramp taken off, the cost of a gap below the target is the same for all slacks it leads to, and with
        the ramp added that of a gap above: two sliding minima.
        """
        columns, target = after.shape[-1], min(self.target, self.slack)
        beyond = np.full((*after.shape[:-1], self.slack), self.none, dtype=after.dtype)
        padded = np.concatenate((after, beyond), axis=-1)
        ramp = self.ramp[: columns + self.slack]
        sooner = _sliding_least((padded - ramp)[..., : columns + target], target + 1)
        sooner += ramp[:columns] + self.request.weights.gap * self.target
        if target == self.slack:
            return sooner
        padded += ramp
        later = _sliding_least(padded[..., target:], self.slack - target + 1)
        later -= ramp[:columns] + self.request.weights.gap * target
        return np.minimum(sooner, later, out=sooner)

    def _least(self, space: Space) -> int:
        return int(space.rest[0].min(initial=self.none))

    def _plan(self, space: Space) -> Plan:
        """The first plan, by the order of ties, among the cheapest of a space."""
        cost = self._least(space)
        slack = int((space.rest[0].min(axis=0) == cost).argmax())
        slacks, alive, edges = [slack], [space.rest[0][:, slack] == cost], []
        for i, after in enumerate(space.after):
            left = np.where(alive[-1], space.rest[i][:, slack] - space.cost[i][:, slack], -1)[:, None]
            ahead = after[:, slack : slack + self.slack + 1]
            gap = int((ahead + self.gap_cost[: ahead.shape[1]] == left).any(axis=0).argmax())
            slack += gap
            edges.append(self.change_cost + (space.rest[i + 1][:, slack] + self.gap_cost[gap]) == left)
            alive.append(edges[-1].any(axis=0))
            slacks.append(slack)
        step = [steps[:, slack] for steps, slack in zip(space.step, slacks, strict=True)]
        days = tuple(space.slack + slack + i * self.request.gap.min for i, slack in enumerate(slacks))
        if self.fit.usual:
            return self._fitting(space.allowed, cost, days, Paths.of(alive, edges))
        who = _first_path(Paths.of(alive, edges), step)
        plan = Plan(cost, days, (), tuple(int(s[w]) for s, w in zip(step, who, strict=True)), who, {})
        return replace(plan, resources=assignment(self.starts, self.fit, plan))

    def _fitting(self, allowed: Allowed, cost: int, days: tuple[int, ...], paths: "Paths") -> Plan:
        """Of the plans on these days and paths the one that wastes least; of equal ones the first by other ties."""
        cheap = [
            {who: self.cells.cheapest(i, who, day, allowed) for who in layer}
            for i, (day, layer) in enumerate(zip(days, paths.layers, strict=True))
        ]
        if near_itself(days):
            found = Neighbours(self.fit, cost, days, cheap, paths.follows).first()
            if found:
                return found
        best = [
            {who: self.fit.first(who, day, starts) for who, starts in own.items()}
            for day, own in zip(days, cheap, strict=True)
        ]
        wasting = paths.least([{who: waste for who, (waste, _) in own.items()} for own in best])
        steps = [{who: step for who, (_, step) in own.items()} for own in best]
        who = _first_path(wasting, steps)
        at = tuple(own[w] for own, w in zip(steps, who, strict=True))
        wastes = tuple(own[w][0] for own, w in zip(best, who, strict=True))
        plan = Plan(cost, days, wastes, at, who, {})
        return replace(plan, resources=assignment(self.starts, self.fit, plan))

    # Splitting the space around a plan

    def _other_choices(self, space: Space, plan: Plan) -> Iterator[Piece]:
        """All plans of the space with another first date or another set of practitioners, in parts."""
        start = plan.days[0] - space.slack
        elsewhere = space.rest[0].copy()
        elsewhere[:, start] = self.none
        other_days = replace(space, rest=(elsewhere, *space.rest[1:]))
        yield self._least(other_days), partial(_same, other_days)
        team = np.isin(np.arange(len(self.starts.practitioners)), plan.who)
        sessions = self.request.sessions
        for session, cost in enumerate(self._first_outsider(space, start, team)):
            who = [team] * session + [~team] + [team | True] * (sessions - session - 1)
            yield cost, partial(self._narrowed, space, start, who)
        if team.sum() > 1:
            for member in np.flatnonzero(team):
                without = team & (np.arange(len(team)) != member)
                yield plan.cost, partial(self._narrowed, space, start, [without] * sessions)

    def _first_outsider(self, space: Space, start: int, team: Mask) -> list[int]:
        """The least cost when session 1, 2, … is the first that is not treated by one of the team."""
        span = slice(start, start + (self.request.sessions - 1) * self.slack + 1)
        outside = [rest[~team, span].min(axis=0, initial=self.none) for rest in space.rest]
        within = [cost[team, span] for cost in space.cost]
        within[0] = _only_first(within[0], self.none)
        mirrored, _ = self._rest(tuple(cost[:, ::-1] for cost in reversed(within)))
        least = [int(outside[0][0])]
        for reached, rest in zip(reversed(mirrored), outside[1:], strict=False):
            arrival = self._onward(reached.min(axis=0))[::-1] + self.change
            least.append(int((arrival + rest).min(initial=self.none)))
        return least

    def _narrowed(self, space: Space, start: int, who: list[Mask]) -> Space:
        """The plans of a space that begin at column `start`, with only these practitioners in each session."""
        span = slice(start, start + (self.request.sessions - 1) * self.slack + 1)
        cost = [
            np.where(mask[:, None], own[:, span], self.none).astype(own.dtype)
            for mask, own in zip(who, space.cost, strict=True)
        ]
        cost[0] = _only_first(cost[0], self.none)
        step = tuple(step[:, span] for step in space.step)
        return Space(space.slack + start, tuple(cost), step, *self._rest(tuple(cost)), space.allowed)

    def _restricted(self, space: Space, restrictions: tuple[Restriction, ...]) -> Iterator[Piece]:
        """The plans that keep a restriction, in parts without overlap: the n-th breaks those before it."""
        for restriction in restrictions:
            piece = self._under(space, restriction)
            yield self._least(piece), partial(_same, piece)
            space = self._under(space, restriction, broken=True)

    def _under(self, space: Space, rule: Restriction, broken: bool = False) -> Space:
        """The plans of a space that keep a restriction, or those that break it."""
        allowed = dict(space.allowed)
        own, starts = space.cost[rule.session].copy(), space.step[rule.session].copy()
        column = rule.day - rule.session * self.request.gap.min - space.slack
        affected = range(len(own)) if rule.who is None else (rule.who,)
        if broken:
            here = np.zeros(own.shape, dtype=np.bool_)
            here[list(affected), column] = True
            own[~here] = self.none
        for who in affected:
            if own[who, column] < self.none:
                place = (rule.session, who, rule.day)
                before, _ = self.cells.cell(*place, allowed)
                allowed[place] = allowed.get(place, -1) & (~rule.keep if broken else rule.keep)
                after, starts[who, column] = self.cells.cell(*place, allowed)
                own[who, column] = min(self.none, own[who, column] - before + after)
        cost = _replaced(space.cost, rule.session, own)
        step = _replaced(space.step, rule.session, starts)
        return Space(space.slack, cost, step, *self._rest(cost), allowed)

    def _proposal(self, plan: Plan) -> Proposal:
        grid = self.starts.horizon.grid_minutes
        sessions = tuple(
            Placement(
                index=i + 1,
                date=self.starts.horizon.date_of(plan.days[i]),
                start_minute=plan.steps[i] * grid,
                end_minute=plan.steps[i] * grid + self.request.minutes,
                resources={kind: names[i] for kind, names in plan.resources.items()},
            )
            for i in range(self.request.sessions)
        )
        found = breakdown(self.request, sessions)
        assert found.total == plan.cost
        return Proposal(plan.cost, found, sessions)


def _same(space: Space) -> Space:
    return space


def _replaced(
    layers: tuple[NDArray[Any], ...], session: int, layer: NDArray[Any]
) -> tuple[NDArray[Any], ...]:
    return (*layers[:session], layer, *layers[session + 1 :])


def _only_first(cost: Costs, none: int) -> Costs:
    only = cost.copy()
    only[:, 1:] = none
    return only


def _sliding_least(costs: Costs, width: int) -> Costs:
    """The least of each `width` neighbours along the last axis, by doubling."""
    have = 1
    while have * 2 <= width:
        costs = np.minimum(costs[..., :-have], costs[..., have:])
        have *= 2
    more = width - have
    return np.minimum(costs[..., :-more], costs[..., more:]) if more else costs


@dataclass(frozen=True, slots=True)
class Paths:
    """Paths through practitioners, one per session: who is in each layer, and who may follow whom; of a single path it
    is not said."""

    layers: list[list[int]]
    follows: list[Follows]

    @classmethod
    def of(cls, alive: list[Mask], edges: list[Mask]) -> "Paths":
        found = cls([mask.nonzero()[0].tolist() for mask in alive], [])
        if found.is_one:
            return found
        pairs = zip(edges, found.layers, found.layers[1:], strict=False)
        return replace(found, follows=[_follows(edge, here, there) for edge, here, there in pairs])

    @property
    def is_one(self) -> bool:
        return all(len(layer) == 1 for layer in self.layers)

    def least(self, labels: Sequence[Labels]) -> "Paths":
        """What is left when every layer in turn keeps only its smallest reachable label."""
        if self.is_one:
            return self
        kept: list[list[int]] = []
        complete = self._complete()
        for i, label in enumerate(labels):
            reached = {after for who in kept[-1] for after in self.follows[i - 1][who]} if i else complete[0]
            now = [who for who in complete[i] if who in reached]
            least = min(label[who] for who in now)
            kept.append([who for who in now if label[who] == least])
        return Paths(kept, self.follows)

    def _complete(self) -> list[list[int]]:
        """Of each layer, from whom the last one can be reached."""
        complete = [self.layers[-1]]
        for here, follow in zip(reversed(self.layers[:-1]), reversed(self.follows), strict=True):
            reach = set(complete[-1])
            complete.append([who for who in here if not reach.isdisjoint(follow[who])])
        return complete[::-1]


def _first_path(paths: Paths, steps: Sequence[Labels]) -> tuple[int, ...]:
    """The earliest starts, then the smallest practitioners."""
    earliest = paths.least(steps)
    smallest = earliest.least([{who: who for who in layer} for layer in earliest.layers])
    return tuple(layer[0] for layer in smallest.layers)


def _follows(edge: Mask, here: list[int], there: list[int]) -> Follows:
    rows = edge[here][:, there].tolist()
    return {
        who: [after for after, leads in zip(there, row, strict=True) if leads]
        for who, row in zip(here, rows, strict=True)
    }
