"""The engine's rival and judge: a plain CP-SAT model of one request, written from the contract alone."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from tests.planner.engine.checker import (
    DAY,
    DEFAULT_WEIGHTS,
    WEEKDAYS,
    Json,
    day_of,
    length,
    minute_of,
    open_on,
    spans,
    time_distance,
    uses,
)

Free = NDArray[np.bool_]
NEVER = 1 << 50
ANY_TIME = {day: [["00:00", "24:00"]] for day in WEEKDAYS}


@dataclass(frozen=True, slots=True)
class State:
    """Per resource, the minutes from the first date on in which a use may lie: what is kept in memory."""

    first: int
    days: int
    free: dict[str, Free]


def state_of(problem: Json, first: int, days: int) -> State:
    return State(first, days, {one["id"]: free_minutes(one, first, days) for one in problem["resources"]})


def free_minutes(resource: Json, first: int, days: int) -> Free:
    free = np.zeros(days * DAY, dtype=bool)
    openings = [span for day in range(days) for span in open_on(resource.get("open", {}), first + day)]
    for start, end in openings + spans(resource.get("extra_open", [])):
        free[max(0, start - first * DAY) : max(0, end - first * DAY)] = True
    for start, end in spans(resource.get("busy", [])):
        before = start - resource.get("turnaround_minutes", 0)
        free[max(0, before - first * DAY) : max(0, end - first * DAY)] = False
    return free


def starts_of(free: Free, state: State, request: Json, grid: int, begins: int, ends: int) -> Free:
    """Per day and grid step, whether everything from `begins` to `ends` minutes after it is free."""
    first, days = day_of(request["earliest"]) - state.first, horizon_days(request)
    blocked = np.concatenate([[0], np.cumsum(~free)])
    at = np.arange(first * DAY, (first + days) * DAY, grid)
    inside = at + ends <= len(free)
    low, high = np.minimum(at + begins, len(free)), np.minimum(at + ends, len(free))
    return np.asarray((inside & (blocked[high] == blocked[low])).reshape(days, -1))


def horizon_days(request: Json) -> int:
    return day_of(request["latest"]) - day_of(request["earliest"]) + 1


def session_starts(problem: Json, request: Json, state: State) -> dict[str | None, Free]:
    """Per practitioner, the starts at which the patient, a room and a device are free too."""
    grid, whole = problem["grid_minutes"], length(request)
    patient = {"busy": request.get("patient", {}).get("busy", [])}
    patient["open"] = request.get("patient", {}).get("open", ANY_TIME)
    possible = starts_of(free_minutes(patient, state.first, state.days), state, request, grid, 0, whole)
    possible[:, np.arange(0, DAY, grid) + whole > DAY] = False
    able: dict[str, dict[str | None, Free]] = {}
    for kind, (begins, ends, skills) in uses(request).items():
        able[kind] = {
            one["id"]: starts_of(state.free[one["id"]], state, request, grid, begins, ends)
            for one in problem["resources"]
            if one["kind"] == kind and skills <= set(one.get("skills", []))
        }
    for kind in ("room", "device"):
        if kind in able:
            possible &= np.logical_or.reduce([*able[kind].values(), np.zeros_like(possible)])
    if "practitioner" not in able:
        return {None: possible}
    return {name: possible & starts for name, starts in able["practitioner"].items()}


Cell = tuple[int, str | None, int]
"""Day, practitioner, and the least that a start there costs by itself."""


def cells(problem: Json, request: Json, starts: dict[str | None, Free], index: int) -> list[Cell]:
    weights, grid = DEFAULT_WEIGHTS | request.get("weights", {}), problem["grid_minutes"]
    by_time = weights["time"] * np.array([time_distance(request, minute) for minute in range(0, DAY, grid)])
    first, found = day_of(request["earliest"]), []
    preferred = request.get("prefer", {}).get("practitioner")
    for name, free in starts.items():
        costs = np.where(free, by_time + weights["prefer"] * (preferred not in (None, name)), NEVER)
        for entry in request.get("current", []):
            if entry["index"] == index:
                costs += weights["move"]
                day = day_of(entry["date"]) - first
                if 0 <= day < len(costs) and entry.get("practitioner", name) == name:
                    costs[day, minute_of(entry["start"]) // grid] -= weights["move"]
        for pin in request.get("pins", []):
            if pin["index"] == index:
                costs = kept(pin, costs, name, first, grid)
        least = costs.min(axis=1)
        found += [(int(day), name, int(least[day])) for day in np.flatnonzero(least < NEVER)]
    return found


def kept(pin: Json, costs: NDArray[np.int64], name: str | None, first: int, grid: int) -> NDArray[np.int64]:
    there = np.full_like(costs, NEVER)
    day = day_of(pin["date"]) - first
    steps = slice(None) if "start" not in pin else minute_of(pin["start"]) // grid
    if pin.get("practitioner", name) == name:
        there[day, steps] = costs[day, steps]
    return there


class OutOfTimeError(Exception):
    """The rival found no proof in the time it was given."""


def solve(problem: Json, request: Json, state: State, *, seconds: float = 300.0) -> int | None:
    """The optimal cost; None when there is no plan. A session is one row of a table: day, practitioner, cost."""
    starts = session_starts(problem, request, state)
    tables = [cells(problem, request, starts, index) for index in range(1, request["sessions"] + 1)]
    if not all(tables):
        return None
    model = cp_model.CpModel()
    sessions = [session_of(model, table, sorted(starts, key=str)) for table in tables]
    terms: list[cp_model.LinearExprT] = [session.cost for session in sessions]
    terms += gap_terms(model, request, [session.day for session in sessions])
    terms += change_terms(
        model, request, sorted(starts, key=str), [session.practitioner for session in sessions]
    )
    model.minimize(cp_model.LinearExpr.sum(terms))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return None
    if status != cp_model.OPTIMAL:
        raise OutOfTimeError
    return round(solver.objective_value)


@dataclass(frozen=True, slots=True)
class Session:
    day: cp_model.IntVar
    practitioner: cp_model.IntVar
    cost: cp_model.IntVar


def session_of(model: cp_model.CpModel, table: list[Cell], names: list[str | None]) -> Session:
    number = {name: position for position, name in enumerate(names)}
    session = Session(
        model.new_int_var(0, max(day for day, _, _ in table), ""),
        model.new_int_var(0, len(names), ""),
        model.new_int_var(0, max(cost for _, _, cost in table), ""),
    )
    rows = [(day, number[name], cost) for day, name, cost in table]
    model.add_allowed_assignments([session.day, session.practitioner, session.cost], rows)
    return session


def gap_terms(
    model: cp_model.CpModel, request: Json, days: list[cp_model.IntVar]
) -> list[cp_model.LinearExprT]:
    weights, gap = DEFAULT_WEIGHTS | request.get("weights", {}), request["gap_days"]
    gaps: list[cp_model.LinearExprT] = [after - before for before, after in pairwise(days)]
    terms: list[cp_model.LinearExprT] = []
    if "previous" in request:
        gaps.append(days[0] + day_of(request["earliest"]) - day_of(request["previous"]["date"]))
    else:
        terms.append(weights["start"] * days[0])
    for apart in gaps:
        model.add_linear_constraint(apart, gap["min"], gap["max"])
        off = model.new_int_var(0, gap["max"], "")
        model.add_abs_equality(off, apart - gap["target"])
        terms.append(weights["gap"] * off)
    return terms


def change_terms(
    model: cp_model.CpModel, request: Json, names: list[str | None], who: list[cp_model.IntVar]
) -> list[cp_model.LinearExprT]:
    pairs: list[tuple[cp_model.LinearExprT, cp_model.IntVar]] = list(pairwise(who))
    previous = request.get("previous", {}).get("practitioner")
    if previous is not None:
        pairs.append((names.index(previous) if previous in names else len(names), who[0]))
    changes = []
    for before, after in pairs:
        changed = model.new_bool_var("")
        model.add(before == after).only_enforce_if(changed.negated())
        changes.append((DEFAULT_WEIGHTS | request.get("weights", {}))["change"] * changed)
    return changes
