"""What the engine's tests share: a small clinic to vary, tiny problems, the engine as JSON in and JSON out."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from planner.engine import plan
from planner.engine.reading import parse
from tests.planner.engine.brute import best_plan, rank
from tests.planner.engine.checker import Json
from tests.planner.engine.generator import tiny

WEEK = ("mon", "tue", "wed", "thu", "fri")


def examples(count: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """So many examples, the same in every run."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def tiny_problems(**sizes: Any) -> st.SearchStrategy[Json]:
    return st.integers(0, 1_000_000).map(lambda seed: tiny(Random(seed), **sizes))


def answer(problem: Json) -> Json:
    return plan(parse(json.dumps(problem))).to_json()


def small_clinic(**request: Any) -> Json:
    """Anna on weekday mornings, Ben on Tuesday and Thursday afternoons, one room, one laser; three sessions."""
    all_day = {day: [["08:00", "20:00"]] for day in WEEK}
    return {
        "version": 1,
        "timezone": "Europe/London",
        "grid_minutes": 15,
        "resources": [
            {"id": "anna", "kind": "practitioner", "open": {day: [["09:00", "13:00"]] for day in WEEK}},
            {
                "id": "ben",
                "kind": "practitioner",
                "open": {day: [["14:00", "18:00"]] for day in ("tue", "thu")},
            },
            {"id": "room", "kind": "room", "open": all_day},
            {"id": "laser", "kind": "device", "open": all_day},
        ],
        "requests": [{**series_of_three(), **request}],
    }


def series_of_three(name: str = "s1") -> Json:
    """From Monday 1 June 2026, four weeks apart; the practitioner comes half an hour into the session."""
    return {
        "id": name,
        "sessions": 3,
        "gap_days": {"min": 21, "target": 28, "max": 42},
        "earliest": "2026-06-01",
        "latest": "2026-12-31",
        "phases": [
            {"name": "numbing", "minutes": 30, "needs": ["room"]},
            {"name": "needling", "minutes": 30, "needs": ["practitioner", "room", "device"]},
        ],
    }


def resource(problem: Json, name: str) -> Json:
    found: Json = next(one for one in problem["resources"] if one["id"] == name)
    return found


def change(problem: Json, name: str, **values: Any) -> None:
    resource(problem, name).update(values)


def first_proposal(problem: Json) -> Json:
    found: Json = answer(problem)["results"][0]["proposals"][0]
    return found


def places(proposal: Json) -> list[tuple[str, str, str]]:
    """Date, start and practitioner of each session."""
    return [(s["date"], s["start"], s["resources"]["practitioner"]) for s in proposal["sessions"]]


def it_is_the_first_of_all_plans(problem: Json) -> None:
    """By cost and ties, against looking at every plan of its only request."""
    request, result = problem["requests"][0], answer(problem)["results"][0]
    best = best_plan(problem, request)

    assert result["status"] == ("infeasible" if best is None else "planned")
    if best is not None:
        assert rank(problem, request, result["proposals"][0]["sessions"]) == rank(problem, request, best)
