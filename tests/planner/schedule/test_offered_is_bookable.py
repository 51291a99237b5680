"""What the planner offers, the desk can book: the engine's "free" and the booking's are one.

Seen elsewhere: the first visit of a day hides all other free times; times are an hour off after the clocks
change; a time near the change of clocks is offered and cannot be booked.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.errors import Refusal
from clinic.models import Absence, Clinic, Resource, WeeklyHours
from patients.models import (
    Consent,
    Patient,
    Screening,
    ScreeningAnswer,
    ScreeningOverride,
    ScreeningQuestion,
)
from planner.models import Reservation, Series, Session
from planner.schedule.move import propose_move
from planner.schedule.propose import propose
from tests.makers import NOW, make_area, make_consent, make_device, make_practitioner, make_room
from tests.planner.desk import Desk, open_desk, refused, session_of

ZONES = st.sampled_from(
    [("Europe/Paris", "FR", ""), ("Europe/London", "GB", "ENG"), ("America/New_York", "US", "")]
)
# Ahead of each lies a change of clocks, or Christmas.
DAYS = st.sampled_from([date(2027, 1, 11), date(2027, 2, 25), date(2027, 9, 13), date(2027, 11, 22)])
MINUTES = st.integers(0, 9 * 60)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@st.composite
def bustle(draw: Any, longest: int) -> list[tuple[int, int, int, int]]:
    """What else goes on: (whose, day from now, minute from 08:00 UTC, length in minutes)."""
    each = st.tuples(st.integers(0, 6), st.integers(0, 120), MINUTES, st.integers(1, longest))
    return draw(st.lists(each, min_size=10, max_size=40))


def open_busy_desk(
    zone: tuple[str, str, str], grid: int, today: date, away: list[Any], held: list[Any]
) -> Desk:
    timezone, country, subdivision = zone
    desk = open_desk(timezone=timezone, country=country, subdivision=subdivision, grid_minutes=grid)
    lunch = make_practitioner(desk.location, weekdays=range(0))
    for opens, closes in ((time(8, 20), time(12, 35)), (time(13), time(18, 40))):
        for weekday in (0, 1, 3):
            WeeklyHours.objects.create(resource=lunch, weekday=weekday, opens=opens, closes=closes)
    make_room(desk.location, turnaround_minutes=5)
    make_device(desk.location, turnaround_minutes=0)
    everyone = [None, *Resource.objects.filter(location=desk.location).order_by("pk")]
    for whose, start, end in _times(away, today):
        resource = everyone[whose % len(everyone)]
        Absence.objects.create(
            location=desk.location, resource=resource, kind="leave", starts_at=start, ends_at=end
        )
    _hold(desk, everyone[1:], held, today)
    return desk


def _times(rows: list[Any], today: date) -> Iterator[tuple[int, datetime, datetime]]:
    for whose, day, minute, length in rows:
        start = datetime.combine(today, time(8), tzinfo=UTC) + timedelta(days=day, minutes=minute)
        yield whose, start, start + timedelta(minutes=length)


def _hold(desk: Desk, resources: list[Resource], rows: list[Any], today: date) -> None:
    session = session_of(desk.series(sessions_planned=1), 1)
    taken: list[Any] = []
    for whose, start, end in _times(rows, today):
        resource = resources[whose % len(resources)]
        if not any(one == resource.pk and a < end and start < b for one, a, b in taken):
            taken.append((resource.pk, start, end))
            Reservation.objects.create(
                session=session, resource=resource, starts_at=start, used_until=end, ends_at=end
            )


def patient_with_another_series(desk: Desk, today: date) -> Series:
    """Hips are to be treated; the left hip was booked before in another series, and so was a calf."""
    patient = desk.patient()
    Screening.objects.filter(patient=patient).update(taken_at=datetime.combine(today, time(7), tzinfo=UTC))
    Consent.objects.filter(patient=patient).delete()
    make_consent(patient, day=today, taken_by=desk.by.user)
    for day, site in ((20, "hips"), (75, "calf")):
        other = desk.series(
            patient, sessions_planned=1, areas=[make_area(patient, site=site, side="left")], state="active"
        )
        start = datetime.combine(today + timedelta(days=day), time(9), tzinfo=UTC)
        Session.objects.filter(series=other).update(
            state="booked", starts_at=start, ends_at=start + timedelta(hours=2)
        )
    return desk.series(patient, sessions_planned=3, areas=[make_area(patient, site="hips", side="both")])


@pytest.mark.django_db
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    zone=ZONES,
    grid=st.sampled_from([5, 10, 15]),
    today=DAYS,
    away=bustle(9_000),
    held=bustle(400),
    hour=st.integers(6, 20),
    number=st.integers(1, 3),
    with_later=st.booleans(),
)
def test_every_plan_offered_can_be_booked_and_every_move_offered_made(
    zone: Any, grid: Any, today: Any, away: Any, held: Any, hour: Any, number: Any, with_later: Any
) -> None:
    now = datetime.combine(today, time(hour), tzinfo=UTC)
    with undone():
        desk = open_busy_desk(zone, grid, today, away, held)
        series = patient_with_another_series(desk, today)
        plans = propose(series, now=now).plans
        for plan in plans:
            with undone():
                assert desk.book(series, list(plan.visits), now=now).state == "active"
        if plans:
            desk.book(series, list(plans[0].visits), now=now)
            session = session_of(series, number)
            moves = propose_move(session, with_later=with_later, now=now).plans
            for plan in moves:
                with undone():
                    assert desk.move(session, *plan.visits, now=now).starts_at == plan.visits[0].starts_at


@pytest.mark.django_db
def test_a_quiet_clinic_is_offered_three_plans() -> None:
    """So that the test above has something to show."""
    desk = open_busy_desk(("Europe/London", "GB", "ENG"), 15, date(2027, 1, 11), [], [])
    series = patient_with_another_series(desk, date(2027, 1, 11))
    now = datetime(2027, 1, 11, 9, tzinfo=UTC)
    assert len(propose(series, now=now).plans) == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    "now",
    [
        pytest.param(
            datetime(2027, 1, 11, 10, 30, 27, tzinfo=UTC), id="in the minute in which a step begins"
        ),
        pytest.param(datetime(2027, 10, 31, 1, 10, tzinfo=UTC), id="in the hour that clocks show again"),
    ],
)
def test_no_plan_begins_before_now(now: Any) -> None:
    desk = open_desk(grid_minutes=15, weekdays=range(7), opens=time(0), closes=time(23, 59))
    for resource in (desk.practitioner, desk.room, desk.device):
        WeeklyHours.objects.filter(resource=resource).delete()
        for weekday in range(7):
            WeeklyHours.objects.create(resource=resource, weekday=weekday, opens=time(0), closes=time(23, 59))
    series = desk.series(sessions_planned=1)
    Screening.objects.update(taken_at=now - timedelta(minutes=30))
    Consent.objects.all().delete()
    make_consent(series.patient, day=now.date(), taken_by=desk.by.user)
    plans = propose(series, now=now).plans
    assert len(plans) == 3
    assert min(plan.visits[0].starts_at for plan in plans) - now < timedelta(hours=1)
    assert [plan for plan in plans if plan.visits[0].starts_at < now] == []


@pytest.fixture
def desk() -> Desk:
    return open_desk()


@pytest.mark.django_db
def test_a_longest_gap_under_the_protocols_floor_reaches_as_far_as_the_floor(desk: Desk) -> None:
    gaps = {"gap_min_days": 7, "gap_target_days": 14, "gap_max_days": 20}
    series = desk.series(sessions_planned=2, **gaps)
    (plan, *_) = propose(series, now=NOW).plans
    assert desk.book(series, list(plan.visits)).state == "active"


def missed(series: Series, number: int) -> None:
    Session.objects.filter(series=series, number=number).update(state="no_show")
    Reservation.objects.filter(session__series=series, session__number=number).update(is_active=False)


@pytest.mark.django_db
def test_a_missed_session_does_not_let_the_next_one_wait_for_ever(desk: Desk) -> None:
    """Two longest gaps lie between the first and the third while the second is to be caught up with."""
    series = desk.booked(sessions_planned=3)
    Session.objects.filter(series=series, number=1).update(state="done")
    missed(series, 2)
    now, third = datetime(2027, 3, 22, 9, tzinfo=UTC), session_of(series, 3)
    Screening.objects.create(patient=series.patient, taken_at=now, taken_by=desk.by.user)
    last = desk.at(datetime(2027, 1, 19, 10) + timedelta(days=112))
    for to in (last, last + timedelta(days=1)):
        for plan in propose_move(third, to=to, with_later=False, now=now).plans:
            with undone():
                desk.move(third, *plan.visits, now=now)
    assert propose_move(third, to=last, with_later=False, now=now).plans[0].visits[0].starts_at == last


@pytest.mark.django_db
def test_a_missed_session_is_not_offered_a_time_after_a_later_one_that_is_done(desk: Desk) -> None:
    series = desk.booked()
    Session.objects.filter(series=series, number__in=(1, 3)).update(state="done")
    missed(series, 2)
    now, second = datetime(2027, 4, 1, 9, tzinfo=UTC), session_of(series, 2)
    assert propose_move(second, with_later=True, now=now).plans == ()


def says(series: Series, effect: str, on: date, **fields: Any) -> None:
    """Yes to a question with that effect; what it asks about happened on that day."""
    question = ScreeningQuestion.objects.create(
        clinic=series.location.clinic,
        code="question",
        position=99,
        text="?",
        effect=effect,
        source="-",
        certainty="found",
        **fields,
    )
    screening = Screening.objects.create(patient=series.patient, taken_at=NOW, taken_by=series.created_by)
    event = on if fields else None
    ScreeningAnswer.objects.create(screening=screening, question=question, said_yes=True, event_date=event)


def _waits(series: Series) -> None:
    says(series, "postpone", NOW.date(), kind="yes_no_date", date_meaning="Happened", wait_days=45)


def _waits_without_end(series: Series) -> None:
    _waits(series)
    ScreeningAnswer.objects.update(event_date=None)


def _comes_of_age(series: Series) -> None:
    Patient.objects.filter(pk=series.patient_id).update(date_of_birth=date(2009, 2, 20))


def _consent_ends(series: Series) -> None:
    Consent.objects.update(valid_to=date(2027, 3, 1))


def _set_aside_until(series: Series) -> None:
    """A block that is set aside until 1 March: nothing after it."""
    says(series, "block", NOW.date(), override_by="clinician", kind="yes_no")
    ScreeningOverride.objects.create(
        answer=ScreeningAnswer.objects.get(), by=series.created_by, at=NOW, reason="-", until=date(2027, 3, 1)
    )


def _below_a_floor(series: Series) -> None:
    """A wait of a year, set aside, but not in its first 45 days."""
    fields = {"kind": "yes_no_date", "date_meaning": "Happened", "wait_days": 365}
    says(series, "postpone", NOW.date(), override_by="clinician", override_floor_days=45, **fields)
    ScreeningOverride.objects.create(
        answer=ScreeningAnswer.objects.get(), by=series.created_by, at=NOW, reason="-"
    )


RECORDS: list[tuple[str, Callable[[Series], object], bool]] = [
    ("nothing", lambda series: None, True),
    ("screening_postpones", _waits, True),
    ("without an end", _waits_without_end, False),
    ("screening_blocks", lambda series: says(series, "block", NOW.date()), False),
    ("under 18", _comes_of_age, True),
    ("screening_holds", lambda series: says(series, "hold", NOW.date()), False),
    ("not_screened", lambda series: Screening.objects.all().delete(), False),
    ("no_consent", lambda series: Consent.objects.update(withdrawn_at=NOW), False),
    ("consent_ends", _consent_ends, True),
    ("set_aside until", _set_aside_until, True),
    ("set_aside below a floor", _below_a_floor, True),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("code", "arrange", "is_offered"), RECORDS, ids=[each[0] for each in RECORDS])
def test_what_the_record_refuses_is_not_offered(
    desk: Desk, code: str, arrange: Callable[[Series], object], is_offered: bool
) -> None:
    """A pregnant patient was offered three plans with "Book this plan", then refused; so was one before the 18th
    birthday."""
    series = desk.series(sessions_planned=2 if code in ("consent_ends", "set_aside until") else 3)
    arrange(series)
    answer = propose(series, now=NOW)
    assert bool(answer.plans) is is_offered
    assert bool(answer.reasons) is not is_offered
    for plan in answer.plans:
        with undone():
            assert desk.book(series, list(plan.visits)).state == "active"
    if not is_offered:
        with pytest.raises(Refusal):
            desk.book(series)


def _knee_on(desk: Desk, series: Series, day: datetime) -> Series:
    """Another area of the patient, booked for that day."""
    other = desk.series(patient=series.patient, sessions_planned=1)
    other.areas.set([make_area(series.patient, site="knee", side="left")])
    return desk.book(other, [desk.visit(1, day)])


@pytest.mark.django_db
def test_another_area_of_the_patient_is_offered_a_week_away_at_least(desk: Desk) -> None:
    """It was offered the next day, and twice on one day."""
    series = desk.series(sessions_planned=1)
    _knee_on(desk, series, datetime(2027, 1, 12, 10))
    for plan in propose(series, now=NOW).plans:
        assert abs((plan.visits[0].starts_at.date() - date(2027, 1, 12)).days) >= 7
        with undone():
            desk.book(series, list(plan.visits))
    for day in (13, 14, 18):
        with refused("other_area_too_near"):
            desk.book(series, [desk.visit(1, datetime(2027, 1, day, 14))])
    desk.book(series, [desk.visit(1, datetime(2027, 1, 19, 14))])


@pytest.mark.django_db
def test_a_move_keeps_away_from_another_area_too(desk: Desk) -> None:
    series = desk.booked()
    _knee_on(desk, series, datetime(2027, 1, 29, 10))
    session = session_of(series, 1)
    with refused("other_area_too_near"):
        desk.move(session, desk.visit(1, datetime(2027, 1, 26, 10)))
    for plan in propose_move(session, with_later=False, now=NOW).plans:
        assert abs((plan.visits[0].starts_at.date() - date(2027, 1, 29)).days) >= 7


@pytest.mark.django_db
def test_a_clinic_that_sets_no_days_treats_two_areas_on_one_day(desk: Desk) -> None:
    Clinic.objects.update(other_area_days=0)
    series = desk.series(sessions_planned=1)
    _knee_on(desk, series, datetime(2027, 1, 12, 10))
    desk.book(series, [desk.visit(1, datetime(2027, 1, 12, 14))])


@pytest.mark.django_db
def test_a_move_is_offered_on_days_that_the_record_allows(desk: Desk) -> None:
    series = desk.booked()
    _waits(series)
    session = session_of(series, 1)
    (plan, *_) = propose_move(session, with_later=True, now=NOW).plans
    assert plan.visits[0].starts_at.date() >= NOW.date() + timedelta(days=45)
    with undone():
        desk.move(session, *plan.visits)
    there = propose_move(session, to=desk.at(datetime(2027, 1, 20, 10)), with_later=True, now=NOW)
    assert there.reasons == ("The screening makes a treatment wait until Thu 25 Feb.",)
    assert there.plans
    Consent.objects.update(withdrawn_at=NOW)
    nowhere = propose_move(session, with_later=True, now=NOW)
    assert (nowhere.plans, nowhere.reasons[0]) == ((), "The consent to treatment is to be signed first.")
