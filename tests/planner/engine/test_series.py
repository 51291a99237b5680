"""The search for one series: plans worked out by hand, then the contract's promises against brute force."""

import json
from datetime import date
from itertools import islice, pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.engine import ahead, prepare
from planner.engine.ahead import MAX_LOOKS, best_plans
from planner.engine.reading import parse
from planner.engine.series import Search
from tests.planner.engine.checker import Json, complaints
from tests.planner.engine.generator import SIZES, add_wishes, clinic, series, tiny
from tests.planner.engine.made import (
    answer,
    change,
    examples,
    first_proposal,
    it_is_the_first_of_all_plans,
    places,
    resource,
    small_clinic,
    tiny_problems,
)


def test_an_empty_diary_gives_every_session_on_its_target_day() -> None:
    proposal = first_proposal(small_clinic())

    assert proposal["cost"] == 0
    assert places(proposal) == [
        ("2026-06-01", "08:30", "anna"),
        ("2026-06-29", "08:30", "anna"),
        ("2026-07-27", "08:30", "anna"),
    ]


def test_a_day_later_to_begin_is_cheaper_than_a_gap_off_its_target() -> None:
    problem = small_clinic()
    change(problem, "anna", busy=[["2026-06-29T00:00", "2026-06-30T00:00"]])

    proposal = first_proposal(problem)

    assert proposal["breakdown"] == {"gap": 0, "start": 2, "change": 0, "prefer": 0, "time": 0, "move": 0}
    assert [date for date, _, _ in places(proposal)] == ["2026-06-02", "2026-06-30", "2026-07-28"]


def test_a_preferred_practitioner_is_worth_a_day_of_waiting() -> None:
    proposal = first_proposal(small_clinic(prefer={"practitioner": "ben"}))

    assert proposal["cost"] == 2
    assert places(proposal)[0] == ("2026-06-02", "13:30", "ben")


def test_quarters_of_an_hour_to_the_preferred_window_are_counted_for_each_session() -> None:
    proposal = first_proposal(small_clinic(prefer={"practitioner": "ben", "time": [["18:00", "19:00"]]}))

    assert proposal["breakdown"]["time"] == 3 * 4
    assert [start for _, start, _ in places(proposal)] == ["17:00"] * 3


def test_the_previous_session_counts_for_gap_and_practitioner_and_waiting_costs_nothing() -> None:
    proposal = first_proposal(small_clinic(previous={"date": "2026-05-07", "practitioner": "ben"}))

    assert proposal["cost"] == 0
    assert places(proposal)[0] == ("2026-06-04", "13:30", "ben")


def test_a_dragged_session_leaves_the_others_where_they_are_booked() -> None:
    booked = [
        {"index": number, "date": date, "start": "08:30", "practitioner": "anna"}
        for number, date in enumerate(["2026-06-01", "2026-06-29", "2026-07-27"], 1)
    ]

    proposal = first_proposal(small_clinic(current=booked, pins=[{"index": 2, "date": "2026-07-06"}]))

    assert proposal["breakdown"] == {"gap": 140, "start": 0, "change": 0, "prefer": 0, "time": 0, "move": 200}
    assert [date for date, _, _ in places(proposal)] == ["2026-06-01", "2026-07-06", "2026-07-27"]


def test_a_turnaround_keeps_clear_of_a_booking_off_the_grid() -> None:
    problem = small_clinic(sessions=1, latest="2026-06-01")
    change(
        problem,
        "room",
        turnaround_minutes=30,
        busy=[["2026-06-01T08:00", "2026-06-01T09:05"], ["2026-06-01T10:50", "2026-06-01T20:00"]],
    )

    assert places(first_proposal(problem)) == [("2026-06-01", "09:15", "anna")]


def test_a_turnaround_may_run_past_closing() -> None:
    problem = small_clinic(sessions=1, earliest="2026-06-02", latest="2026-06-02")
    change(problem, "anna", open={})
    change(problem, "room", turnaround_minutes=60, open={"tue": [["13:30", "14:30"]]})

    assert places(first_proposal(problem)) == [("2026-06-02", "13:30", "ben")]


def test_a_room_is_kept_between_two_phases_that_need_it() -> None:
    phases = [
        {"name": "cleansing", "minutes": 30, "needs": ["practitioner", "room"]},
        {"name": "waiting", "minutes": 30, "needs": []},
        {"name": "mask", "minutes": 30, "needs": ["room"]},
    ]
    problem = small_clinic(sessions=1, latest="2026-06-01", phases=phases)
    change(problem, "room", busy=[["2026-06-01T09:40", "2026-06-01T09:50"]])

    assert places(first_proposal(problem)) == [("2026-06-01", "10:00", "anna")]


