"""The joint case: two practitioners of a full clinic fall ill, and 60 sessions of their 40 series need new places."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from planner.engine import free_time
from planner.engine.answer import Placement, clock
from planner.engine.joint import best_plan, without
from planner.engine.reading import parse
from tests.planner.engine.checker import Json
from tests.planner.engine.generator import SIZES, clinic, series, stamp

FIRST = date(2026, 1, 5)
DAYS = 240
ILL_FROM = FIRST + timedelta(35)


def displaced(
    *, sessions: int = 60, of_series: int = 40, full: float = 0.7, seed: int = 1, grid: int = 15
) -> Json:
    """A joint problem: every series' current places are known and not in `busy`; the two are away long enough."""
    random = Random(seed)
    problem = clinic(SIZES["M"], seed=seed, full=full, grid=grid, days=DAYS)
    ill = [one for one in problem["resources"] if one["id"][0] == "p" and one["skills"]][:2]
    problem["requests"] = [wish(number, random, ill[number % 2]["id"]) for number in range(of_series)]
    booked = list(bookings(problem))
    lost = sorted(place.date for plan in booked for place in plan if is_lost(place, ill))
    back = lost[min(sessions, len(lost)) - 1] + timedelta(1)
    for practitioner in ill:
        practitioner["busy"].append([stamp(ILL_FROM, 0), stamp(back, 0)])
    for request, plan in zip(problem["requests"], booked, strict=True):
        request["current"] = [current(place) for place in plan]
    return {**problem, "mode": "joint"}


def wish(number: int, random: Random, practitioner: str) -> Json:
    request = series(f"s{number:02d}", random, sessions=4, first=FIRST, days=DAYS)
    request["earliest"] = (FIRST + timedelta(random.randrange(28))).isoformat()
    return {**request, "prefer": {**request.get("prefer", {}), "practitioner": practitioner}}


def bookings(problem: Json) -> Iterator[tuple[Placement, ...]]:
    """Each series where it was best when it was booked, around those booked before it."""
    asked = parse(json.dumps(problem))
    free = free_time(asked, FIRST, FIRST + timedelta(DAYS - 1))
    for request in asked.requests:
        plan = best_plan(free, request)
        assert plan, "the clinic is too full to book this series in the first place"
        free = without(free, request, plan)
        yield plan.sessions


def is_lost(place: Placement, ill: list[Json]) -> bool:
    return place.date >= ILL_FROM and place.practitioner in {practitioner["id"] for practitioner in ill}


def current(place: Placement) -> Json:
    return {
        "index": place.index,
        "date": place.date.isoformat(),
        "start": clock(place.start_minute),
        "practitioner": place.practitioner,
    }
