"""Proposing: what the engine is asked, and what it offers and says."""

import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from clinic.errors import Refusal
from clinic.models import Absence, WeeklyHours
from patients.models import Screening, ScreeningAnswer, ScreeningQuestion
from planner.choices import SeriesState, SessionState
from planner.engine.ahead import best_plans
from planner.models import Reservation, SiteDepth
from planner.schedule.diary import diary
from planner.schedule.engine_request import request_for
from planner.schedule.proposals import Why
from planner.schedule.propose import propose, search
from planner.schedule.refusals import AlreadyBooked, OverMidnight, SeriesClosed
from planner.schedule.series_facts import facts_of
from tests.makers import (
    NOW,
    make_device,
    make_practitioner,
    make_room,
)
from tests.planner.desk import Desk, open_desk, refused, session_of

pytestmark = pytest.mark.django_db


DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def desk() -> Desk:
    return open_desk()


def days(plan: Any) -> Any:
    return [visit.starts_at.date() for visit in plan.visits]


def sentences(plan: Any, good: Any) -> Any:
    return [why.sentence for why in plan.why if why.good is good]


def test_an_empty_diary_gives_three_plans_on_target_told_apart(desk: Desk) -> None:
    answer = propose(desk.series(), now=NOW)
    assert [plan.title for plan in answer.plans] == [
        "Starts soonest",
        "Same time each time",
        "Starts on Wed 13 Jan with Priya Nair",
    ]
    assert days(answer.plans[0]) == [date(2027, 1, 11) + 35 * n * DAY for n in range(4)]
    assert answer.plans[1].why == (
        Why(True, "Every gap is 35 days, on target."),
        Why(True, "Priya Nair every time."),
        Why(True, "Always Tuesday at 08:15."),
        Why(True, "Starts in 1 day."),
    )
    assert (answer.plans[1].slack_days, answer.plans[1].last_safe_date) == (21, date(2027, 3, 9))
    assert [plan.cost for plan in answer.plans] == [0, 2, 4]


def test_every_plan_can_be_booked_as_it_is(desk: Desk) -> None:
    for place in range(3):
        series = desk.series()
        plan = propose(series, now=NOW).plans[place]
        booked = desk.book(series, list(plan.visits))
        assert booked.state == SeriesState.ACTIVE
        assert [each.starts_at for each in booked.sessions.order_by("number")] == [
            v.starts_at for v in plan.visits
        ]


def test_what_was_taken_meanwhile_gives_way_to_the_next_best(desk: Desk) -> None:
    first, second = desk.series(), desk.series()
    offered = propose(second, now=NOW).plans[0]
    desk.book(first, list(propose(first, now=NOW).plans[0].visits))
    with pytest.raises(Refusal) as caught:
        desk.book(second, list(offered.visits))
    assert caught.value.code == "slot_taken"
    again = propose(second, now=NOW).plans[0]
    assert again.visits != offered.visits
    desk.book(second, list(again.visits))


@pytest.mark.parametrize(
    ("starts_from", "first_two"),
    [
        (date(2027, 3, 2), [datetime(2027, 3, 2, 8, 15), datetime(2027, 4, 6, 7, 15)]),
        (date(2027, 10, 5), [datetime(2027, 10, 5, 7, 15), datetime(2027, 11, 9, 8, 15)]),
    ],
)
def test_a_change_of_clocks_keeps_the_wall_clock_time(desk: Desk, starts_from: Any, first_two: Any) -> None:
    series = desk.series(sessions_planned=2, starts_from=starts_from)
    plan = propose(series, now=NOW).plans[0]
    assert [visit.starts_at for visit in plan.visits] == [at.replace(tzinfo=UTC) for at in first_two]
    desk.book(series, list(plan.visits))


def test_wishes_for_days_hours_and_practitioner_are_kept_and_told(desk: Desk) -> None:
    wanted = make_practitioner(desk.location, name="Dr Marsh")
    series = desk.series(weekdays=[3], prefers_from=time(14), prefers_practitioner=wanted)
    plan = propose(series, now=NOW).plans[0]
    assert {day.weekday() for day in days(plan)} == {3}
    assert {visit.practitioner_id for visit in plan.visits} == {wanted.pk}
    assert sentences(plan, True)[1:4] == [
        "Dr Marsh every time, as wished.",
        "Always within the wished hours.",
        "Always Thursday at 14:00.",
    ]


