"""The series as a line in time, and what must stand in the record first."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clinic.errors import say
from patients.models import Consent, Patient, Screening, ScreeningAnswer, ScreeningQuestion
from planner.models import Session
from planner.schedule.refusals import TooSoon, every_reason
from tests.makers import (
    NOW,
    make_area,
)
from tests.planner.desk import Desk, open_desk, refused, session_of

pytestmark = pytest.mark.django_db
LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def desk() -> Desk:
    return open_desk()


# The series in time


# Seen elsewhere: a visit too early or too late after the last is let through.
def test_a_session_too_soon_for_the_skin_is_refused(desk: Desk) -> None:
    visits = desk.visits(2, gap=27)
    series = desk.series(sessions_planned=2)
    with refused("too_soon") as facts:
        desk.book(series, visits)
    assert facts == [
        {
            "number": 2,
            "at": visits[1].starts_at,
            "after": 1,
            "days": 27,
            "needed": 28,
            "first_day": date(2027, 2, 16),
        }
    ]


@pytest.mark.parametrize("gap", [28, 56])
def test_the_shortest_and_the_longest_gap_are_allowed(desk: Desk, gap: int) -> None:
    series = desk.series(sessions_planned=2)
    assert desk.book(series, desk.visits(2, gap=gap)).state == "active"


def test_a_refusal_is_one_sentence_with_the_next_step(desk: Desk) -> None:
    with pytest.raises(TooSoon) as caught:
        desk.book(desk.series(sessions_planned=2), desk.visits(2, gap=27))
    assert say(caught.value, LONDON) == (
        "Mon 15 Feb 2027, 10:00 is 27 days after session 1; for session 2 the skin needs 28. "
        "Nothing was changed. The first possible day is Tue 16 Feb 2027."
    )
    assert every_reason(caught.value) == (caught.value,)


def test_nobody_goes_under_the_protocols_floor(desk: Desk) -> None:
    series = desk.series(sessions_planned=2, gap_min_days=7, gap_target_days=20)
    with refused("too_soon") as facts:
        desk.book(series, desk.visits(2, gap=20))
    assert facts[0]["needed"] == 21


# Seen elsewhere: a visit too early or too late after the last is let through.
def test_a_session_too_long_after_the_last_is_refused(desk: Desk) -> None:
    series = desk.series(sessions_planned=2)
    with refused("too_late") as facts:
        desk.book(series, desk.visits(2, gap=57))
    assert (facts[0]["days"], facts[0]["allowed"], facts[0]["last_day"]) == (57, 56, date(2027, 3, 16))


def test_sessions_keep_their_order(desk: Desk) -> None:
    first, second = desk.visits(2)
    swapped = [replace(first, starts_at=second.starts_at), replace(second, starts_at=first.starts_at)]
    series = desk.series(sessions_planned=2)
    with refused("wrong_order") as facts:
        desk.book(series, swapped)
    assert (facts[0]["number"], facts[0]["after"]) == (2, 1)


def test_two_series_on_the_same_skin_keep_the_gap(desk: Desk) -> None:
    patient = desk.patient()
    hips, left_hip = (
        make_area(patient, site="hips", side="both"),
        make_area(patient, site="hips", side="left"),
    )
    desk.booked(patient=patient, areas=[hips])
    other = desk.series(patient, sessions_planned=1, areas=[left_hip])
    with refused("skin_not_rested", "skin_not_rested") as facts:
        desk.book(other, [desk.visit(1, datetime(2027, 2, 10, 10))])
    assert [(each["days"], each["other_day"], each["needed"]) for each in facts] == [
        (22, date(2027, 1, 19), 28),
        (13, date(2027, 2, 23), 28),
    ]


def test_two_series_on_different_skin_wait_a_week_for_each_other_and_not_a_gap(desk: Desk) -> None:
    patient = desk.patient()
    hip, calf = make_area(patient, site="hips", side="left"), make_area(patient, site="calf", side="left")
    desk.booked(patient=patient, areas=[hip])
    other = desk.series(patient, sessions_planned=1, areas=[calf])
    with refused("other_area_too_near") as facts:
        desk.book(other, [desk.visit(1, datetime(2027, 1, 20, 10))])
    assert facts[0]["needed"] == 7
    assert desk.book(other, [desk.visit(1, datetime(2027, 1, 26, 10))]).state == "active"


def test_after_a_lapse_the_patient_is_screened_anew(desk: Desk) -> None:
    series = desk.booked()
    Session.objects.filter(series=series, number=1).update(state="done", done_at=NOW)
    for number in (3, 4):
        desk.cancel(session_of(series, number))
    later = datetime(2027, 4, 13, 8, tzinfo=UTC)
    visit = desk.visit(2, datetime(2027, 4, 14, 10))
    with refused("rescreen_needed") as facts:
        desk.move(session_of(series, 2), visit, now=later)
    assert [(each["number"], each["last_day"], each["allowed"]) for each in facts] == [
        (2, date(2027, 1, 19), 84)
    ]
    Screening.objects.create(patient=series.patient, taken_at=later, taken_by=desk.by.user)
    assert desk.move(session_of(series, 2), visit, now=later).starts_at == visit.starts_at


def test_a_gap_that_cannot_be_kept_any_more_forbids_nothing(desk: Desk) -> None:
    series = desk.booked(sessions_planned=2)
    too_late = desk.visit(2, datetime(2027, 3, 17, 10))
    with refused("too_late"):
        desk.move(session_of(series, 2), too_late, now=datetime(2027, 3, 16, 9, tzinfo=UTC))
    moved = desk.move(session_of(series, 2), too_late, now=datetime(2027, 3, 17, 9, tzinfo=UTC))
    assert moved.starts_at == too_late.starts_at


# The record


def test_without_consent_nothing_is_booked(desk: Desk) -> None:
    series = desk.series(sessions_planned=1)
    Consent.objects.all().delete()
    with refused("no_consent") as facts:
        desk.book(series)
    assert facts[0]["number"] == 1


def test_a_withdrawn_consent_does_not_count(desk: Desk) -> None:
    series = desk.series(sessions_planned=1)
    Consent.objects.update(withdrawn_at=NOW)
    with refused("no_consent"):
        desk.book(series)


def test_a_consent_lasts_until_the_last_session(desk: Desk) -> None:
    series = desk.series()
    Consent.objects.update(valid_to=date(2027, 3, 29))
    with refused("consent_ends", "consent_ends") as facts:
        desk.book(series)
    assert [(each["number"], each["until"]) for each in facts] == [
        (3, date(2027, 3, 29)),
        (4, date(2027, 3, 29)),
    ]


def test_without_a_screening_nothing_is_booked(desk: Desk) -> None:
    series = desk.series()
    Screening.objects.all().delete()
    with refused("not_screened"):
        desk.book(series)


def answer(desk: Desk, patient: Patient, effect: Any, **fields: Any) -> None:
    waits = effect == "postpone"
    question = ScreeningQuestion.objects.create(
        clinic=desk.location.clinic,
        code="a-question",
        position=1,
        text="Something?",
        kind="yes_no_date" if waits else "yes_no",
        date_meaning="It ended" if waits else "",
        wait_days=180 if waits else None,
        effect=effect,
        source="Test",
        certainty="clinic_setting",
    )
    ScreeningAnswer.objects.create(
        screening=patient.screenings.get(), question=question, said_yes=True, **fields
    )


@pytest.mark.parametrize(("effect", "code"), [("block", "screening_blocks"), ("hold", "screening_holds")])
def test_what_the_screening_rules_out_is_not_booked(desk: Desk, effect: str, code: str) -> None:
    series = desk.series(sessions_planned=1)
    answer(desk, series.patient, effect)
    with refused(code) as facts:
        desk.book(series)
    assert facts == [{"number": 1, "at": desk.visits()[0].starts_at}]


def test_a_wait_counts_on_each_sessions_own_day(desk: Desk) -> None:
    series = desk.series()
    answer(desk, series.patient, "postpone", event_date=date(2026, 9, 1))
    with refused("screening_postpones", "screening_postpones") as facts:
        desk.book(series)
    assert [(each["number"], each["until"]) for each in facts] == [
        (1, date(2027, 2, 28)),
        (2, date(2027, 2, 28)),
    ]


def test_a_wait_without_an_end_holds(desk: Desk) -> None:
    series = desk.series(sessions_planned=1)
    answer(desk, series.patient, "postpone")
    with refused("screening_holds"):
        desk.book(series)


def test_an_answer_that_cannot_be_judged_holds(desk: Desk) -> None:
    series = desk.series(sessions_planned=1)
    answer(desk, series.patient, "postpone", event_date=date(2027, 1, 25))
    with refused("screening_holds"):
        desk.book(series)


def test_a_note_in_the_screening_does_not_stop_a_booking(desk: Desk) -> None:
    series = desk.series(sessions_planned=1)
    answer(desk, series.patient, "warn")
    assert desk.book(series).state == "active"
