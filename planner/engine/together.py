"""The CP-SAT model of several series at once: one place per session, no resource in two uses at a time."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from planner.engine.grid import FreeTime
from planner.engine.places import Place, Places
from planner.engine.problem import DEVICE, PRACTITIONER, ROOM

MOST = 1 << 45
"""More than any plan can cost."""
ROUNDS = 4

Literal = cp_model.IntVar
Hold = tuple[int, int]
"""Steps that a use takes from a resource, its turnaround included; half-open."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A session's place and what serves it there, by kind."""

    place: Place
    resources: Mapping[str, str]


Plan = tuple[Chosen, ...]
Plans = tuple[Plan | None, ...]
"""One plan per series; None where the series is not planned."""


@dataclass(frozen=True, slots=True)
class JointSeries:
    """A request's places to choose from and the least it costs alone."""

    places: Places
    choices: Sequence[Place]
    alone: int


@dataclass(frozen=True, slots=True)
class Found:
    """What the solver found, if anything, and the bound it proved on its objective."""

    plans: Plans | None
    bound: int
    proved: bool


Slot = tuple[int, int, int]
"""Series number, session and start: what its room and its device depend on, whoever practises."""

Choice = Sequence[tuple[Place, Literal]]
Term = tuple[int, Literal]


class Together:
    """All series in one model; a series may be left out unless `cheapest` asks for so many of them."""

    def __init__(self, free: FreeTime, series: Sequence[JointSeries]) -> None:
        self.free = free
        self.series = series
        self.model = cp_model.CpModel()
        self.planned = [self.model.new_bool_var("") for _ in series]
        self.taken = [[self.model.new_bool_var("") for _ in one.choices] for one in series]
        self.costs = [self._series_cost(number) for number in range(len(series))]
        self.slots = self._places_by_slot()
        self.rooms = {kind: Sharing.of(free, series, self.slots, kind) for kind in (ROOM, DEVICE)}
        self.serving: dict[tuple[Slot, str], Literal] = {}
        self._hold_practitioners()
        for kind in (ROOM, DEVICE):
            self._hold_shared(kind)

    def most(self, seconds: float, hint: Plans) -> Found:
        """Plans as many series as can be; the bound is on how many are left out."""
        self.model.minimize(len(self.series) - cp_model.LinearExpr.sum(self.planned))
        return self._solve(seconds, hint)

    def cheapest(self, at_least: int, seconds: float, hint: Plans) -> Found:
        """Plans at least so many series at the least total cost."""
        self.model.add(cp_model.LinearExpr.sum(self.planned) >= at_least)
        self.model.minimize(cp_model.LinearExpr.sum(self.costs))
        return self._solve(seconds, hint)

    # Each series by itself

    def _series_cost(self, number: int) -> Literal:
        """The series' cost, with its sessions a gap apart. The least through each place tightens the bound."""
        one, planned = self.series[number], self.planned[number]
        cost = self.model.new_int_var(0, MOST, "")
        terms: list[Term] = []
        for session in range(one.places.request.sessions):
            chosen = self._of_session(number, session)
            self.model.add_exactly_one([planned.negated(), *(literal for _, literal in chosen)])
            self.model.add(cost >= weighed((place.least, literal) for place, literal in chosen))
            terms += [(place.cost, literal) for place, literal in chosen]
        for session in range(one.places.request.sessions - 1):
            terms += self._between(number, session)
        self.model.add(cost >= weighed(terms))
        self.model.add(cost >= one.alone * planned)
        return cost

    def _of_session(self, number: int, session: int) -> list[tuple[Place, Literal]]:
        pairs = zip(self.series[number].choices, self.taken[number], strict=True)
        return [(place, literal) for place, literal in pairs if place.session == session]

    def _between(self, number: int, session: int) -> list[Term]:
        """Keeps a session and the next a gap apart; returns what the gap and a change of practitioner cost."""
        request, planned = self.series[number].places.request, self.planned[number]
        before, after = self._of_session(number, session), self._of_session(number, session + 1)
        gap = self._apart(before, after, self.free.horizon.steps_per_day)
        self.model.add(gap >= request.gap.min * planned)
        self.model.add(gap <= request.gap.max * planned)
        if request.gap.min == 0:
            self.model.add(self._apart(before, after, 1) >= self.series[number].places.steps * planned)
        off_target = self.model.new_int_var(0, request.gap.max, "")
        self.model.add(off_target >= gap - request.gap.target * planned)
        self.model.add(off_target >= request.gap.target * planned - gap)
        return [
            (request.weights.gap, off_target),
            (request.weights.change, self._change(before, after)),
        ]

    def _apart(self, before: Choice, after: Choice, steps: int) -> cp_model.LinearExpr:
        """From one session to the next, in units of so many steps."""
        later = [(place.at // steps, literal) for place, literal in after]
        return weighed(later + [(-(place.at // steps), literal) for place, literal in before])

    def _change(self, before: Choice, after: Choice) -> Literal:
        change = self.model.new_bool_var("")
        for name in dict.fromkeys(place.practitioner for place, _ in before):
            leaves = [(1, literal) for place, literal in before if place.practitioner == name]
            leaves += [(-1, literal) for place, literal in after if place.practitioner == name]
            self.model.add(change >= weighed(leaves))
        return change

    # What they share

    def _places_by_slot(self) -> dict[Slot, list[Literal]]:
        slots = defaultdict(list)
        for number, one in enumerate(self.series):
            for place, literal in zip(one.choices, self.taken[number], strict=True):
                slots[number, place.session, place.at].append(literal)
        return slots

    def _hold_practitioners(self) -> None:
        holds = defaultdict(list)
        for number, one in enumerate(self.series):
            for place, literal in zip(one.choices, self.taken[number], strict=True):
                if place.practitioner is not None:
                    span = hold(self.free, one, PRACTITIONER, place.practitioner, place.at)
                    holds[place.practitioner].append((span, literal))
        self._never_twice(holds.values())

    def _hold_shared(self, kind: str) -> None:
        holds = defaultdict(list)
        for slot, names in self.rooms[kind].contended.items():
            literals = [self.model.new_bool_var("") for _ in names]
            self.model.add(cp_model.LinearExpr.sum(literals) == cp_model.LinearExpr.sum(self.slots[slot]))
            for name, literal in zip(names, literals, strict=True):
                self.serving[slot, name] = literal
                holds[name].append((hold(self.free, self.series[slot[0]], kind, name, slot[2]), literal))
        self._never_twice(holds.values())

    def _never_twice(self, resources: Iterable[list[tuple[Hold, Literal]]]) -> None:
        for holds in resources:
            for crowd in crowds([span for span, _ in holds]):
                self.model.add_at_most_one(holds[number][1] for number in crowd)

    # Solving

    def _solve(self, seconds: float, hint: Plans) -> Found:
        self._hint(hint)
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = max(0.01, seconds)
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        status = solver.solve(self.model)
        bound = math.ceil(solver.best_objective_bound - 1e-6)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Found(None, bound if status == cp_model.UNKNOWN else MOST, status == cp_model.INFEASIBLE)
        return Found(self._plans(solver), bound, status == cp_model.OPTIMAL)

    def _hint(self, plans: Plans) -> None:
        chosen = {
            (number, one.place.session, one.place.at, one.place.practitioner): one
            for number, plan in enumerate(plans)
            for one in plan or ()
        }
        for number, one in enumerate(self.series):
            self.model.add_hint(self.planned[number], plans[number] is not None)
            for place, literal in zip(one.choices, self.taken[number], strict=True):
                self.model.add_hint(literal, (number, place.session, place.at, place.practitioner) in chosen)
        serving = {(key[:3], name) for key, one in chosen.items() for name in one.resources.values()}
        for key, literal in self.serving.items():
            self.model.add_hint(literal, key in serving)

    def _plans(self, solver: cp_model.CpSolver) -> Plans:
        chosen: dict[Slot, Place] = {
            (number, place.session, place.at): place
            for number, one in enumerate(self.series)
            for place, literal in zip(one.choices, self.taken[number], strict=True)
            if solver.boolean_value(literal)
        }
        served = {kind: self._served(solver, kind, list(chosen)) for kind in (ROOM, DEVICE)}
        plans: list[list[Chosen]] = [[] for _ in self.series]
        for slot, place in sorted(chosen.items(), key=lambda item: item[0]):
            resources = {kind: names[slot] for kind, names in served.items() if slot in names}
            if place.practitioner is not None:
                resources[PRACTITIONER] = place.practitioner
            plans[slot[0]].append(Chosen(place, resources))
        return tuple(tuple(plan) or None for plan in plans)

    def _served(self, solver: cp_model.CpSolver, kind: str, slots: list[Slot]) -> dict[Slot, str]:
        """Contended slots as the solver chose; the others, last set aside first, take the smallest id left."""
        sharing = self.rooms[kind]
        served = {
            slot: next(
                name for name in sharing.contended[slot] if solver.boolean_value(self.serving[slot, name])
            )
            for slot in slots
            if slot in sharing.contended
        }
        aside = [slot for slot in slots if slot in sharing.set_aside]
        for slot in sorted(aside, key=lambda slot: (-sharing.set_aside[slot], slot)):
            served[slot] = next(
                name for name in sharing.free[slot] if self._is_left(kind, name, slot, served)
            )
        return served

    def _is_left(self, kind: str, name: str, slot: Slot, served: Mapping[Slot, str]) -> bool:
        mine = hold(self.free, self.series[slot[0]], kind, name, slot[2])
        return not any(
            theirs == name and overlap(mine, hold(self.free, self.series[other[0]], kind, name, other[2]))
            for other, theirs in served.items()
        )


@dataclass(frozen=True, slots=True)
class Sharing:
    """Which slots must be told a room (or device) by the solver, and which can always be given one afterwards.

    A slot with more free rooms than there are other sessions that could want one at that time gets one in any
    case; once it is set aside, the others have one rival less. `set_aside` holds the round in which that happened.
    """

    free: Mapping[Slot, tuple[str, ...]]
    contended: Mapping[Slot, tuple[str, ...]]
    set_aside: Mapping[Slot, int]

    @classmethod
    def of(cls, free: FreeTime, series: Sequence[JointSeries], slots: Iterable[Slot], kind: str) -> "Sharing":
        names = {
            slot: free_names(free, series[slot[0]], kind, slot[2])
            for slot in slots
            if kind in series[slot[0]].places.uses
        }
        longest = max((r.turnaround_minutes for r in free.resources.values() if r.kind == kind), default=0)
        spans = {slot: widest_hold(free, series[slot[0]], kind, slot[2], longest) for slot in names}
        contended, set_aside = dict(names), dict[Slot, int]()
        for round_number in range(ROUNDS):
            rivals = count_rivals(spans, contended)
            for slot, count in rivals.items():
                if len(names[slot]) > count:
                    set_aside[slot] = round_number
                    del contended[slot]
        return cls(names, contended, set_aside)


def count_rivals(spans: Mapping[Slot, Hold], contended: Iterable[Slot]) -> dict[Slot, int]:
    """Per slot, how many other sessions have a contended slot whose hold meets its own."""
    slots = list(contended)
    if not slots:
        return {}
    sessions = {session: row for row, session in enumerate(dict.fromkeys(slot[:2] for slot in slots))}
    first, last = min(spans[slot][0] for slot in slots), max(spans[slot][1] for slot in slots)
    wanted = np.zeros((len(sessions), last - first + 1), dtype=np.int32)
    for slot in slots:
        start, end = spans[slot]
        wanted[sessions[slot[:2]], start - first + 1 : end - first + 1] = 1
    steps = wanted.cumsum(axis=1)
    return {
        slot: int(np.count_nonzero(steps[:, spans[slot][1] - first] - steps[:, spans[slot][0] - first])) - 1
        for slot in slots
    }


def weighed(terms: Iterable[Term]) -> cp_model.LinearExpr:
    pairs = list(terms)
    return cp_model.LinearExpr.weighted_sum([one for _, one in pairs], [factor for factor, _ in pairs])


def free_names(free: FreeTime, one: JointSeries, kind: str, at: int) -> tuple[str, ...]:
    use = one.places.uses[kind]
    return tuple(free.free_at(kind, use.skills, use.steps, at + use.first))


def hold(free: FreeTime, one: JointSeries, kind: str, name: str, at: int) -> Hold:
    return widest_hold(free, one, kind, at, free.resources[name].turnaround_minutes)


def widest_hold(free: FreeTime, one: JointSeries, kind: str, at: int, turnaround_minutes: int) -> Hold:
    use = one.places.uses[kind]
    start = at + use.first
    return start, start + use.steps + turnaround_minutes // free.horizon.grid_minutes


def overlap(one: Hold, other: Hold) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def crowds(spans: Sequence[Hold]) -> list[list[int]]:
    """The largest sets of spans, by number, that all share a step."""
    events = sorted(
        [(end, 0, n) for n, (_, end) in enumerate(spans)] + [(s, 1, n) for n, (s, _) in enumerate(spans)]
    )
    found, here, grown = [], dict[int, None](), False
    for _, begins, number in events:
        if begins:
            here[number] = None
        else:
            if grown and len(here) > 1:
                found.append(list(here))
            del here[number]
        grown = bool(begins)
    return found
