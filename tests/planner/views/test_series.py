"""Patient, plan and series pages: what they say, what they refuse, how many statements they cost."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import localtime
from pytest_django import DjangoAssertNumQueries

from clinic.models import Location, ReadAudit, StaffMember
from clinic.permissions import Role
from patients.models import Area, AreaFinding, Assessment, Patient, Screening
from patients.services.defaults import load_screening_questions
from planner.choices import SessionState
from planner.models import ProtocolVersion, Reservation, Series, Session
from planner.schedule.book import book_series
from planner.schedule.propose import propose
from tests.makers import (
    NOW,
    acting,
    make_area,
    make_consent,
    make_device,
    make_location,
    make_patient,
    make_practitioner,
    make_protocol_version,
    make_room,
    make_series,
    make_staff,
    make_steps,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _monday_morning(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def location() -> Location:
    location = make_location()
    make_practitioner(location, name="Dr Elena Marsh")
    make_room(location)
    make_device(location)
    return location


@pytest.fixture
def clinician(location: Location) -> StaffMember:
    return make_staff(location)


@pytest.fixture
def patient(location: Location, clinician: StaffMember) -> Patient:
    """Screened, consented, her abdomen judged moderate."""
    patient = make_patient(location.clinic, first_name="Inês “Nê”", last_name="<b>O'Hara</b>")
    make_consent(patient)
    Screening.objects.create(patient=patient, taken_at=NOW, taken_by=clinician.user)
    area = make_area(patient)
    assessment = Assessment.objects.create(patient=patient, taken_at=NOW, taken_by=clinician.user)
    AreaFinding.objects.create(
        assessment=assessment, area=area, stage="IIb", widest_mm="3.5", severity="moderate", severity_rule="x"
    )
    return patient


@pytest.fixture
def version(location: Location) -> ProtocolVersion:
    return make_protocol_version(location.clinic)


def signed_in(member: Any) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def plan_form(version: ProtocolVersion, area: Area, **fields: Any) -> Any:
    """What the plan page posts when nothing was changed."""
    return {
        "key": "k1",
        "areas": [area.pk],
        "version": version.pk,
        "sessions": 4,
        "gap_min": 28,
        "gap_target": 35,
        "gap_max": 56,
    } | fields


def booked(patient: Patient, version: ProtocolVersion, location: Location, clinician: Any) -> Series:
    series = make_series(patient, version, location, by=clinician.user)
    visits = propose(series, now=NOW).plans[0].visits
    return book_series(series.pk, visits, by=acting(clinician), key=f"book-{series.pk}", now=NOW)


def shown_visits(page: str) -> list[str]:
    """The hidden visits of the first plan on the page, as its button would send them."""
    first = page.split('name="book" value="1"')[0]
    return [part.split('"')[0] for part in first.split('name="visit" value="')[1:]]


def test_the_recommended_recipe_is_shown_with_its_sources(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion
) -> None:
    page = signed_in(clinician).get(reverse("plan", args=[patient.pk]))
    assert page.status_code == 200
    assert "Recommended: Needling, moderate marks" in page.content.decode()
    assert "the clinic’s own setting, to be confirmed" in page.content.decode()


def test_without_an_assessment_the_page_says_what_to_do(
    clinician: StaffMember, location: Location, version: ProtocolVersion
) -> None:
    page = signed_in(clinician).get(reverse("plan", args=[make_patient(location.clinic).pk]))
    assert "No area has been assessed yet." in page.content.decode()


def test_a_whole_series_is_planned_and_booked(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion
) -> None:
    client = signed_in(clinician)
    answer = client.post(reverse("plan", args=[patient.pk]), plan_form(version, patient.areas.get()))
    series = Series.objects.get()
    assert answer["Location"] == reverse("series_plan", args=[series.pk])
    page = client.get(answer["Location"]).content.decode()
    assert page.count("Book this") == 3
    booking = client.post(answer["Location"], {"key": "b", "book": "1", "visit": shown_visits(page)})
    assert booking["Location"] == reverse("series", args=[series.pk])
    assert set(series.sessions.values_list("state", flat=True)) == {SessionState.BOOKED}
    assert Reservation.objects.count() == 12


def test_a_double_click_books_once(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion, location: Location
) -> None:
    client, series = signed_in(clinician), make_series(patient, version, location, by=clinician.user)
    url = reverse("series_plan", args=[series.pk])
    asked = {"key": "b", "book": "1", "visit": shown_visits(client.get(url).content.decode())}
    assert [client.post(url, asked).status_code for _ in range(2)] == [302, 302]
    assert Reservation.objects.count() == 12


def test_another_choice_needs_a_reason_and_keeps_what_was_typed(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion
) -> None:
    answer = signed_in(clinician).post(
        reverse("plan", args=[patient.pk]), plan_form(version, patient.areas.get(), sessions=5)
    )
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "no reason is given" in page
    assert 'value="5"' in page
    assert not Series.objects.exists()


# Seen elsewhere: two people take one slot and both are confirmed.
def test_a_taken_plan_is_refused_and_the_next_best_offered(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion, location: Location
) -> None:
    client, series = signed_in(clinician), make_series(patient, version, location, by=clinician.user)
    url = reverse("series_plan", args=[series.pk])
    seen = shown_visits(client.get(url).content.decode())
    rival = make_patient(location.clinic)
    make_consent(rival)
    Screening.objects.create(patient=rival, taken_at=NOW, taken_by=clinician.user)
    booked(rival, version, location, clinician)
    answer = client.post(url, {"key": "b", "book": "1", "visit": seen})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Nothing was changed" in page
    assert shown_visits(page) != seen
    assert set(series.sessions.values_list("state", flat=True)) == {SessionState.PLANNED}
    assert client.post(url, {"key": "c", "book": "1", "visit": shown_visits(page)}).status_code == 302


@pytest.mark.parametrize(
    "visit", [[], ["nonsense"], ["1.99999999999999.1.1.1"], ["1..1.1.1"], ["²..1.1.1"], ["1.1.x.1.1"]]
)
def test_a_forged_plan_books_nothing(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion, location: Location, visit: Any
) -> None:
    series = make_series(patient, version, location, by=clinician.user)
    answer = signed_in(clinician).post(
        reverse("series_plan", args=[series.pk]), {"key": "b", "book": "1", "visit": visit}
    )
    assert 400 <= answer.status_code < 500
    assert not Reservation.objects.exists()


def test_what_stands_in_the_way_is_said_before_anybody_tries(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion, location: Location
) -> None:
    load_screening_questions(location.clinic)
    patient.consents.all().delete()
    series = make_series(patient, version, location, by=clinician.user)
    page = signed_in(clinician).get(reverse("series_plan", args=[series.pk])).content.decode()
    assert "The consent is still to be signed." in page
    assert "Screening: not asked yet." in page


def test_when_nothing_fits_the_page_says_why_and_what_would_help(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion, location: Location
) -> None:
    location.absences.create(kind="closure", starts_at=NOW, ends_at=NOW + timedelta(days=900))
    series = make_series(patient, version, location, by=clinician.user)
    page = signed_in(clinician).get(reverse("series_plan", args=[series.pk])).content.decode()
    assert "No plan fits." in page
    assert "session 1" in page


def test_other_wishes_change_the_plans(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion, location: Location
) -> None:
    client, series = signed_in(clinician), make_series(patient, version, location, by=clinician.user)
    url = reverse("series_plan", args=[series.pk])
    client.post(url, {"key": "w", "version": series.version, "weekdays": ["2"]})
    series.refresh_from_db()
    assert series.weekdays == [2]
    assert "Wed 13 Jan 2027" in client.get(url).content.decode()


def test_the_mails_to_come_stand_alike_on_the_patients_and_the_series_page(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion, location: Location
) -> None:
    make_steps(version)
    series = booked(patient, version, location, clinician)
    cards = []
    for name, pk in (("patient", patient.pk), ("series", series.pk)):
        page = signed_in(clinician).get(reverse(name, args=[pk])).content.decode()
        cards.append(page.split('aria-labelledby="h-mails"')[1].split("</section>")[0])
    assert [card.count("<li>") for card in cards] == [5, 6]
    first = cards[0].split("</li>")[0]
    assert first == cards[1].split("</li>")[0]
    due = localtime(series.messages.filter(state="waiting").earliest("due_at").due_at, location.zone)
    assert f"<span>{due:%a} {due.day} {due:%b, %H:%M}</span>" in first


def test_a_series_is_stopped_with_a_reason_that_stays(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion, location: Location
) -> None:
    series = booked(patient, version, location, clinician)
    client, url = signed_in(clinician), reverse("series_stop", args=[series.pk])
    assert client.post(url, {"key": "s", "version": series.version, "reason": ""}).status_code == 200
    client.post(url, {"key": "s", "version": series.version, "reason": "Moves away"})
    assert set(series.sessions.values_list("state", flat=True)) == {SessionState.CANCELLED}
    assert not Reservation.objects.filter(is_active=True).exists()
    assert "Moves away" in client.get(reverse("patient", args=[patient.pk])).content.decode()


def test_a_stale_stop_is_refused(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion, location: Location
) -> None:
    series = booked(patient, version, location, clinician)
    answer = signed_in(clinician).post(
        reverse("series_stop", args=[series.pk]), {"key": "s", "version": series.version - 1, "reason": "x"}
    )
    assert answer.status_code == 409
    assert set(series.sessions.values_list("state", flat=True)) == {SessionState.BOOKED}


def test_a_name_is_never_markup(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion, location: Location
) -> None:
    booked(patient, version, location, clinician)
    page = signed_in(clinician).get(reverse("patient", args=[patient.pk])).content.decode()
    assert "<b>O'Hara" not in page
    assert "&lt;b&gt;O&#x27;Hara" in page


def test_who_may_not_see_the_record_sees_dates_only(
    location: Location, patient: Patient, version: ProtocolVersion, clinician: StaffMember
) -> None:
    booked(patient, version, location, clinician)
    desk = make_staff(location, Role.FRONT_DESK)
    page = signed_in(desk).get(reverse("patient", args=[patient.pk])).content.decode()
    assert "Sessions 1, 2, 3, 4: booked" in page
    assert "Assessment" not in page


def test_every_look_is_noted(
    clinician: StaffMember, patient: Patient, version: ProtocolVersion, location: Location
) -> None:
    series = booked(patient, version, location, clinician)
    client = signed_in(clinician)
    for name, pk in (("patient", patient.pk), ("series", series.pk), ("session", series.sessions.first().pk)):
        client.get(reverse(name, args=[pk]))
    assert list(ReadAudit.objects.order_by("pk").values_list("what", flat=True)) == [
        "patient",
        "series",
        "session",
    ]


@pytest.mark.parametrize("name", ["patient", "plan"])
def test_another_clinics_patient_does_not_exist(name: str, patient: Patient) -> None:
    stranger = make_staff(make_location())
    assert signed_in(stranger).get(reverse(name, args=[patient.pk])).status_code == 404


def test_a_long_history_costs_no_more_statements(
    clinician: StaffMember,
    patient: Patient,
    version: ProtocolVersion,
    location: Location,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    series = booked(patient, version, location, clinician)
    client, url = signed_in(clinician), reverse("patient", args=[patient.pk])
    client.get(url)
    with django_assert_max_num_queries(12) as few:
        client.get(url)
    for n in range(30):
        began = NOW - timedelta(days=500 - n)
        past = {"state": "done", "starts_at": began, "ends_at": began + timedelta(hours=1)}
        Session.objects.create(series=series, patient=patient, location=location, number=10 + n, **past)
        Screening.objects.create(
            patient=patient, taken_at=NOW - timedelta(days=n + 1), taken_by=clinician.user
        )
        Assessment.objects.create(
            patient=patient, taken_at=NOW - timedelta(days=n + 1), taken_by=clinician.user
        )
    with django_assert_max_num_queries(len(few)):
        client.get(url)


@pytest.mark.parametrize("name", ["series", "session"])
def test_a_long_series_costs_no_more_statements(
    clinician: StaffMember,
    patient: Patient,
    version: ProtocolVersion,
    location: Location,
    name: str,
    django_assert_max_num_queries: Any,
) -> None:
    series = booked(patient, version, location, clinician)
    client = signed_in(clinician)
    url = reverse(name, args=[series.pk if name == "series" else series.sessions.latest("number").pk])
    client.get(url)
    with django_assert_max_num_queries(12) as few:
        client.get(url)
    for n in range(30):
        began = NOW - timedelta(days=500 - n)
        past = {"state": "done", "starts_at": began, "ends_at": began + timedelta(hours=1)}
        Session.objects.create(series=series, patient=patient, location=location, number=10 + n, **past)
    with django_assert_max_num_queries(len(few)):
        client.get(url)
