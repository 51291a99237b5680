import random
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from clinic.errors import Refusal
from clinic.models import Absence, WeeklyHours
from clinic.services.once import KeyUsedForSomethingElse
from clinic.services.versions import Stale
from patients.models import Screening, ScreeningAnswer, ScreeningQuestion
from planner.choices import SeriesState, SessionState
from planner.engine.ahead import best_plans
from planner.models import Reservation, Series, SiteDepth
from planner.schedule.diary import diary
from planner.schedule.draft import (
    ANY,
    ChoiceReasonMissing,
    ProtocolChoice,
    Wishes,
    change_wishes,
    draft_series,
)
from planner.schedule.engine_request import request_for
from planner.schedule.proposals import Why
from planner.schedule.propose import propose, search
from planner.schedule.refusals import AlreadyBooked, SeriesClosed
from planner.schedule.series_facts import facts_of
from tests.makers import (
    NOW,
    make_area,
    make_clinic,
    make_device,
    make_location,
    make_practitioner,
    make_protocol_version,
    make_room,
    new_key,
)
from tests.planner.desk import Desk, everything, open_desk, session_of

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def desk() -> Desk:
    return open_desk()


def days(plan):
    return [visit.starts_at.date() for visit in plan.visits]


def sentences(plan, good):
    return [why.sentence for why in plan.why if why.good is good]


# Drafting


def draft(desk, patient=None, wishes=ANY, **changes):
    patient = patient or desk.patient()
    around = {"location": desk.location, "areas": None, "by": desk.by, "key": new_key(), "now": NOW}
    chosen = {"version": desk.version, "sessions": 4, "gap": (28, 35, 56)}
    around |= {name: changes.pop(name) for name in around.keys() & changes.keys()}
    if around["areas"] is None:
        around["areas"] = [make_area(patient)]
    return draft_series(patient, ProtocolChoice(**chosen | changes), wishes, **around)


def test_a_draft_keeps_choice_and_wishes_and_has_its_sessions_without_times(desk):
    wishes = Wishes(desk.practitioner, time(15), weekdays=[3, 1, 1], starts_from=date(2027, 2, 1))
    series = draft(desk, wishes=wishes)
    assert (series.state, series.sessions_planned, series.version) == (SeriesState.DRAFT, 4, 1)
    assert (series.gap_min_days, series.gap_target_days, series.gap_max_days) == (28, 35, 56)
    assert (series.prefers_practitioner, series.prefers_from, series.prefers_to) == (
        desk.practitioner,
        time(15),
        None,
    )
    assert (series.weekdays, series.starts_from) == ([1, 3], date(2027, 2, 1))
    assert list(series.sessions.values_list("number", "state", "starts_at")) == [
        (number, SessionState.PLANNED, None) for number in range(1, 5)
    ]


def test_the_same_key_drafts_once(desk):
    patient = desk.patient()
    areas = [make_area(patient)]
    one = draft(desk, patient, areas=areas, key="k")
    again = draft(desk, patient, areas=areas, key="k")
    assert (one.pk, Series.objects.count()) == (again.pk, 1)


def test_a_repeated_draft_answers_the_same_though_something_else_is_recommended_by_now(desk):
    patient = desk.patient()
    known = {"areas": [make_area(patient)], "reason": "Prefers it", "key": "k"}
    one = draft(desk, patient, **known, recommended_version=desk.version, recommended_sessions=4)
    newer = make_protocol_version(desk.location.clinic)
    again = draft(desk, patient, **known, recommended_version=newer, recommended_sessions=5)
    assert (one.pk, Series.objects.count()) == (again.pk, 1)


def test_a_key_that_drafted_a_series_drafts_no_other(desk):
    patient = desk.patient()
    known = {"areas": [make_area(patient)], "reason": "Prefers it", "key": "k"}
    draft(desk, patient, **known)
    before = everything()
    for other in ({"version": make_protocol_version(desk.location.clinic)}, {"reason": "Less pain"}):
        with pytest.raises(KeyUsedForSomethingElse):
            draft(desk, patient, **known | other)
    assert everything() == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sessions": 0}, "sessions_out_of_range"),
        ({"sessions": 21}, "sessions_out_of_range"),
        ({"gap": (20, 35, 56)}, "gap_under_floor"),
        ({"gap": (36, 35, 56)}, "gap_out_of_order"),
        ({"gap": (28, 57, 56)}, "gap_out_of_order"),
        ({"areas": []}, "no_area"),
        ({"wishes": Wishes(weekdays=[7])}, "wish_unclear"),
        ({"wishes": Wishes(prefers_from=time(15), prefers_to=time(15))}, "wish_unclear"),
    ],
)
def test_what_cannot_be_a_series_is_refused(desk, changes, code):
    patient = desk.patient()
    before = everything()
    with pytest.raises(Refusal) as caught:
        draft(desk, patient, **changes)
    assert caught.value.code == code
    assert everything() == before