def test_a_practitioner_is_free_for_others_while_numbing_takes_effect() -> None:
    problem = small_clinic(sessions=1, latest="2026-06-01")
    change(problem, "anna", busy=[["2026-06-01T09:00", "2026-06-01T12:30"]])

    assert places(first_proposal(problem)) == [("2026-06-01", "12:00", "anna")]


def test_ids_break_ties_as_text() -> None:
    problem = small_clinic(sessions=1)
    change(problem, "anna", id="p2")
    problem["resources"].append({**resource(problem, "p2"), "id": "p10"})

    assert places(first_proposal(problem)) == [("2026-06-01", "08:30", "p10")]


def test_no_session_covers_an_hour_that_the_clocks_skip() -> None:
    night = {"open": {"sun": [["00:00", "04:00"]]}}
    problem = small_clinic(
        sessions=1, earliest="2027-03-28", latest="2027-03-28", prefer={"time": [["00:15", "00:30"]]}
    )
    problem["resources"] = [one | night for one in problem["resources"]]

    assert places(first_proposal(problem)) == [("2027-03-28", "00:00", "anna")]


def test_two_sessions_on_one_day_share_the_room_one_after_the_other() -> None:
    problem = small_clinic(sessions=2, gap_days={"min": 0, "target": 0, "max": 0}, latest="2026-06-01")
    change(problem, "room", turnaround_minutes=15)

    assert [start for _, start, _ in places(first_proposal(problem))] == ["08:30", "09:45"]


def test_no_practitioners_means_no_plan_for_who_needs_one() -> None:
    problem = small_clinic()
    problem["resources"] = [one for one in problem["resources"] if one["kind"] != "practitioner"]

    assert answer(problem)["results"][0]["status"] == "infeasible"


@examples(100)
@given(tiny_problems())
def test_every_answer_keeps_the_contract(problem: Json) -> None:
    assert complaints(problem, answer(problem)) == []


@examples(60)
@given(tiny_problems())
def test_the_first_proposal_is_the_optimum_with_its_ties(problem: Json) -> None:
    it_is_the_first_of_all_plans(problem)


@examples(40)
@given(tiny_problems(), st.randoms(use_true_random=False))
def test_more_free_time_never_costs_more(problem: Json, random: Random) -> None:
    before = answer(problem)["results"][0]
    relieved = random.choice(problem["resources"])
    relieved |= {"busy": relieved.get("busy", [])[1:], "turnaround_minutes": 0}
    after = answer(problem)["results"][0]

    if before["status"] == "planned":
        assert after["proposals"][0]["cost"] <= before["proposals"][0]["cost"]


@examples(40)
@given(tiny_problems())
def test_a_first_proposal_needs_no_alternatives(problem: Json) -> None:
    alone, among = (answer({**problem, "alternatives": count})["results"][0] for count in (1, 5))

    assert alone.get("proposals", []) == among.get("proposals", [])[:1]
    assert all(one["cost"] <= other["cost"] for one, other in pairwise(among.get("proposals", [])))


@examples(20)
@given(tiny_problems())
def test_the_order_of_resources_changes_nothing(problem: Json) -> None:
    assert answer({**problem, "resources": problem["resources"][::-1]}) == answer(problem)


@examples(20)
@given(st.integers(0, 10_000))
def test_each_request_is_planned_as_if_it_were_the_only_one(seed: int) -> None:
    problem = tiny(Random(seed), requests=3)
    together = answer(problem)["results"]
    alone = [answer({**problem, "requests": [one]})["results"][0] for one in problem["requests"]]

    assert [one.get("proposals") for one in together] == [one.get("proposals") for one in alone]
    assert [one.get("relaxations") for one in together] == [one.get("relaxations") for one in alone]


@examples(60)
@given(st.integers(0, 10_000))
def test_looking_a_short_way_ahead_first_finds_what_looking_all_the_way_finds(seed: int) -> None:
    random = Random(seed)
    problem = clinic(SIZES["S"], seed=seed, full=random.choice([0.3, 0.6, 0.8]), days=240)
    request = series("s", random, sessions=random.randint(1, 4), days=240)
    add_wishes(random, request, problem["resources"], date(2026, 1, 5), 200)
    asked = parse(json.dumps({**problem, "requests": [request]}))
    free, (wanted,) = prepare(asked)[0], asked.requests
    all_the_way = tuple(islice(Search(free, wanted).proposals(MAX_LOOKS), 3))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ahead, "MANY", 0)
        assert best_plans(free, wanted, 3) == all_the_way
