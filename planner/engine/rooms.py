"""A plan's rooms and devices, and whether a plan collides with itself.

Only sessions on one date, or on neighbouring dates when a turnaround runs past midnight, can collide; the search
ignores that, and asks here about every plan it is about to show. Sessions follow each other in time, also on one
date: a session begins when the one before it is over.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

from planner.engine.fit import Fit
from planner.engine.grid import Bits
from planner.engine.problem import DEVICE, PRACTITIONER, ROOM
from planner.engine.starts import Starts

Assignment = dict[str, tuple[str, ...]]  # kind -> the resource of each session; empty when there is none
Choice = tuple[int, frozenset[int]]
Follows = dict[int, list[int]]
"""Practitioners of a session, and who may treat in the next."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan: days and steps count from the request's earliest date and from midnight."""

    cost: int
    days: tuple[int, ...]
    wastes: tuple[int, ...]
    steps: tuple[int, ...]
    who: tuple[int, ...]
    resources: Assignment

    @property
    def choice(self) -> Choice:
        """What makes it a choice of its own for a person: the first date and who treats."""
        return self.days[0], frozenset(self.who)

    @property
    def order(self) -> tuple[object, ...]:
        """Cost, then ties: practitioners count in the order of their ids."""
        rooms, devices = self.resources.get(ROOM, ()), self.resources.get(DEVICE, ())
        return self.cost, self.days, self.wastes, self.steps, self.who, rooms, devices


@dataclass(frozen=True, slots=True)
class Restriction:
    """In one session, on one day, only these starts (of one practitioner, or of all)."""

    session: int
    day: int
    keep: Bits
    who: int | None = None


def assignment(starts: Starts, fit: Fit, plan: Plan) -> Assignment:
    """The rooms and devices that waste least, then the smallest by id, session by session, that do not collide within
    the series."""
    found = {}
    if PRACTITIONER in starts.uses:
        found[PRACTITIONER] = tuple(starts.practitioners[who] or "" for who in plan.who)
    for kind in (ROOM, DEVICE):
        if kind in starts.uses:
            found[kind] = _smallest(starts, fit, plan, kind)
    return found


def collision(starts: Starts, plan: Plan) -> tuple[Restriction, ...]:
    """Empty when the plan holds; else restrictions of which every plan that holds keeps at least one."""
    for earlier, later in pairwise(range(len(plan.days))):
        same_date = plan.days[earlier] == plan.days[later]
        if same_date and _at(starts, plan, later) < _at(starts, plan, earlier) + starts.steps:
            return _in_turn(starts, plan, earlier, later, starts.steps, None)
    for earlier, later in combinations(range(len(plan.days)), 2):
        who = plan.who[earlier]
        if PRACTITIONER in plan.resources and who == plan.who[later]:
            wait = ready(starts, PRACTITIONER, plan.resources[PRACTITIONER][earlier])
            if _at(starts, plan, later) < _at(starts, plan, earlier) + wait:
                return _in_turn(starts, plan, earlier, later, wait, who)
    if all(plan.resources.values()):
        return ()
    return tuple(
        Restriction(session, plan.days[session], ~(1 << plan.steps[session]))
        for session in range(len(plan.days))
    )


def _in_turn(
    starts: Starts, plan: Plan, earlier: int, later: int, wait: int, who: int | None
) -> tuple[Restriction, ...]:
    """For a later session at least `wait` steps after the earlier: that one begins sooner, or this one then."""
    days_between = plan.days[later] - plan.days[earlier]
    since = max(0, plan.steps[earlier] + wait - days_between * starts.horizon.steps_per_day)
    return (
        Restriction(earlier, plan.days[earlier], (1 << plan.steps[earlier]) - 1, who),
        Restriction(later, plan.days[later], -1 << since, who),
    )


def ready(starts: Starts, kind: str, name: str) -> int:
    """Steps from the start of a session until this resource could begin another, turnaround included."""
    turnaround = starts.free.resources[name].turnaround_minutes
    return starts.uses[kind].steps + turnaround // starts.horizon.grid_minutes


def _at(starts: Starts, plan: Plan, session: int) -> int:
    return plan.days[session] * starts.horizon.steps_per_day + plan.steps[session]


def _smallest(starts: Starts, fit: Fit, plan: Plan, kind: str) -> tuple[str, ...]:
    """Depth first over the sessions, best first; nearly always the first try holds."""
    chosen: list[str] = []
    trials = [_free(starts, fit, plan, kind, chosen)]
    while trials:
        name = next(trials[-1], None)
        if name is None:
            trials.pop()
            del chosen[-1:]
        elif len(chosen) == len(plan.days) - 1:
            return (*chosen, name)
        else:
            chosen.append(name)
            trials.append(_free(starts, fit, plan, kind, chosen))
    return ()


def _free(starts: Starts, fit: Fit, plan: Plan, kind: str, chosen: list[str]) -> Iterator[str]:
    """Who of this kind can serve the next session after those chosen for the sessions before it."""
    use, session = starts.uses[kind], len(chosen)
    at = _at(starts, plan, session)
    taken = {
        name
        for i, name in enumerate(chosen)
        if plan.days[session] - plan.days[i] <= 1 and at < _at(starts, plan, i) + ready(starts, kind, name)
    }
    if kind in fit.usual:
        free: Iterable[str] = fit.best(kind, plan.days[session], plan.steps[session])
    else:
        free = starts.free.free_at(kind, use.skills, use.steps, starts.offset + at + use.first)
    return (name for name in free if name not in taken)