def test_areas_protocols_and_places_of_others_are_refused(desk):
    stranger = make_clinic()
    for changes, code in (
        ({"areas": [make_area(desk.patient())]}, "not_their_area"),
        ({"version": make_protocol_version(stranger)}, "not_of_this_clinic"),
        ({"location": make_location(clinic=stranger)}, "not_of_this_clinic"),
        ({"wishes": Wishes(make_practitioner(make_location(clinic=stranger)))}, "wish_unclear"),
        ({"wishes": Wishes(desk.room)}, "wish_unclear"),
    ):
        patient = desk.patient()
        before = everything()
        with pytest.raises(Refusal) as caught:
            draft(desk, patient, **changes)
        assert (caught.value.code, everything() == before) == (code, True)


@pytest.mark.parametrize("departure", [{"sessions": 5}, {"gap": (28, 42, 56)}])
def test_another_choice_than_the_recommended_one_needs_a_reason(desk, departure):
    recommended = {"recommended_version": desk.version, "recommended_sessions": 4}
    with pytest.raises(ChoiceReasonMissing):
        draft(desk, reason=" ", **recommended, **departure)
    series = draft(desk, reason="Prefers fewer visits", **recommended, **departure)
    assert (series.recommended_version, series.recommended_sessions) == (desk.version, 4)
    assert series.choice_reason == "Prefers fewer visits"


def test_the_recommended_choice_needs_no_reason(desk):
    series = draft(desk, recommended_version=desk.version, recommended_sessions=4)
    assert series.choice_reason == ""


def test_wishes_change_and_the_others_stay(desk):
    series = draft(desk, wishes=Wishes(weekdays=[1], prefers_from=time(15)))
    wishes = replace(Wishes.of(series), weekdays=[2, 0])
    changed = change_wishes(series, wishes, version=1, by=desk.by, key=new_key(), now=NOW)
    assert (changed.weekdays, changed.prefers_from, changed.version) == ([0, 2], time(15), 2)


def test_wishes_are_not_changed_from_an_outdated_page_or_in_a_closed_series(desk):
    series = draft(desk)
    with pytest.raises(Stale):
        change_wishes(series, Wishes(weekdays=[2]), version=2, by=desk.by, key=new_key(), now=NOW)
    Series.objects.update(state=SeriesState.STOPPED)
    with pytest.raises(SeriesClosed):
        change_wishes(series, Wishes(weekdays=[2]), version=1, by=desk.by, key=new_key(), now=NOW)
    series.refresh_from_db()
    assert (series.weekdays, series.version) == ([], 1)


# Proposing


def test_an_empty_diary_gives_three_plans_on_target_told_apart(desk):
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


def test_every_plan_can_be_booked_as_it_is(desk):
    for place in range(3):
        series = desk.series()
        plan = propose(series, now=NOW).plans[place]
        booked = desk.book(series, list(plan.visits))
        assert booked.state == SeriesState.ACTIVE
        assert [each.starts_at for each in booked.sessions.order_by("number")] == [
            v.starts_at for v in plan.visits
        ]


def test_what_was_taken_meanwhile_gives_way_to_the_next_best(desk):
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
def test_a_change_of_clocks_keeps_the_wall_clock_time(desk, starts_from, first_two):
    series = desk.series(sessions_planned=2, starts_from=starts_from)
    plan = propose(series, now=NOW).plans[0]
    assert [visit.starts_at for visit in plan.visits] == [at.replace(tzinfo=UTC) for at in first_two]
    desk.book(series, list(plan.visits))


def test_wishes_for_days_hours_and_practitioner_are_kept_and_told(desk):
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


def test_a_wish_that_cannot_be_kept_is_told_as_a_reason_against(desk):
    wanted = make_practitioner(desk.location, name="Dr Marsh", weekdays=range(0))
    series = desk.series(prefers_from=time(18), prefers_practitioner=wanted)
    plan = propose(series, now=NOW).plans[0]
    assert sentences(plan, False)[:2] == [
        "4 of 4 sessions not with Dr Marsh, as wished.",
        "4 of 4 sessions outside the wished hours.",
    ]


def after_one_done(desk, **fields):
    """Session 1 took place on Tuesday 19 January; the others have no time."""
    series = desk.booked(**fields)
    later = series.sessions.filter(number__gt=1)
    Reservation.objects.filter(session__in=later).update(is_active=False)
    later.update(state=SessionState.PLANNED, starts_at=None, ends_at=None)
    series.sessions.filter(number=1).update(state=SessionState.DONE)
    return series


