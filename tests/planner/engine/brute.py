"""Brute force over tiny problems, with the contract's tie-breaks: every plan is looked at, JSON in, JSON-like out."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise, product
from typing import Any

from tests.planner.engine.checker import (
    DAY,
    Json,
    Span,
    breakdown,
    covered,
    day_of,
    gap_complaints,
    holdings,
    keeps_pin,
    length,
    open_on,
    overlaps,
    own_collisions,
    patient_is_free,
    serves,
    skips,
    spans,
    uses,
)

Rank = tuple[int, *tuple[tuple[Any, ...], ...]]


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def free_resources(problem: Json, request: Json, start: int) -> dict[str, list[str]]:
    """Per kind, the ids that can serve a session starting then, smallest first."""
    return {
        kind: sorted(
            resource["id"]
            for resource in problem["resources"]
            if resource["kind"] == kind
            and skills <= set(resource.get("skills", []))
            and serves(resource, (start + begins, start + ends))
        )
        for kind, (begins, ends, skills) in uses(request).items()
    }


def starts(problem: Json, request: Json) -> Iterator[int]:
    for day in range(day_of(request["earliest"]), day_of(request["latest"]) + 1):
        for minute in range(0, DAY - length(request) + 1, problem["grid_minutes"]):
            whole = day * DAY + minute, day * DAY + minute + length(request)
            if patient_is_free(request, whole) and not skips(problem["timezone"], whole):
                yield day * DAY + minute


def options(problem: Json, request: Json, *, every_resource: bool) -> list[Json]:
    """Every place for one session; of rooms and devices only the smallest free ones unless all are asked for."""
    found = []
    for start in starts(problem, request):
        free = free_resources(problem, request, start)
        chosen = {
            kind: ids if every_resource or kind == "practitioner" else ids[:1] for kind, ids in free.items()
        }
        found += [
            placed(request, start, dict(zip(chosen, combination, strict=True)))
            for combination in product(*chosen.values())
        ]
    return found


def placed(request: Json, start: int, resources: dict[str, str]) -> Json:
    return {
        "date": date.fromordinal(start // DAY).isoformat(),
        "start": clock(start % DAY),
        "end": clock(start % DAY + length(request)),
        "resources": resources,
    }


def plans(problem: Json, request: Json, *, every_resource: bool = False) -> Iterator[list[Json]]:
    """Every feasible plan of the series. Two sessions on one day may have to share out the rooms between them."""
    every_resource = every_resource or request["gap_days"]["min"] == 0
    places = options(problem, request, every_resource=every_resource)
    yield from extended(problem, request, places, [])


def extended(problem: Json, request: Json, places: list[Json], so_far: list[Json]) -> Iterator[list[Json]]:
    if len(so_far) == request["sessions"]:
        yield so_far
        return
    index = len(so_far) + 1
    pins = [pin for pin in request.get("pins", []) if pin["index"] == index]
    for place in places:
        session = {"index": index, **place}
        longer = [*so_far, session]
        if (
            all(keeps_pin(pin, session) for pin in pins)
            and not any(gap_complaints(request, longer))
            and not any(own_collisions(problem, request, longer))
        ):
            yield from extended(problem, request, places, longer)


def free_of_day(resource: Json, day: int) -> list[Span]:
    """Free stretches of a date, in order: open and not busy, touching pieces joined."""
    openings = open_on(resource.get("open", {}), day) + spans(resource.get("extra_open", []))
    busy = spans(resource.get("busy", []))
    midnight, marks = (
        day * DAY,
        {day * DAY, day * DAY + DAY, *(mark for span in openings + busy for mark in span)},
    )
    found: list[Span] = []
    for piece in pairwise(sorted(mark for mark in marks if midnight <= mark <= midnight + DAY)):
        if covered(piece, openings) and not any(overlaps(piece, other) for other in busy):
            touches = found and found[-1][1] == piece[0]
            found = [*found[:-1], (found[-1][0], piece[1])] if touches else [*found, piece]
    return found


def waste(problem: Json, request: Json, sessions: list[Json], index: int) -> int:
    """What is left over directly before and after the uses of one session, where usual visits fill the stretches."""
    total, mine = 0, sessions[index]
    by_id = {resource["id"]: resource for resource in problem["resources"]}
    for name, (begins, ends) in holdings(problem, request, mine).items():
        usual = problem.get("usual_minutes", {}).get(by_id[name]["kind"])
        if usual is None:
            continue
        beside = [s for i, s in enumerate(sessions) if i != index and s["date"] == mine["date"]]
        others = [holdings(problem, request, each).get(name) for each in beside]
        busy = [[stamp(span[0]), stamp(span[1])] for span in others if span]
        resource = {**by_id[name], "busy": [*by_id[name].get("busy", []), *busy]}
        for first, last in free_of_day(resource, day_of(mine["date"])):
            if first <= begins < last:
                total += (begins - first) % usual
            if first <= ends < last:
                total += (last - ends) % usual
    return total


def stamp(minute: int) -> str:
    return f"{date.fromordinal(minute // DAY).isoformat()}T{clock(minute % DAY)}"


def rank(problem: Json, request: Json, sessions: list[Json]) -> Rank:
    """Cost, then the contract's order of ties."""
    serving = [session["resources"] for session in sessions]
    return (
        sum(breakdown(request, sessions).values()),
        tuple(session["date"] for session in sessions),
        tuple(waste(problem, request, sessions, index) for index in range(len(sessions))),
        tuple(session["start"] for session in sessions),
        tuple(resources.get("practitioner", "") for resources in serving),
        tuple(resources.get("room", "") for resources in serving),
        tuple(resources.get("device", "") for resources in serving),
    )


def best_plan(problem: Json, request: Json) -> list[Json] | None:
    found = plans(problem, request, every_resource="usual_minutes" in problem)
    return min(found, key=lambda sessions: rank(problem, request, sessions), default=None)


def best_cost(problem: Json, request: Json) -> int | None:
    best = best_plan(problem, request)
    return None if best is None else sum(breakdown(request, best).values())


Column = tuple[int, dict[str, list[Span]]]
"""What one plan costs, and what it holds of each resource."""


def columns(problem: Json, request: Json) -> list[Column]:
    found = []
    for sessions in plans(problem, request, every_resource=True):
        holding: dict[str, list[Span]] = {}
        for session in sessions:
            for resource, span in holdings(problem, request, session).items():
                holding.setdefault(resource, []).append(span)
        found.append((sum(breakdown(request, sessions).values()), holding))
    return sorted(found, key=lambda column: column[0])


def fits(holding: dict[str, list[Span]], taken: list[dict[str, list[Span]]]) -> bool:
    return not any(
        overlaps(span, other)
        for theirs in taken
        for resource, held in holding.items()
        for span in held
        for other in theirs.get(resource, [])
    )


def best_together(problem: Json) -> tuple[int, int]:
    """How many requests can be planned together, and the least total cost of so many."""
    choices = [columns(problem, request) for request in problem["requests"]]
    best = (len(choices) + 1, 0)

    def search(number: int, left_out: int, cost: int, taken: list[dict[str, list[Span]]]) -> None:
        nonlocal best
        if (left_out, cost) >= best:
            return
        if number == len(choices):
            best = (left_out, cost)
            return
        for price, holding in choices[number]:
            if (left_out, cost + price) >= best:
                break
            if fits(holding, taken):
                search(number + 1, left_out, cost + price, [*taken, holding])
        search(number + 1, left_out + 1, cost, taken)

    search(0, 0, 0, [])
    return len(choices) - best[0], best[1]
