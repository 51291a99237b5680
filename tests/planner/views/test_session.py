"""The session page: check, start, record beside last time's values, finish."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import StaffMember
from clinic.permissions import Role
from patients.models import Screening
from planner.choices import SeriesState, SessionState
from planner.models import AreaTreatment, Reservation, Session, TreatmentRecord
from tests.makers import (
    NOW,
    make_consent,
    make_device,
    make_location,
    make_patient,
    make_protocol_version,
    make_series,
    make_staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_the_room(time_machine: Any) -> None:
    time_machine.move_to(NOW + timedelta(minutes=30), tick=False)


@pytest.fixture
def clinician() -> StaffMember:
    return make_staff(make_location(), name="Dr Elena Marsh")


@pytest.fixture
def session(clinician: StaffMember) -> Any:
    """Session 2 of 4: the patient is here, and was asked today; session 1 has its record."""
    location = clinician.location
    patient = make_patient(location.clinic)
    make_consent(patient)
    Screening.objects.create(patient=patient, taken_at=NOW, taken_by=clinician.user)
    version = make_protocol_version(location.clinic)
    series = make_series(patient, version, location, by=clinician.user, state=SeriesState.ACTIVE)
    first, second = series.sessions.order_by("number")[:2]
    _put(first, NOW - timedelta(days=35), SessionState.DONE)
    _put(second, NOW, SessionState.ARRIVED)
    record = TreatmentRecord.objects.create(
        session=first, recorded_by=clinician.user, recorded_at=NOW - timedelta(days=35), cartridge_lot="KN-2291",
        cartridge_expires_on=NOW.date(), anaesthetic="Lidocaine 4%", pain=5, note="Redness gone on day 4.",
    )  # fmt: skip
    AreaTreatment.objects.create(
        record=record,
        area=series.areas.get(),
        depth_mm=Decimal("1.75"),
        passes=5,
        endpoint="few_pinpoints",
        bleeding=2,
    )
    pen = make_device(location)
    Reservation.objects.create(
        session=second, resource=pen, starts_at=NOW, used_until=second.ends_at, ends_at=second.ends_at
    )
    return second


def _put(session: Session, at: Any, state: Any) -> None:
    session.starts_at, session.ends_at, session.state = at, at + timedelta(minutes=105), state
    session.save()


def signed_in(member: Any) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def show(member: Any, session: Session) -> str:
    return signed_in(member).get(reverse("session", args=[session.pk])).content.decode()


def press(member: Any, session: Session, name: Any, **fields: Any) -> Any:
    return signed_in(member).post(
        reverse(name, args=[session.pk]), {"key": f"{name}-1", "version": session.version} | fields
    )


def record_of(session: Session, **fields: Any) -> dict[str, object]:
    area = f"area{session.series.areas.get().pk}"
    return {
        "record_version": 0,
        "cartridge_lot": "KN-2417",
        "cartridge_expires_on": "08/2028",
        "reaction": "none",
        "pain": 4,
        f"{area}-depth_mm": "1.5",
        f"{area}-passes": 4,
        f"{area}-endpoint": "even_pinpoints",
        f"{area}-bleeding": 1,
    } | fields


def test_last_times_settings_are_carried_forward(clinician: StaffMember, session: Any) -> None:
    press(clinician, session, "session_start")
    page = show(clinician, session)
    assert 'value="1.75"' in page
    assert 'value="Lidocaine 4%"' in page
    assert "Redness gone on day 4." in page


def test_a_start_without_todays_questions_says_so_and_changes_nothing(
    clinician: StaffMember, session: Any
) -> None:
    session.patient.screenings.all().delete()
    answer = press(clinician, session, "session_start")
    session.refresh_from_db()
    assert answer.status_code == 409
    assert "have not been asked" in answer.content.decode()
    assert session.state == SessionState.ARRIVED


def test_a_session_is_recorded_and_finished(clinician: StaffMember, session: Any) -> None:
    press(clinician, session, "session_start")
    answer = press(clinician, session, "session_record", finish="", **record_of(session))
    session.refresh_from_db()
    assert answer["Location"] == reverse("session", args=[session.pk])
    assert session.state == SessionState.DONE
    assert f"{session.record.cartridge_expires_on}" == "2028-08-31"
    assert "by Dr Elena Marsh" in show(clinician, session)


def test_saving_does_not_finish(clinician: StaffMember, session: Any) -> None:
    press(clinician, session, "session_start")
    press(clinician, session, "session_record", save="", **record_of(session))
    session.refresh_from_db()
    assert session.state == SessionState.IN_TREATMENT
    assert session.record.version == 1


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("cartridge_expires_on", "13/2028", "for example 08/2028"),
        ("cartridge_expires_on", "12/2026", "expired on"),
        ("cartridge_lot", "", "required"),
        ("pain", "11", "less than or equal to 10"),
        ("note", "x" * 10_001, "at most 10000 characters"),
    ],
)
def test_a_wrong_entry_is_refused_with_everything_typed_kept(
    clinician: StaffMember, session: Any, field: str, value: Any, said: str
) -> None:
    press(clinician, session, "session_start")
    answer = press(
        clinician,
        session,
        "session_record",
        finish="",
        **record_of(session, anaesthetic="EMLA", **{field: value}),
    )
    page = answer.content.decode()
    assert 400 <= answer.status_code < 500
    assert said in page
    assert 'value="EMLA"' in page
    assert not TreatmentRecord.objects.filter(session=session).exists()


def test_an_older_page_does_not_overwrite_a_newer_entry(clinician: StaffMember, session: Any) -> None:
    press(clinician, session, "session_start")
    press(clinician, session, "session_record", save="", **record_of(session, pain=6))
    answer = press(clinician, session, "session_record", key="other", save="", **record_of(session, pain=2))
    assert answer.status_code == 409
    assert TreatmentRecord.objects.get(session=session).pain == 6


def test_the_front_desk_sees_the_time_but_not_the_record(clinician: StaffMember, session: Any) -> None:
    desk = make_staff(clinician.location, Role.FRONT_DESK)
    page = show(desk, session)
    assert "session 2 of 4" in page
    assert "Redness gone" not in page
    assert "Before the needle" not in page
    assert press(desk, session, "session_start").status_code == 404
    session.refresh_from_db()
    assert session.state == SessionState.ARRIVED


def test_another_clinics_session_does_not_exist(session: Any) -> None:
    assert (
        signed_in(make_staff(make_location())).get(reverse("session", args=[session.pk])).status_code == 404
    )
