"""Lists: pages, filters, orders, and as many statements for thirty rows as for one."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import Location, StaffMember
from patients.models import (
    AreaFinding,
    Assessment,
    ConsentText,
    Patient,
    Photo,
    Score,
    Screening,
    ScreeningAnswer,
    ScreeningOverride,
    ScreeningQuestion,
)
from planner.models import Message, Reservation, Series
from tests.api.caller import Caller, caller, refusal
from tests.makers import (
    NOW,
    make_area,
    make_booked_series,
    make_consent,
    make_location,
    make_patient,
    make_practitioner,
    make_protocol_version,
    make_room,
)

pytestmark = pytest.mark.django_db
SITES = [
    (site, side) for site in ("hips", "thigh_outer", "breast", "calf", "knee") for side in ("left", "right")
]


@pytest.fixture
def who() -> Caller:
    return caller(make_location())


def _question(location: Location, n: int) -> ScreeningQuestion:
    words: dict[str, Any] = {"kind": "yes_no", "effect": "warn", "source": "Test", "certainty": "found"}
    return ScreeningQuestion.objects.create(
        clinic=location.clinic, code=f"question-{n}", position=n, text="Well?", **words
    )


def _screening(patient: Patient, by: StaffMember, n: int) -> None:
    screening = Screening.objects.create(patient=patient, taken_at=NOW, taken_by=by.user)
    for m in range(3):
        question = ScreeningQuestion.objects.filter(code=f"question-{m}").first()
        answer = ScreeningAnswer.objects.create(
            screening=screening, question=question or _question(by.location, m), said_yes=True
        )
        ScreeningOverride.objects.create(answer=answer, by=by.user, at=NOW, reason="Known")


def _assessment(patient: Patient, by: StaffMember, n: int) -> None:
    assessment = Assessment.objects.create(patient=patient, taken_at=NOW, taken_by=by.user)
    area = patient.areas.first() or make_area(patient)
    AreaFinding.objects.create(assessment=assessment, area=area, severity="mild", severity_rule="stage")
    score = {"scale_version": 1, "points": [1], "total": 1}
    Score.objects.create(assessment=assessment, area=area, scale="gais", **score)


def _photo(patient: Patient, by: StaffMember, n: int) -> None:
    size = {"width_px": 1, "height_px": 1, "sha256": "0" * 64}
    Photo.objects.create(patient=patient, view="region", taken_at=NOW, taken_by=by.user, file="x", **size)


def _series(patient: Patient, by: StaffMember, n: int) -> Series:
    version = by.location.clinic.protocols.first()
    version = version.versions.get() if version else make_protocol_version(by.location.clinic)  # type: ignore[assignment]
    start = NOW + timedelta(days=n * 1_000)
    return make_booked_series(
        by.location, version=version, patient=make_patient(by.location.clinic), by=by.user, first=start
    )


def _session(patient: Patient, by: StaffMember, n: int) -> None:
    series = _series(patient, by, n)
    for resource in (make_practitioner(by.location), make_room(by.location)):
        for session in series.sessions.all():
            assert session.starts_at is not None
            end = session.starts_at + timedelta(hours=1)
            times = {"starts_at": session.starts_at, "used_until": end, "ends_at": end}
            Reservation.objects.create(session=session, resource=resource, **times)


def _message(patient: Patient, by: StaffMember, n: int) -> None:
    series = Series.objects.first() or _series(patient, by, n)
    Message.objects.create(
        location=by.location,
        patient=series.patient,
        series=series,
        step=series.protocol_version.steps.first(),
        about_version=n + 1,
        due_at=NOW + timedelta(days=n),
        expires_at=NOW + timedelta(days=n + 1),
        message_id=f"<{n}@example.com>",
        created_at=NOW,
    )


Add = Callable[[Patient, StaffMember, int], Any]
LISTS: dict[str, tuple[Add, int]] = {
    "patients/": (lambda patient, by, n: n and make_patient(by.location.clinic), 5),
    "patients/{}/screenings/": (_screening, 7),
    "patients/{}/consents/": (lambda patient, by, n: make_consent(patient, taken_by=by.user), 6),
    "patients/{}/areas/": (
        lambda patient, by, n: n < 10 and make_area(patient, site=SITES[n][0], side=SITES[n][1]),
        6,
    ),
    "patients/{}/assessments/": (_assessment, 8),
    "patients/{}/photos/": (_photo, 6),
    "questions/": (lambda patient, by, n: _question(by.location, n), 4),
    "consent-texts/": (
        lambda patient, by, n: n
        < 2 and ConsentText.objects.create(
            clinic=by.location.clinic, kind=("treatment", "photo")[n], version=1, title="T", body="B"
        ),
        4,
    ),
    "resources/": (lambda patient, by, n: make_room(by.location), 4),
    "protocols/": (lambda patient, by, n: make_protocol_version(by.location.clinic), 5),
    "series/": (_series, 7),
    "sessions/": (_session, 6),
    "messages/": (_message, 5),
}  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_thirty_rows_cost_no_more_statements_than_one(who: Caller, path: str) -> None:
    add, expected = LISTS[path]
    patient, costs, counts = make_patient(who.member.location.clinic), [], []
    for rows in (range(1), range(1, 30)):
        for n in rows:
            add(patient, who.member, n)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = who.get(path.format(patient.pk), page_size=200)
        costs.append(len(queries))
        counts.append(response.json()["count"])
    assert costs == [expected, expected], [query["sql"][:160] for query in queries.captured_queries]
    assert counts[1] > counts[0] > 0


@pytest.mark.parametrize("path", LISTS)
def test_a_filter_that_no_list_knows_is_refused_by_name(who: Caller, path: str) -> None:
    patient = make_patient(who.member.location.clinic)
    response = who.get(path.format(patient.pk), sates="booked")
    assert (response.status_code, list(response.json()["facts"])) == (400, ["sates"])


@pytest.mark.parametrize("order", ["created_at,", ",", ",,-created_at", ""])
def test_nothing_between_two_commas_orders_nothing(who: Caller, order: str) -> None:
    assert who.get("patients/", ordering=order).status_code == 200


def test_pages_follow_each_other_without_overlap(who: Caller) -> None:
    made = [make_patient(who.member.location.clinic, created_at=NOW).pk for _ in range(7)]
    pages = [
        who.get("patients/", page=page, page_size=3, ordering="-created_at").json() for page in (1, 2, 3)
    ]
    assert [[row["id"] for row in page["results"]] for page in pages] == [made[:3], made[3:6], made[6:]]
    assert (pages[0]["count"], pages[0]["previous"], pages[2]["next"]) == (7, None, None)
    assert pages[0]["next"] == ("http://testserver/api/v1/patients/?ordering=-created_at&page=2&page_size=3")


def test_a_page_has_at_most_200_rows(who: Caller) -> None:
    clinic = who.member.location.clinic
    Patient.objects.bulk_create(
        Patient(clinic=clinic, folded_name=f"{n:04}", date_of_birth=NOW.date(), created_at=NOW)
        for n in range(201)
    )
    assert len(who.get("patients/", page_size=1_000).json()["results"]) == 200


@pytest.mark.parametrize("q", ["zoe", "FINCH zoë", "zoe@", "7700 900123", "17/05/1990"])
def test_a_patient_is_found_as_on_the_page(who: Caller, q: str) -> None:
    clinic = who.member.location.clinic
    make_patient(clinic)
    make_patient(make_location().clinic, first_name="Zoë", last_name="Finch", email="zoe@example.com")
    zoe = make_patient(
        clinic,
        first_name="Zoë",
        last_name="Finch",
        email="zoe@example.com",
        phone="+44 7700 900123",
        date_of_birth=date(1990, 5, 17),
    )
    assert [row["id"] for row in who.get("patients/", q=q).json()["results"]] == [zoe.pk]


def test_sessions_by_local_day_resource_and_state(who: Caller) -> None:
    """A location ahead of UTC: its Tuesday begins on Monday evening."""
    place = who.member.location
    place.timezone = "Asia/Tokyo"
    place.save()
    monday_evening_utc = NOW.replace(hour=16)
    series = make_booked_series(place, first=monday_evening_utc)
    first = series.sessions.get(number=1)
    room = make_room(place)
    end = monday_evening_utc + timedelta(hours=1)
    Reservation.objects.create(
        session=first, resource=room, starts_at=monday_evening_utc, used_until=end, ends_at=end
    )

    def found(**filters: Any) -> list[int]:
        return [row["number"] for row in who.get("sessions/", **filters).json()["results"]]

    assert found(first_day="2027-01-12", last_day="2027-01-12") == [1]
    assert found(first_day="2027-01-11", last_day="2027-01-11") == []
    assert found(resource=room.pk) == [1]
    assert found(state=["booked", "done"], series=series.pk) == [1, 2, 3, 4]
    assert found(state="done") == []
    assert found(ordering="-starts_at") == [4, 3, 2, 1]


def test_an_order_that_is_not_offered_is_refused(who: Caller) -> None:
    response = who.get("sessions/", ordering="patient__notes")
    assert refusal(response) == (400, "invalid")


def test_times_are_answered_as_the_locations_clocks_show_them(who: Caller) -> None:
    make_booked_series(who.member.location, first=NOW.replace(month=6))
    (first, *_) = who.get("sessions/").json()["results"]
    assert first["starts_at"] == "2027-06-11T10:00:00+01:00"