def test_sessions_already_done_are_followed_at_their_gap(desk):
    plan = propose(after_one_done(desk), now=NOW + 10 * DAY).plans[0]
    assert [visit.number for visit in plan.visits] == [2, 3, 4]
    assert days(plan) == [date(2027, 1, 19) + 35 * n * DAY for n in (1, 2, 3)]


def test_a_lapsed_series_starts_again_as_soon_as_can_be(desk):
    plan = propose(after_one_done(desk), now=NOW + 100 * DAY).plans[0]
    assert days(plan) == [(NOW + 100 * DAY).date() + 35 * n * DAY for n in range(3)]


@pytest.mark.parametrize(
    ("of_practitioner", "cause"),
    [(True, "Priya Nair is away on Tue 23 Feb."), (False, "The clinic is closed on Tue 23 Feb.")],
)
def test_what_keeps_a_gap_from_its_target_is_named(desk, of_practitioner, cause):
    series = after_one_done(desk)
    who = desk.practitioner if of_practitioner else None
    since = datetime(2027, 2, 23, tzinfo=UTC)
    Absence.objects.create(
        location=desk.location, resource=who, kind="leave", starts_at=since, ends_at=since + DAY
    )
    plan = propose(series, now=NOW + 10 * DAY).plans[0]
    assert sentences(plan, False)[0] == f"36 days before session 2, 1 over target. {cause}"


def test_skin_that_another_series_treats_is_left_to_rest(desk):
    patient = desk.patient()
    desk.book(desk.series(patient, sessions_planned=1))
    plan = propose(desk.series(patient, sessions_planned=1), now=NOW).plans[0]
    assert days(plan) == [date(2027, 1, 19) + 28 * DAY]


def test_a_screening_that_postpones_moves_the_start(desk):
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


def test_a_device_too_shallow_for_the_area_is_not_offered(desk):
    deep = make_device(desk.location, name="Deep", max_depth_mm=Decimal("3.0"))
    SiteDepth.objects.filter(version=desk.version, site="abdomen").update(
        min_mm=Decimal("2.75"), rubra_mm=Decimal("2.75"), alba_mm=Decimal("2.75"), max_mm=Decimal("3.0")
    )
    plan = propose(desk.series(), now=NOW).plans[0]
    assert {visit.device_id for visit in plan.visits} == {deep.pk}


def test_phases_off_the_grid_are_offered_times_that_can_be_booked(desk):
    desk.version.phases.filter(position=0).update(minutes=20)
    desk.version.phases.filter(position=2).update(minutes=10)
    for _ in range(3):
        series = desk.series()
        desk.book(series, list(propose(series, now=NOW).plans[0].visits))


def test_without_any_place_it_says_why_and_what_would_help(desk):
    WeeklyHours.objects.filter(resource=desk.practitioner).exclude(weekday=0).delete()
    series = desk.series(weekdays=[1])
    answer = propose(series, now=NOW)
    assert answer.plans == ()
    assert answer.reasons[0] == "The patient's own days and visits leave no time for session 1."
    assert [(each.sentence, dict(each.set)) for each in answer.relaxations] == [
        ("Accept any day of the week.", {"patient.open": None})
    ]


def test_a_gap_no_day_can_keep_is_told_with_the_gap_that_would_do(desk):
    series = desk.series(gap_min_days=33, gap_target_days=33, gap_max_days=34, weekdays=[0])
    answer = propose(series, now=NOW)
    assert answer.plans == ()
    assert answer.reasons[0] == "Session 2 finds no free time 33 to 34 days after the one before it."
    assert ("Allow up to 35 days between sessions.", {"gap_days.max": 35}) in [
        (each.sentence, dict(each.set)) for each in answer.relaxations
    ]


def test_nothing_is_proposed_for_a_series_fully_booked_or_over(desk):
    series = desk.booked()
    with pytest.raises(AlreadyBooked):
        propose(series, now=NOW)
    desk.stop(series)
    with pytest.raises(SeriesClosed):
        propose(series, now=NOW)


def test_the_same_question_gets_the_same_answer(desk):
    series = desk.series()
    assert propose(series, now=NOW) == propose(series, now=NOW)


@pytest.mark.parametrize("more", [0, 6])
def test_a_proposal_takes_seven_statements_however_much_there_is(desk, more, django_assert_num_queries):
    for _ in range(more):
        make_practitioner(desk.location)
        make_room(desk.location)
        busy = desk.series()
        desk.book(busy, list(propose(busy, now=NOW).plans[0].visits))
    series = desk.series(sessions_planned=4 + more)
    with django_assert_num_queries(7):
        assert len(propose(series, now=NOW).plans) == 3
    assert session_of(series, 1).starts_at is None


@pytest.mark.parametrize(("seed", "full"), [(1, 0.5), (2, 0.9), (3, 0.97), (4, 0.99)])
def test_a_short_look_ahead_finds_what_a_long_one_finds(desk, seed, full):
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
