"""Times that cannot be, and what must stand in the record before one books."""

from datetime import UTC, date, datetime, time

import pytest

from clinic.models import Absence
from patients.choices import ScreeningEffect
from patients.models import ScreeningAnswer, ScreeningQuestion
from planner.models import Session
from planner.schedule.session_place import token_of
from tests.bad_input.pages import NOTHING_CHANGED, Pages, said, tables
from tests.makers import make_area, make_patient
from tests.planner.desk import Desk, session_of

pytestmark = pytest.mark.django_db


# Seen elsewhere: a time that has begun counts as free again.
def test_a_session_in_the_past(desk: Desk, page: Pages) -> None:
    told = page.booking_refused(desk.series(sessions_planned=1), desk.visit(1, datetime(2027, 1, 8, 10)))
    assert told == (
        "Session 1 cannot start on Fri 8 Jan 2027, 10:00: that is past. Nothing was changed. Choose another time."
    )


def test_a_session_outside_hours(desk: Desk, page: Pages) -> None:
    told = page.booking_refused(desk.series(sessions_planned=1), desk.visit(1, datetime(2027, 1, 19, 17)))
    assert told.startswith(
        "Session 1 on Tue 19 Jan 2027, 17:00 is outside the hours of Priya Nair on that day: 09:00 to 17:00."
    )
    assert NOTHING_CHANGED in told


# Seen elsewhere: leave entered in another zone leaves holes.
def test_a_session_while_somebody_is_on_leave(desk: Desk, page: Pages) -> None:
    span = {"starts_at": datetime(2027, 1, 18, tzinfo=UTC), "ends_at": datetime(2027, 1, 23, tzinfo=UTC)}
    Absence.objects.create(location=desk.location, resource=desk.practitioner, kind="leave", **span)
    told = page.booking_refused(desk.series(sessions_planned=1), desk.visits(1)[0])
    assert told == (
        "Session 1 cannot have Priya Nair on Tue 19 Jan 2027, 10:00: away from Mon 18 Jan 2027, 00:00 to "
        "Sat 23 Jan 2027, 00:00. Nothing was changed. Choose another one, or another time."
    )


def test_a_session_on_a_public_holiday(desk: Desk, page: Pages) -> None:
    told = page.booking_refused(desk.series(sessions_planned=1), desk.visit(1, datetime(2027, 3, 29, 10)))
    assert "Session 1 cannot be on Mon 29 Mar 2027, 10:00: Leeds is closed for Easter Monday." in told
    assert NOTHING_CHANGED in told


# Seen elsewhere: the back office may overlap without a warning; a long visit overlaps because the grid is
# finer than it is long; a practitioner or a room in two places is no conflict.
def test_one_minute_of_overlap(desk: Desk, page: Pages) -> None:
    location = desk.location
    location.grid_minutes = 1
    location.save()
    desk.book(desk.series(sessions_planned=1), desk.visits(1))
    told = page.booking_refused(desk.series(sessions_planned=1), desk.visit(1, datetime(2027, 1, 19, 11, 59)))
    assert told.startswith("Session 1 cannot have Room 1 on Tue 19 Jan 2027, 11:59: taken until ")
    assert NOTHING_CHANGED in told


# Seen elsewhere: a patient's overlap is found only when it covers the whole visit; one patient takes the
# same visit many times over.
def test_a_patient_in_two_places(desk: Desk, page: Pages) -> None:
    patient = desk.patient()
    desk.book(desk.series(patient, sessions_planned=1), desk.visits(1))
    area = make_area(patient, site="thigh", side="left")
    other = desk.series(patient, sessions_planned=1, areas=[area])
    told = page.booking_refused(other, desk.visits(1)[0])
    assert "the patient is already here until Tue 19 Jan 2027, 11:45." in told


