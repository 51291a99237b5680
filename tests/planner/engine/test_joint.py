"""Series planned together: no collisions, as many as can be, then the least cost, proved."""

from hypothesis import given

from tests.planner.engine.brute import best_together
from tests.planner.engine.checker import Json, complaints
from tests.planner.engine.made import (
    answer,
    change,
    examples,
    places,
    series_of_three,
    small_clinic,
    tiny_problems,
)


def together(*requests: Json) -> Json:
    """Several series in the small clinic, whose single room gives way for one session at a time."""
    return {
        **small_clinic(),
        "mode": "joint",
        "requests": [series_of_three(f"s{number}") | one for number, one in enumerate(requests, 1)],
    }


def test_two_series_take_the_room_one_after_the_other() -> None:
    answered = answer(together({}, {}))

    assert answered["total"] == {"cost": 0, "bound": 0, "optimal": True}
    starts = [places(result["proposals"][0])[0][1] for result in answered["results"]]
    assert sorted(starts) == ["08:30", "09:30"]


def test_the_series_that_loses_less_gives_way() -> None:
    """Both want Monday's only hour; a day later costs the first 2 and the second 20."""
    problem = together({"sessions": 1}, {"sessions": 1, "weights": {"start": 20}})
    change(problem, "anna", open={"mon": [["09:00", "09:30"]], "tue": [["09:00", "09:30"]]})

    answered = answer(problem)

    assert answered["total"] == {"cost": 2, "bound": 2, "optimal": True}
    assert [places(result["proposals"][0])[0][0] for result in answered["results"]] == [
        "2026-06-02",
        "2026-06-01",
    ]


def test_more_series_come_before_a_lower_cost() -> None:
    """The first could have Monday for nothing, but the second can come on no other day."""
    only_monday = {"sessions": 1, "latest": "2026-06-01"}
    problem = together({"sessions": 1, "weights": {"start": 500}}, only_monday)
    change(problem, "anna", open={"mon": [["09:00", "09:30"]], "wed": [["09:00", "09:30"]]})
    change(problem, "ben", open={})

    assert answer(problem)["total"] == {"cost": 1000, "bound": 1000, "optimal": True}


def test_who_does_not_fit_is_named_with_what_would_help() -> None:
    problem = together(*[{"sessions": 1, "latest": "2026-06-01"}] * 2)
    change(problem, "anna", open={day: [["09:00", "09:30"]] for day in ("mon", "tue")})

    answered = answer(problem)

    left_out = [result for result in answered["results"] if result["status"] == "infeasible"]
    assert len(left_out) == 1
    assert answered["total"] == {"cost": 0, "bound": 0, "optimal": True}
    assert {"latest": "2026-06-02"} in [change["set"] for change in left_out[0]["relaxations"]]


def test_what_is_booked_stays_when_nothing_is_in_its_way() -> None:
    booked = [
        {"index": number, "date": date, "start": "10:00", "practitioner": "anna"}
        for number, date in enumerate(["2026-06-01", "2026-06-29", "2026-07-27"], 1)
    ]

    answered = answer(
        together({"current": booked}, {"current": [one | {"start": "09:00"} for one in booked]})
    )

    assert answered["total"] == {"cost": 0, "bound": 0, "optimal": True}


def test_no_requests_cost_nothing() -> None:
    assert answer(together())["total"] == {"cost": 0, "bound": 0, "optimal": True}


@examples(40)
@given(tiny_problems(requests=2, days=6, joint=True))
def test_a_joint_answer_keeps_the_contract_and_never_collides(problem: Json) -> None:
    assert complaints(problem, answer(problem)) == []


@examples(40)
@given(tiny_problems(requests=3, days=3, joint=True))
def test_as_many_as_can_be_at_the_least_cost_and_proved(problem: Json) -> None:
    answered = answer(problem)
    planned = [result for result in answered["results"] if result["status"] == "planned"]

    assert (len(planned), answered["total"]["cost"]) == best_together(problem)
    assert answered["total"]["optimal"]
    assert answered["total"]["bound"] == answered["total"]["cost"]


@examples(15)
@given(tiny_problems(requests=3, days=5, joint=True))
def test_the_same_problem_gets_the_same_answer(problem: Json) -> None:
    assert answer(problem) == answer(problem)
