"""What is said when a series does not fit: reasons that name a session, and changes that really help."""

from typing import Any

from hypothesis import assume, given

from tests.planner.engine.brute import best_cost
from tests.planner.engine.checker import Json, day_of, relaxed
from tests.planner.engine.made import answer, change, examples, small_clinic, tiny_problems

TOO_LONG_FOR_BRUTE_FORCE = 14


def verdict(problem: Json) -> Json:
    found: Json = answer(problem)["results"][0]
    return found


def offered(problem: Json) -> dict[tuple[str, Any], int]:
    """Every change on offer as (path, value) to its cost."""
    return {next(iter(one["set"].items())): one["cost"] for one in verdict(problem)["relaxations"]}


FOUR_WEEKS_EXACTLY = {"min": 28, "target": 28, "max": 28}


def test_a_longer_gap_is_offered_at_the_least_that_works() -> None:
    problem = small_clinic(sessions=2, gap_days=FOUR_WEEKS_EXACTLY, latest="2026-07-31")
    change(problem, "room", busy=[["2026-06-02T00:00", "2026-07-06T00:00"]])

    assert offered(problem)["gap_days.max", 35] == 70


def test_a_later_last_date_is_offered_at_the_earliest_that_works() -> None:
    assert (
        offered(small_clinic(gap_days=FOUR_WEEKS_EXACTLY, latest="2026-07-20"))["latest", "2026-07-27"] == 0
    )


def test_lifting_the_patients_hours_is_offered() -> None:
    problem = small_clinic(patient={"open": {"mon": [["18:00", "20:00"]]}})

    assert offered(problem)["patient.open", None] == 0


def test_the_most_sessions_that_fit_are_offered() -> None:
    assert offered(small_clinic(gap_days=FOUR_WEEKS_EXACTLY, latest="2026-06-30"))["sessions", 2] == 0


def test_nothing_is_offered_where_nothing_helps() -> None:
    problem = small_clinic()
    change(problem, "laser", open={})

    assert verdict(problem)["relaxations"] == []


def test_a_reason_names_the_session_that_cannot_be_placed() -> None:
    problem = small_clinic(gap_days=FOUR_WEEKS_EXACTLY)
    change(problem, "room", busy=[["2026-07-27T00:00", "2026-12-31T20:00"]])

    assert {reason["session"] for reason in verdict(problem)["reasons"]} == {3}


@examples(40)
@given(tiny_problems())
def test_each_change_alone_makes_it_fit_at_exactly_the_stated_cost(problem: Json) -> None:
    result, request = verdict(problem), problem["requests"][0]
    assume(result["status"] == "infeasible")

    for change_ in result["relaxations"]:
        eased = relaxed(request, change_["set"])
        if day_of(eased["latest"]) - day_of(eased["earliest"]) <= TOO_LONG_FOR_BRUTE_FORCE:
            assert best_cost({**problem, "requests": [eased]}, eased) == change_["cost"]
        assert (
            answer({**problem, "requests": [eased]})["results"][0]["proposals"][0]["cost"] == change_["cost"]
        )