def test_a_wish_that_cannot_be_kept_is_told_as_a_reason_against(desk: Desk) -> None:
    wanted = make_practitioner(desk.location, name="Dr Marsh", weekdays=range(0))
    series = desk.series(prefers_from=time(18), prefers_practitioner=wanted)
    plan = propose(series, now=NOW).plans[0]
    assert sentences(plan, False)[:2] == [
        "4 of 4 sessions not with Dr Marsh, as wished.",
        "4 of 4 sessions outside the wished hours.",
    ]


def after_one_done(desk: Desk, **fields: Any) -> Any:
    """Session 1 took place on Tuesday 19 January; the others have no time."""
    series = desk.booked(**fields)
    later = series.sessions.filter(number__gt=1)
    Reservation.objects.filter(session__in=later).update(is_active=False)
    later.update(state=SessionState.PLANNED, starts_at=None, ends_at=None)
    series.sessions.filter(number=1).update(state=SessionState.DONE)
    return series


def test_sessions_already_done_are_followed_at_their_gap(desk: Desk) -> None:
    plan = propose(after_one_done(desk), now=NOW + 10 * DAY).plans[0]
    assert [visit.number for visit in plan.visits] == [2, 3, 4]
    assert days(plan) == [date(2027, 1, 19) + 35 * n * DAY for n in (1, 2, 3)]


def test_a_lapsed_series_starts_again_as_soon_as_can_be(desk: Desk) -> None:
    series = after_one_done(desk)
    assert propose(series, now=NOW + 100 * DAY).reasons[-1] == "The patient is to be screened anew first."
    Screening.objects.create(patient=series.patient, taken_at=NOW + 99 * DAY, taken_by=desk.by.user)
    plan = propose(series, now=NOW + 100 * DAY).plans[0]
    assert days(plan) == [(NOW + 100 * DAY).date() + 35 * n * DAY for n in range(3)]


@pytest.mark.parametrize(
    ("of_practitioner", "cause"),
    [(True, "Priya Nair is away on Tue 23 Feb."), (False, "The clinic is closed on Tue 23 Feb.")],
)
def test_what_keeps_a_gap_from_its_target_is_named(desk: Desk, of_practitioner: bool, cause: str) -> None:
    series = after_one_done(desk)
    who = desk.practitioner if of_practitioner else None
    since = datetime(2027, 2, 23, tzinfo=UTC)
    Absence.objects.create(
        location=desk.location, resource=who, kind="leave", starts_at=since, ends_at=since + DAY
    )
    plan = propose(series, now=NOW + 10 * DAY).plans[0]
    assert sentences(plan, False)[0] == f"36 days before session 2, 1 over target. {cause}"


def test_skin_that_another_series_treats_is_left_to_rest(desk: Desk) -> None:
    patient = desk.patient()
    desk.book(desk.series(patient, sessions_planned=1))
    plan = propose(desk.series(patient, sessions_planned=1), now=NOW).plans[0]
    assert days(plan) == [date(2027, 1, 19) + 28 * DAY]


def test_a_screening_that_postpones_moves_the_start(desk: Desk) -> None:
    patient = desk.patient()
    question = ScreeningQuestion.objects.create(
        clinic=desk.location.clinic, code="peel", position=1, text="A peel?", kind="yes_no_date",
        effect="postpone", wait_days=14, date_meaning="Peel on", source="Test", certainty="found",
    )  # fmt: skip
    ScreeningAnswer.objects.create(
        screening=Screening.objects.get(patient=patient),
        question=question,
        said_yes=True,
        event_date=NOW.date(),
    )
    series = desk.series(patient)
    plan = propose(series, now=NOW).plans[0]
    assert days(plan)[0] == NOW.date() + 14 * DAY
    desk.book(series, list(plan.visits))


def test_a_device_too_shallow_for_the_area_is_not_offered(desk: Desk) -> None:
    deep = make_device(desk.location, name="Deep", max_depth_mm=Decimal("3.0"))
    SiteDepth.objects.filter(version=desk.version, site="abdomen").update(
        min_mm=Decimal("2.75"), rubra_mm=Decimal("2.75"), alba_mm=Decimal("2.75"), max_mm=Decimal("3.0")
    )
    plan = propose(desk.series(), now=NOW).plans[0]
    assert {visit.device_id for visit in plan.visits} == {deep.pk}


def test_phases_off_the_grid_are_offered_times_that_can_be_booked(desk: Desk) -> None:
    desk.version.phases.filter(position=0).update(minutes=20)
    desk.version.phases.filter(position=2).update(minutes=10)
    for _ in range(3):
        series = desk.series()
        desk.book(series, list(propose(series, now=NOW).plans[0].visits))


