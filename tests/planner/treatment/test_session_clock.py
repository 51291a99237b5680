"""Where a patient who is here stands."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from planner.treatment.session_clock import Span, Whereabouts, spans, step_now, treatment_of

NINE = datetime(2027, 1, 12, 9, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return NINE + timedelta(minutes=minutes)


@dataclass(frozen=True)
class Phase:
    kind: str
    minutes: int
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Stay:
    state: str = "arrived"
    arrived_at: datetime | None = NINE
    treatment_began_at: datetime | None = None


PHASES = (
    Phase("numbing", 45, ("room",)),
    Phase("needling", 45, ("practitioner", "room", "device")),
    Phase("recovery", 15, ("room",)),
)
PLANNED = spans(NINE, PHASES)


def test_phases_stand_back_to_back() -> None:
    assert list(PLANNED) == [
        Span("numbing", at(0), at(45), False),
        Span("needling", at(45), at(90), True),
        Span("recovery", at(90), at(105), False),
    ]


def test_the_treatment_is_the_first_phase_with_the_practitioner() -> None:
    assert treatment_of(PLANNED) == PLANNED[1]


def test_a_session_that_needs_no_practitioner_is_treated_from_its_start() -> None:
    alone = spans(NINE, PHASES[:1])
    assert treatment_of(alone) == alone[0]


@pytest.mark.parametrize(
    ("stay", "minute", "expected"),
    [
        (Stay(arrived_at=at(-20)), -10, ("waiting", at(-20), at(0))),
        (Stay(), 0, ("numbing", at(0), at(45))),
        (Stay(arrived_at=at(10)), 20, ("numbing", at(10), at(55))),
        (Stay(), 45, ("ready", at(45), at(45))),
        (Stay("in_treatment", treatment_began_at=at(50)), 60, ("needling", at(50), at(95))),
        (Stay("in_treatment", treatment_began_at=at(50)), 95, ("recovery", at(95), at(110))),
        (Stay("in_treatment", treatment_began_at=at(50)), 120, ("over", at(110), at(120))),
    ],
)
def test_the_step_of_a_patient_who_is_here(stay: Any, minute: Any, expected: Any) -> None:
    kind, since, until = expected
    assert step_now(stay, PLANNED, at(minute)) == Whereabouts(kind, since, until, at(minute))


def test_without_numbing_a_patient_is_ready_on_arrival() -> None:
    assert step_now(Stay(), spans(NINE, PHASES[1:]), at(5)).kind == "ready"


def test_minutes_gone_and_left_are_whole_and_bounded() -> None:
    step = Whereabouts("numbing", at(0), at(45), at(10) + timedelta(seconds=30))
    assert (step.minutes, step.minutes_gone, step.minutes_left) == (45, 10, 35)
    assert Whereabouts("over", at(0), at(45), at(50)).minutes_left == 0
