"""Fit: of plans that cost the same on the same days, the one that leaves the least scraps. Worked out by hand first."""

import json
from copy import deepcopy
from itertools import pairwise
from typing import Any

from hypothesis import given

from planner.engine import neighbours, prepare
from planner.engine.answer import clock
from planner.engine.fit import Fit
from planner.engine.reading import parse
from planner.engine.starts import Starts
from tests.planner.engine.brute import stamp
from tests.planner.engine.checker import Json, complaints, holdings
from tests.planner.engine.made import (
    answer,
    examples,
    first_proposal,
    it_is_the_first_of_all_plans,
    resource,
    tiny_problems,
)

WEDNESDAY = "2026-03-04"


def one_day(*resources: Json, usual: Json, **request: Any) -> Json:
    """One visit of an hour on a Wednesday that needs a practitioner and a room."""
    series = {
        "id": "s1",
        "sessions": 1,
        "gap_days": {"min": 0, "target": 0, "max": 0},
        "earliest": WEDNESDAY,
        "latest": WEDNESDAY,
        "phases": [{"name": "needling", "minutes": 60, "needs": ["practitioner", "room"]}],
    }
    return {
        "version": 1,
        "timezone": "Europe/London",
        "grid_minutes": 15,
        "alternatives": 1,
        "usual_minutes": usual,
        "resources": list(resources),
        "requests": [series | request],
    }


def opened(name: str, *hours: tuple[str, str], **more: Any) -> Json:
    kind = "practitioner" if name.startswith("p") else "room"
    return {"id": name, "kind": kind, "open": {"wed": [list(span) for span in hours]}, **more}


def placed(problem: Json) -> list[tuple[str, str, str]]:
    """Start, practitioner and room of each session."""
    sessions = first_proposal(problem)["sessions"]
    return [(s["start"], s["resources"]["practitioner"], s["resources"]["room"]) for s in sessions]


ANN = opened("p1", ("08:00", "18:00"))


def test_the_start_that_fills_a_stretch_comes_before_the_earliest() -> None:
    hours = ("09:00", "10:45"), ("11:00", "12:00")
    problem = one_day(ANN, opened("r1", *hours), usual={"room": 60})
    assert placed(problem) == [("11:00", "p1", "r1")]
    del problem["usual_minutes"]
    assert placed(problem) == [("09:00", "p1", "r1")]


def test_the_room_that_fills_comes_before_the_smallest() -> None:
    rooms = opened("r1", ("09:00", "10:45")), opened("r2", ("09:00", "10:00"))
    assert placed(one_day(ANN, *rooms, usual={"room": 60})) == [("09:00", "p1", "r2")]
    assert placed(one_day(ANN, *rooms, usual={"practitioner": 60})) == [("09:00", "p1", "r1")]


def test_the_practitioner_who_fills_comes_before_the_smallest() -> None:
    people = opened("p1", ("09:00", "10:45")), opened("p2", ("09:00", "11:00"))
    problem = one_day(*people, opened("r1", ("09:00", "11:00")), usual={"practitioner": 60})
    assert placed(problem) == [("09:00", "p2", "r1")]


def test_among_equal_wastes_the_earliest_start_comes_first() -> None:
    assert placed(one_day(ANN, opened("r1", ("09:00", "12:00")), usual={"room": 60})) == [
        ("09:00", "p1", "r1")
    ]


def test_a_stretch_is_counted_in_minutes_off_the_grid_too() -> None:
    """Ready at 09:10, closed at 11:20."""
    room = opened("r1", ("09:00", "11:20"), busy=[[f"{WEDNESDAY}T09:00", f"{WEDNESDAY}T09:10"]])
    asked = parse(json.dumps(one_day(ANN, room, usual={"room": 60})))
    fit = Fit(Starts(prepare(asked)[0], asked.requests[0]))
    wastes = {clock(15 * step): fit.waste("room", "r1", 0, step) for step in (37, 40, 41)}
    assert wastes == {"09:15": 5 + 5, "10:00": 50 + 20, "10:15": 5 + 5}