def test_without_any_place_it_says_why_and_what_would_help(desk: Desk) -> None:
    WeeklyHours.objects.filter(resource=desk.practitioner).exclude(weekday=0).delete()
    series = desk.series(weekdays=[1])
    answer = propose(series, now=NOW)
    assert answer.plans == ()
    assert answer.reasons[0] == "The patient's own days and visits leave no time for session 1."
    assert [(each.sentence, dict(each.set)) for each in answer.relaxations] == [
        ("Accept any day of the week.", {"patient.open": None})
    ]


def test_a_gap_no_day_can_keep_is_told_with_the_gap_that_would_do(desk: Desk) -> None:
    series = desk.series(gap_min_days=33, gap_target_days=33, gap_max_days=34, weekdays=[0])
    answer = propose(series, now=NOW)
    assert answer.plans == ()
    assert answer.reasons[0] == "Session 2 finds no free time 33 to 34 days after the one before it."
    assert ("Allow up to 35 days between sessions.", {"gap_days.max": 35}) in [
        (each.sentence, dict(each.set)) for each in answer.relaxations
    ]


def test_nothing_is_proposed_for_a_series_fully_booked_or_over(desk: Desk) -> None:
    series = desk.booked()
    with pytest.raises(AlreadyBooked):
        propose(series, now=NOW)
    desk.stop(series)
    with pytest.raises(SeriesClosed):
        propose(series, now=NOW)


def test_the_same_question_gets_the_same_answer(desk: Desk) -> None:
    series = desk.series()
    assert propose(series, now=NOW) == propose(series, now=NOW)


@pytest.mark.parametrize("more", [0, 6])
def test_a_proposal_takes_five_statements_however_much_there_is(
    desk: Desk, more: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(more):
        make_practitioner(desk.location)
        make_room(desk.location)
        busy = desk.series()
        desk.book(busy, list(propose(busy, now=NOW).plans[0].visits))
    series = desk.series(sessions_planned=4 + more)
    with django_assert_num_queries(5):
        assert len(propose(series, now=NOW).plans) == 3
    assert session_of(series, 1).starts_at is None


@pytest.mark.parametrize(("seed", "full"), [(1, 0.5), (2, 0.9), (3, 0.97), (4, 0.99)])
def test_a_short_look_ahead_finds_what_a_long_one_finds(desk: Desk, seed: int, full: Any) -> None:
    rng = random.Random(seed)
    keeper = session_of(desk.series(sessions_planned=1), 1)
    hours = [NOW + day * DAY + timedelta(hours=hour) for day in range(420) for hour in range(9)]
    Reservation.objects.bulk_create(
        Reservation(
            session=keeper, resource=desk.practitioner, starts_at=at, used_until=at + HOUR, ends_at=at + HOUR
        )
        for at in hours
        if rng.random() < full
    )
    series = desk.series(prefers_from=time(14))
    (facts,) = facts_of({series.pk: series.patient_id})
    request = request_for(facts, facts.sessions, not_before=NOW.date(), now=NOW)
    found, _ = search(facts, facts.sessions, request, 3)
    everything_free = diary(desk.location, request, releasing=(), depths=facts.depths).free
    assert found.proposals == best_plans(everything_free, request, 3)


def test_a_visit_may_end_at_midnight_and_not_a_minute_later(desk: Desk) -> None:
    WeeklyHours.objects.update(opens=time(20), closes=time(0))
    series = desk.series(sessions_planned=1)
    late = [plan.visits[0].starts_at.time() for plan in propose(series, now=NOW).plans]
    assert late
    assert max(late) <= time(22, 15)
    desk.book(series, [desk.visit(1, datetime(2027, 1, 12, 22, 15))])
    with pytest.raises(OverMidnight):
        desk.book(desk.series(sessions_planned=1), [desk.visit(1, datetime(2027, 1, 13, 22, 30))])


def test_who_works_every_second_week_is_offered_in_those(desk: Desk) -> None:
    WeeklyHours.objects.filter(resource=desk.practitioner).update(every_weeks=2, valid_from=date(2027, 1, 18))
    series = desk.series(sessions_planned=1)
    for plan in propose(series, now=NOW).plans:
        day = plan.visits[0].starts_at.date()
        assert (day - date(2027, 1, 18)).days // 7 % 2 == 0
    with refused("not_open_that_day"):
        desk.book(series, [desk.visit(1, datetime(2027, 1, 26, 10))])
    desk.book(series, [desk.visit(1, datetime(2027, 1, 19, 10))])
