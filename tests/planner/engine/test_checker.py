"""The checker catches every wrong answer we can think of: a proof by a blind checker would be none."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.planner.engine.checker import Json, complaints
from tests.planner.engine.made import answer, change, small_clinic


def session(answered: Json, number: int = 0) -> Json:
    found: Json = answered["results"][0]["proposals"][0]["sessions"][number]
    return found


def proposal(answered: Json) -> Json:
    found: Json = answered["results"][0]["proposals"][0]
    return found


WRONGS: dict[str, Callable[[Json], Any]] = {
    "not on the grid": lambda a: session(a).update(start="08:35", end="09:35"),
    "not start plus phases": lambda a: session(a).update(end="09:45"),
    "outside earliest..latest": lambda a: session(a).update(date="2026-05-29"),
    "closed or busy": lambda a: session(a).update(start="07:00", end="08:00"),
    "no room called": lambda a: session(a)["resources"].update(room="anna"),
    "needs": lambda a: session(a)["resources"].pop("device"),
    "a gap of": lambda a: session(a, 1).update(date="2026-06-15"),
    "formulas give": lambda a: proposal(a).update(cost=1),
    "not 1..3": lambda a: proposal(a)["sessions"].pop(),
    "same choice": lambda a: a["results"][0]["proposals"].append(proposal(a)),
    "costs less": lambda a: a["results"][0]["proposals"].reverse(),
    "neither planned": lambda a: a["results"][0].update(status="unknown", reasons=[], relaxations=[]),
    "not one per request": lambda a: a["results"].clear(),
}


@pytest.mark.parametrize("complaint", WRONGS)
def test_a_wrong_answer_is_complained_about(complaint: str) -> None:
    problem = small_clinic()
    answered = answer(problem)
    assert complaints(problem, answered) == []

    WRONGS[complaint](answered)

    assert complaint in " ".join(complaints(problem, answered))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("anna", {"busy": [["2026-06-29T09:20", "2026-06-29T09:25"]]}),
        ("room", {"busy": [["2026-06-29T09:40", "2026-06-29T10:00"]], "turnaround_minutes": 15}),
        ("laser", {"open": {"mon": [["09:15", "20:00"]]}}),
    ],
)
def test_a_plan_that_the_diary_no_longer_allows_is_complained_about(name: str, values: Json) -> None:
    problem = small_clinic()
    answered = answer(problem)

    change(problem, name, **values)

    assert any(f"{name} is closed or busy" in one for one in complaints(problem, answered))


def test_two_series_in_one_room_at_once_are_complained_about() -> None:
    problem = small_clinic() | {"mode": "joint"}
    answered = answer(problem)
    problem["requests"].append({**problem["requests"][0], "id": "s2"})
    answered["results"].append({**answered["results"][0], "request": "s2"})

    assert any("collide on room" in one for one in complaints(problem, answered))


def test_a_bound_above_the_cost_is_complained_about() -> None:
    problem = small_clinic() | {"mode": "joint"}
    answered = answer(problem)
    answered["total"]["bound"] = answered["total"]["cost"] + 1

    assert any("bound" in one for one in complaints(problem, answered))