def test_the_turnaround_belongs_to_the_use_and_may_run_past_closing() -> None:
    """With half an hour of turnaround the visit at 10:00 fills until closing; the one at 09:00 leaves half an hour."""
    room = opened("r1", ("09:00", "11:00"), turnaround_minutes=30)
    assert placed(one_day(ANN, room, usual={"room": 60})) == [("10:00", "p1", "r1")]
    room["turnaround_minutes"] = 0
    assert placed(one_day(ANN, room, usual={"room": 60})) == [("09:00", "p1", "r1")]


def test_a_preference_is_never_given_up_for_fit() -> None:
    room = opened("r1", ("09:00", "10:45"), ("11:00", "12:00"))
    wanted = one_day(ANN, room, usual={"room": 60}, prefer={"time": [["09:00", "09:30"]]})
    assert placed(wanted) == [("09:00", "p1", "r1")], "both 09:00 and 09:30 cost nothing, 11:00 costs six"


def test_sessions_of_one_date_are_busy_for_each_other() -> None:
    """Each alone would leave nothing, the first at 09:00 and the second at 10:30; together both would leave 30."""
    problem = one_day(ANN, opened("r1", ("09:00", "11:30")), usual={"room": 90}, sessions=2)
    assert [start for start, _, _ in placed(problem)] == ["09:00", "10:00"]


def test_midnight_ends_a_stretch() -> None:
    """Until half past midnight the first room would be filled; until midnight it leaves more than the second."""
    night = opened("p1", ("00:00", "24:00"))
    long = opened("r1", ("22:30", "24:00"), extra_open=[["2026-03-05T00:00", "2026-03-05T00:30"]])
    short = opened("r2", ("22:30", "23:45"))
    assert placed(one_day(night, long, short, usual={"room": 60})) == [("22:30", "p1", "r2")]


def test_many_looks_at_one_date_end_with_a_plan_all_the_same() -> None:
    rooms = [opened(f"r{n}", ("09:00", "19:00")) for n in range(5)]
    problem = one_day(ANN, *rooms, usual={"room": 60, "practitioner": 45}, sessions=6)
    assert complaints(problem, answer(problem)) == []
    assert len(placed(problem)) == 6
    assert neighbours.MOST <= 20_000


@examples(150)
@given(tiny_problems())
def test_ties_are_settled_as_looking_at_every_plan_settles_them(problem: Json) -> None:
    problem.setdefault("usual_minutes", {"room": 4 * problem["grid_minutes"]})
    it_is_the_first_of_all_plans(problem)


@examples(60)
@given(tiny_problems())
def test_it_never_changes_what_a_plan_costs_nor_its_dates(problem: Json) -> None:
    short = dict.fromkeys(("practitioner", "room", "device"), 3 * problem["grid_minutes"])
    without = answer({key: value for key, value in problem.items() if key != "usual_minutes"})
    within = answer({**problem, "usual_minutes": short})
    for one, other in zip(without["results"], within["results"], strict=True):
        assert one["status"] == other["status"]
        for before, after in zip(one.get("proposals", [])[:1], other.get("proposals", []), strict=False):
            assert before["cost"] == after["cost"]
            assert [s["date"] for s in before["sessions"]] == [s["date"] for s in after["sessions"]]
        costs = [proposal["cost"] for proposal in other.get("proposals", [])]
        assert all(earlier <= later for earlier, later in pairwise(costs))


@examples(40)
@given(tiny_problems(requests=3, days=5, joint=True))
def test_planned_together_the_last_takes_the_best_of_what_the_others_leave(problem: Json) -> None:
    problem["usual_minutes"] = {"room": 4 * problem["grid_minutes"]}
    answered = answer(problem)
    assert complaints(problem, answered) == []
    planned = {r["request"]: r["proposals"][0] for r in answered["results"] if r["status"] == "planned"}
    requests = {request["id"]: request for request in problem["requests"]}
    if planned:
        *others, last = planned
        alone = deepcopy(problem) | {"mode": "independent", "requests": [requests[last]], "alternatives": 1}
        for name in others:
            for session in planned[name]["sessions"]:
                for held, span in holdings(problem, requests[name], session).items():
                    resource(alone, held).setdefault("busy", []).append([stamp(minute) for minute in span])
        assert first_proposal(alone) == planned[last]
