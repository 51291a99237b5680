"""Whatever goes wrong: `{code, message, facts}`, never a 5xx, and nothing written."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from rest_framework.exceptions import Throttled
from rest_framework.test import APIClient

from clinic.api import errors
from clinic.models import WeeklyHours, WriteKey
from clinic.permissions import Role
from patients.models import Consent, Patient, Screening
from planner.models import Session
from tests.api.caller import Caller, caller, caller_for, refusal
from tests.makers import NOW, make_location, make_patient, make_staff
from tests.planner.desk import everything, open_desk

pytestmark = pytest.mark.django_db
ZOE = {"first_name": "Zoë", "last_name": "Finch", "date_of_birth": "1995-05-17"}


@pytest.fixture
def who() -> Caller:
    return caller(make_location())


def _nothing_written() -> bool:
    return not Patient.objects.exists() and not WriteKey.objects.exists()


# Of the framework


def test_a_wrong_token_is_told_how_to_sign_in() -> None:
    response = APIClient().get("/api/v1/patients/", headers={"Authorization": "Token nonsense"})
    assert refusal(response) == (401, "authentication_failed")
    assert response.headers["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize(
    "path", ["nothing/", "patients/0/", "patients/-1/", f"patients/{10**30}/", "patients/x/"]
)
def test_what_is_not_there(who: Caller, path: str) -> None:
    assert refusal(who.get(path)) == (404, "not_found")


def test_a_page_that_is_not_there(who: Caller) -> None:
    assert refusal(who.get("patients/", page=2)) == (404, "not_found")


def test_a_method_that_is_not_there(who: Caller) -> None:
    assert refusal(who.send("patients/", method="delete")) == (405, "method_not_allowed")


def test_a_form_is_no_json(who: Caller) -> None:
    response = who.client.post("/api/v1/patients/", ZOE, headers={"Idempotency-Key": "k"})
    assert refusal(response) == (415, "unsupported_media_type")


def test_an_answer_in_xml(who: Caller) -> None:
    response = who.client.get("/api/v1/patients/", headers={"Accept": "application/xml"})
    assert refusal(response) == (406, "not_acceptable")


def test_a_session_needs_its_csrf_token() -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(make_staff(make_location()).user)
    assert refusal(client.post("/api/v1/patients/", ZOE, format="json")) == (403, "permission_denied")
    assert client.get("/api/v1/patients/").status_code == 200


def test_too_many_requests() -> None:
    response = errors.refuse(Throttled(wait=3), {})
    assert response is not None
    assert (response.status_code, response.data["code"], response.data["facts"]) == (
        429,
        "throttled",
        {"wait_seconds": 3},
    )


def test_what_breaks_on_our_side_says_nothing_of_it(who: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("patients.api.views.create_patient", lambda *a, **k: 1 / 0)
    response = who.send("patients/", ZOE)
    assert refusal(response) == (500, "error")
    assert b"division" not in response.content


def test_pages_keep_their_own_not_found(client: Client) -> None:
    response = client.get("/nothing/")
    assert (response.status_code, response.headers["Content-Type"]) == (404, "text/html; charset=utf-8")


# What is sent


@pytest.mark.parametrize(
    "body",
    [
        "{",
        '{"first_name": NaN}',
        '{"first_name": -Infinity}',
        '{"first_name": "\\ud800"}',
        '{"\\udfff": 1}',
        "[" * 100_000,
        '{"a":' * 900 + "1" + "}" * 900,
        "[" * 30 + "]" * 30,
        '{"first_name": ' + "9" * 5_000 + "}",
        b'{"first_name": "\xff"}',
    ],
    ids=["cut", "nan", "infinity", "half", "half-name", "deep", "deep-objects", "deeper-than-any", "huge", "bytes"],
)  # fmt: skip
def test_what_is_no_json_of_ours(who: Caller, body: str | bytes) -> None:
    assert refusal(who.send("patients/", body)) == (400, "parse_error")
    assert _nothing_written()


def test_a_body_over_the_limit(who: Caller) -> None:
    body = json.dumps(ZOE | {"notes": "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE})
    assert refusal(who.send("patients/", body)) == (413, "too_large")
    assert _nothing_written()


@pytest.mark.parametrize("body", ["[]", "7", '"text"', "null", "{}"])
def test_a_body_that_is_no_patient(who: Caller, body: str) -> None:
    assert refusal(who.send("patients/", body)) == (400, "invalid")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", "a\x00b"),
        ("first_name", "x" * 121),
        ("first_name", ["a"]),
        ("first_name", None),
        ("date_of_birth", "1995-02-30"),
        ("date_of_birth", "0001-01-01"),
        ("date_of_birth", "9999-12-31"),
        ("date_of_birth", 19950517),
        ("email", "nobody"),
        ("skin_type", 7),
        ("skin_type", 10**400),
        ("skin_type", {"a": []}),
        ("mail_allowed", "perhaps"),
        ("notes", "x" * 10_001),
    ],
)
def test_a_field_that_cannot_be(who: Caller, field: str, value: Any) -> None:
    response = who.send("patients/", ZOE | {field: value})
    assert (refusal(response), list(response.json()["facts"])) == ((400, "invalid"), [field])
    assert _nothing_written()


@pytest.mark.parametrize(
    "field", ["id", "clinic", "clinic_id", "folded_name", "version", "created_at", "staff", "is_superuser"]
)
def test_nothing_is_set_that_is_not_asked_for(who: Caller, field: str) -> None:
    response = who.send("patients/", ZOE | {field: 1})
    assert (refusal(response), response.json()["facts"]) == (
        (400, "invalid"),
        {field: ["There is no such field."]},
    )
    assert _nothing_written()


@pytest.mark.parametrize("key", ["", "x" * 81, "two words", "ü"])
def test_a_write_needs_a_key(who: Caller, key: str) -> None:
    assert refusal(who.send("patients/", ZOE, key=key)) == (400, "idempotency_key_missing")
    assert _nothing_written()


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("patients/", {"ordering": "clinic__name"}),
        ("patients/", {"ordering": "email"}),
        ("patients/", {"q": "a\x00b"}),
        ("patients/", {"q": "x" * 201}),
        ("sessions/", {"state": "nowhere"}),
        ("sessions/", {"first_day": "9999-12-31"}),
        ("sessions/", {"last_day": "0001-01-01"}),
        ("sessions/", {"first_day": "tomorrow"}),
        ("sessions/", {"resource": 10**30}),
        ("sessions/", {"resource": "1.5"}),
        ("messages/", {"patient": "NaN"}),
        ("series/", {"patient": "-1"}),
    ],
)
def test_a_filter_that_cannot_be(who: Caller, path: str, params: dict[str, Any]) -> None:
    response = who.get(path, **params)
    assert (refusal(response), list(response.json()["facts"])) == ((400, "invalid"), list(params))


# Of ours


def test_a_refusal_says_what_and_the_next_step(who: Caller) -> None:
    response = who.send("patients/", ZOE | {"date_of_birth": "2150-01-01"})
    assert response.json() == {
        "code": "born_in_future",
        "message": "Thu 1 Jan 2150 is still to come. Nothing was saved. Enter the day the patient was born.",
        "facts": {"day": "2150-01-01"},
    }
    assert (response.status_code, _nothing_written()) == (422, True)


def test_who_is_known_already_is_offered(who: Caller) -> None:
    known = make_patient(
        who.member.location.clinic, first_name="Zoe", last_name="Finch", folded_name="zoe finch"
    )
    response = who.send("patients/", ZOE)
    assert refusal(response) == (409, "likely_duplicate")
    assert response.json()["facts"] == {"patient_id": known.pk, "name": "Zoe Finch", "day": "1995-05-17"}
    assert who.done("patients/", ZOE | {"although_similar": True}, status=201)["last_name"] == "Finch"


def test_the_same_twice_in_one_body(who: Caller) -> None:
    patient = make_patient(who.member.location.clinic)
    area = {"site": "abdomen", "side": "middle", "stria_type": "alba", "stage": "IIb"}
    answer = {"question_id": 1, "said_yes": True}
    for path, body in (
        ("assessments", {"areas": [area, area]}),
        ("assessments", {"areas": [area | {"filled": [{"scale": "davey", "points": [1]}] * 2}]}),
        ("screenings", {"answers": [answer, answer]}),
    ):
        assert refusal(who.send(f"patients/{patient.pk}/{path}/", body)) == (400, "invalid")
    assert not WriteKey.objects.exists()


Spoil = Callable[[list[dict[str, Any]]], Any]


def _later(days: int = 0, **shift: int) -> Spoil:
    def spoil(visits: list[dict[str, Any]]) -> None:
        for visit in visits:
            visit["starts_at"] = (visit["starts_at"] + timedelta(days=days, **shift)).isoformat()

    return spoil


@pytest.mark.parametrize(
    ("spoil", "code", "others"),
    [
        (_later(days=-30), "in_the_past", []),
        (_later(minutes=1), "off_grid", ["off_grid", "off_grid", "off_grid"]),
        (_later(hours=9), "outside_hours", 11),
        (lambda visits: visits.pop(), "plan_incomplete", []),
    ],
)
def test_a_plan_that_cannot_be_is_refused_with_every_reason(
    spoil: Spoil, code: str, others: Any, time_machine: Any
) -> None:
    time_machine.move_to(NOW, tick=False)
    desk = open_desk()
    series, who = desk.series(), caller_for(desk.by.user.staff)
    fields = ("number", "starts_at", "practitioner_id", "room_id", "device_id")
    visits = [{name: getattr(visit, name) for name in fields} for visit in desk.visits()]
    spoil(visits)
    before = everything()
    response = who.send(f"series/{series.pk}/book/", json.dumps({"visits": visits}, default=str))
    assert refusal(response)[1] == code
    told = [other["code"] for other in response.json()["facts"].get("others", [])]
    assert (len(told) if isinstance(others, int) else told) == others
    assert everything() == before


@pytest.mark.parametrize(
    ("missing", "code"),
    [(Consent, "no_consent"), (Screening, "not_screened"), (WeeklyHours, "not_open_that_day")],
)
def test_a_booking_without_what_it_needs(missing: Any, code: str, time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)
    desk = open_desk()
    series, who = desk.series(), caller(desk.location, Role.FRONT_DESK)
    missing.objects.all().delete()
    visits = [
        {
            "number": each.number,
            "starts_at": each.starts_at.isoformat(),
            "practitioner_id": each.practitioner_id,
            "room_id": each.room_id,
            "device_id": each.device_id,
        }
        for each in desk.visits()
    ]
    before = everything()
    assert refusal(who.send(f"series/{series.pk}/book/", {"visits": visits})) == (409, code)
    assert everything() == before


def test_a_time_that_the_clocks_skip(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)
    desk = open_desk()
    series, who = desk.booked(), caller_for(desk.by.user.staff)
    session = Session.objects.get(series=series, number=3)
    visit = {"number": 3, "starts_at": "2027-03-28T01:30:00"}
    response = who.send(f"sessions/{session.pk}/move/", {"version": session.version, "visits": [visit]})
    assert refusal(response) == (400, "invalid")
    assert response.json()["facts"] == {
        "visits": {"0": {"starts_at": ["The clocks skip this time on that day."]}}
    }


def test_what_somebody_else_changed_meanwhile(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)
    desk = open_desk()
    series, who = desk.booked(), caller_for(desk.by.user.staff)
    session = Session.objects.get(series=series, number=1)
    before = everything()
    stale = who.send(f"sessions/{session.pk}/confirm/", {"version": session.version + 1})
    assert refusal(stale) == (409, "stale")
    assert everything() == before


def test_answers_are_kept_by_nobody(who: Caller) -> None:
    responses: list[HttpResponse] = [who.get("patients/"), who.send("patients/", {}), who.get("nothing/1/")]
    assert ["no-store" in each.headers.get("Cache-Control", "") for each in responses[:2]] == [True, True]