# Seen elsewhere: a visit too early or too late after the last is let through.
def test_closer_than_the_shortest_gap(desk: Desk, page: Pages) -> None:
    told = page.booking_refused(desk.series(sessions_planned=2), *desk.visits(2, gap=27))
    assert told == (
        "Mon 15 Feb 2027, 10:00 is 27 days after session 1; for session 2 the skin needs 28. "
        "Nothing was changed. The first possible day is Tue 16 Feb 2027."
    )


def test_every_reason_is_said_at_once(desk: Desk, page: Pages) -> None:
    early, far = desk.visit(1, datetime(2027, 1, 8, 10)), desk.visit(2, datetime(2033, 1, 11, 10))
    told = page.booking_refused(desk.series(sessions_planned=2), early, far)
    assert "that is past" in told
    assert "the schedule ends on" in told


def test_half_a_series(desk: Desk, page: Pages) -> None:
    told = page.booking_refused(desk.series(sessions_planned=2), desk.visits(1)[0], status=400)
    assert told.startswith("A booking names each open session once; these have no time or more than one: 2.")


# Seen elsewhere: times are an hour off after the clocks change; a time near the change of clocks is
# offered and cannot be booked.
def test_the_hour_that_spring_skips(desk: Desk, page: Pages) -> None:
    desk.location.hours.create(weekday=6, opens=time(0), closes=time(8))
    session = session_of(desk.booked(), 3)
    path, before = f"/sessions/{session.pk}/move/?scope=later&day=2027-03-28&time=01:30", tables()
    answer = page.client.get(path)
    assert (answer.status_code, tables()) == (400, before)
    assert said(answer).startswith("Sun 28 Mar 2027 has no 01:30: the clocks go forward over it.")


def test_the_twenty_ninth_of_february(desk: Desk, page: Pages) -> None:
    """Born on it, booked on it, and refused on one that there is not."""
    born = make_patient(desk.location.clinic, date_of_birth=date(2000, 2, 29))
    assert page.client.get(f"/patients/{born.pk}/").status_code == 200
    leap = desk.visit(1, datetime(2028, 2, 29, 10))
    session = desk.series(desk.patient(), sessions_planned=1)
    session.patient.consents.update(valid_to=date(2028, 12, 31))
    assert page.book(session, token_of(leap)).status_code == 302
    moved = session_of(session, 1)
    answer = page.client.get(f"/sessions/{moved.pk}/move/?scope=only&day=2027-02-29&time=10:00")
    assert (answer.status_code, Session.objects.get(pk=moved.pk).starts_at) == (422, leap.starts_at)


# --- what must stand in the record ---


def test_without_consent(desk: Desk, page: Pages) -> None:
    series = desk.series(sessions_planned=1)
    series.patient.consents.all().delete()
    told = page.booking_refused(series, desk.visits(1)[0])
    assert told == (
        "There is no signed consent to treatment for session 1 on Tue 19 Jan 2027, 10:00. "
        "Nothing was changed. Have the patient sign, then book."
    )


def test_a_blocked_patient(desk: Desk, page: Pages) -> None:
    """And the refusal does not say what was answered."""
    series = desk.series(sessions_planned=1)
    question = ScreeningQuestion.objects.create(
        clinic=desk.location.clinic, code="q", position=1, text="Something private?", kind="yes_no",
        effect=ScreeningEffect.BLOCK, source="Test", certainty="clinic_setting",
    )  # fmt: skip
    screening = series.patient.screenings.get()
    ScreeningAnswer.objects.create(screening=screening, question=question, said_yes=True)
    told = page.booking_refused(series, desk.visits(1)[0])
    assert told == (
        "The screening rules out session 1 on Tue 19 Jan 2027, 10:00. "
        "Nothing was changed. A clinician sees why on the screening page."
    )


def test_a_room_that_lacks_what_the_phase_needs(desk: Desk, page: Pages) -> None:
    desk.version.room_skills = ["sink"]
    desk.version.save()
    told = page.booking_refused(desk.series(sessions_planned=1), desk.visits(1)[0])
    assert told.startswith("Room 1 does not serve session 1: it lacks sink. Nothing was changed.")
