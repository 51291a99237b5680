"""A write that arrives twice: the same answer, and nothing written a second time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from clinic.models import WriteKey
from clinic.permissions import Role
from patients.models import Patient
from planner.models import Message, MessageEvent, Session, SessionEvent
from tests.api.caller import Caller, caller, caller_for, refusal
from tests.makers import NOW, make_booked_series, make_location, make_patient
from tests.planner.desk import open_desk

pytestmark = pytest.mark.django_db
ZOE = {"first_name": "Zoë", "last_name": "Finch", "date_of_birth": "1995-05-17"}


@pytest.fixture
def desk() -> Caller:
    return caller(make_location(), Role.FRONT_DESK)


def test_a_repeated_write_answers_the_same(desk: Caller) -> None:
    first, second = (desk.send("patients/", ZOE, key="once") for _ in range(2))
    assert (first.status_code, first.content) == (201, second.content)
    assert (second.status_code, Patient.objects.count()) == (201, 1)


def test_another_body_under_the_same_key_is_refused(desk: Caller) -> None:
    desk.done("patients/", ZOE, key="once", status=201)
    response = desk.send("patients/", ZOE | {"last_name": "Starling"}, key="once")
    assert refusal(response) == (422, "key_used_for_something_else")
    assert Patient.objects.count() == 1


def test_another_use_of_the_same_key_is_refused(desk: Caller) -> None:
    patient = desk.done("patients/", ZOE, key="once", status=201)
    response = desk.send(f"patients/{patient['id']}/", {"version": 1}, key="once", method="patch")
    assert refusal(response) == (422, "key_used_for_something_else")
    assert Patient.objects.get().version == 1


def test_two_people_may_choose_the_same_key(desk: Caller) -> None:
    other = caller(desk.member.location, Role.FRONT_DESK)
    desk.done("patients/", ZOE, key="1", status=201)
    other.done("patients/", ZOE | {"last_name": "Starling"}, key="1", status=201)
    assert Patient.objects.count() == 2


def test_a_refusal_leaves_the_key_free(desk: Caller) -> None:
    desk.send("patients/", ZOE | {"date_of_birth": "2150-01-01"}, key="once")
    assert desk.done("patients/", ZOE, key="once", status=201)["last_name"] == "Finch"


def test_a_repeated_change_is_no_second_change_whatever_happened_between(desk: Caller) -> None:
    patient = make_patient(desk.member.location.clinic, phone="")
    path = f"patients/{patient.pk}/"
    desk.done(path, {"version": 1, "notes": "Rings first"}, key="notes", method="patch")
    desk.done(path, {"version": 2, "phone": "0113 496 0000"}, method="patch")
    again = desk.done(path, {"version": 1, "notes": "Rings first"}, key="notes", method="patch")
    assert (again["version"], again["notes"], again["phone"]) == (3, "Rings first", "+44 113 496 0000")


def test_what_is_not_sent_stays(desk: Caller) -> None:
    patient = make_patient(desk.member.location.clinic, notes="Rings first", skin_type=4)
    changed = desk.done(f"patients/{patient.pk}/", {"version": 1, "email": ""}, method="patch")
    assert (changed["email"], changed["notes"], changed["version"]) == ("", "Rings first", 2)
    assert Patient.objects.get().skin_type == 4


def test_a_change_to_what_somebody_else_changed_is_refused(desk: Caller) -> None:
    patient = make_patient(desk.member.location.clinic, version=2, notes="")
    response = desk.send(f"patients/{patient.pk}/", {"version": 1, "notes": "x"}, method="patch")
    assert refusal(response) == (409, "patient_changed")
    assert (Patient.objects.get().notes, WriteKey.objects.count()) == ("", 0)


def test_a_mail_is_taken_back_once(desk: Caller) -> None:
    series = make_booked_series(desk.member.location)
    message = Message.objects.create(
        location=series.location,
        patient=series.patient,
        series=series,
        step=series.protocol_version.steps.first(),
        about_version=1,
        due_at=NOW,
        expires_at=NOW + timedelta(days=9_999),
        message_id="<1@example.com>",
        created_at=NOW,
    )
    path, body = f"messages/{message.pk}/withdraw/", {"why": "Rang instead"}
    answers = [desk.done(path, body, key="back") for _ in range(2)]
    assert answers[0] == answers[1]
    assert (answers[0]["state"], MessageEvent.objects.count()) == ("withdrawn", 1)


def test_a_session_is_moved_once(time_machine: Any) -> None:
    time_machine.move_to(NOW, tick=False)
    desk = open_desk()
    session, who = Session.objects.get(series=desk.booked(), number=4), caller_for(desk.by.user.staff)
    (plan, *_) = who.done(f"sessions/{session.pk}/propose-move/")["plans"]
    body = {"version": session.version, "visits": plan["visits"], "reason": "Asked to"}
    answers = [who.done(f"sessions/{session.pk}/move/", body, key="move") for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0]["starts_at"] == plan["visits"][0]["starts_at"]
    assert SessionEvent.objects.filter(session=session, kind="moved").count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_are_one() -> None:
    desk = caller(make_location(), Role.FRONT_DESK)

    def send(_: int) -> tuple[int, bytes]:
        try:
            response = caller_for(desk.member).send("patients/", ZOE, key="once")
            return response.status_code, response.content
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(send, range(20)))
    assert {status for status, _ in answers} == {201}
    assert len(set(answers)) == 1
    assert (Patient.objects.count(), WriteKey.objects.count()) == (1, 1)
