"""The CP-SAT model of several series at once: one place per session, no resource in two uses at a time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ortools.sat.python import cp_model

from planner.engine.grid import FreeTime
from planner.engine.places import Place, Places
from planner.engine.problem import DEVICE, PRACTITIONER, ROOM

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
class Series:
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


@dataclass(frozen=True, slots=True)
class _Serving:
    """A resource that may serve a session from `at`: all places there share it, whoever practises."""

    name: str
    literal: Literal


class Together:
    """All series in one model; every series may be left out unless `solve` asks for a number of them."""

    def __init__(self, free: FreeTime, series: Sequence[Series]) -> None:
        self.free = free
        self.series = series
        self.model = cp_model.CpModel()
        self.planned = [self.model.new_bool_var("") for _ in series]
        self.taken = [[self.model.new_bool_var("") for _ in one.choices] for one in series]
        self.costs = [self._series_cost(number) for number in range(len(series))]
        self.serving: dict[tuple[int, Place, str], list[_Serving]] = {}
        self._holds: dict[str, list[tuple[Hold, Literal]]] = defaultdict(list)
        self._hold_practitioners()
        for kind in (ROOM, DEVICE):
            self._choose_resources(kind)
        for holds in self._holds.values():
            self._never_twice(holds)

    def most(self, seconds: float, hint: Plans) -> Found:
        """Plans as many series as can be; the bound is on how many are left out."""
        self.model.minimize(len(self.series) - sum(self.planned))
        return self._solve(seconds, hint)

    def cheapest(self, at_least: int, seconds: float, hint: Plans) -> Found:
        """Plans at least so many series at the least total cost."""
        self.model.add(sum(self.planned) >= at_least)
        self.model.minimize(sum(self.costs))
        return self._solve(seconds, hint)
