"""The whole main job through the API, as the people who do it."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from clinic.permissions import Role
from patients.services.defaults import load_consent_texts, load_screening_questions
from planner.models import Series
from planner.outbox.steps import load_steps
from planner.protocols.catalogue import load_protocols
from tests.api.caller import Caller, caller, refusal
from tests.makers import NOW, make_device, make_location, make_practitioner, make_room

pytestmark = pytest.mark.django_db
ABDOMEN = {"site": "abdomen", "side": "middle", "stria_type": "alba", "stage": "IIb", "widest_mm": "5.0"}


@pytest.fixture
def clinician() -> Caller:
    place = make_location()
    load_screening_questions(place.clinic)
    load_consent_texts(place.clinic)
    load_protocols(place.clinic, load_steps(), now=NOW)
    make_practitioner(place)
    make_room(place, skills=["procedure"])
    make_device(place)
    return caller(place)


def _screened(clinician: Caller, patient_id: int, *, is_recheck: bool = False) -> Any:
    asked = {"ask_every_session": True} if is_recheck else {}
    questions = clinician.get("questions/", page_size=200, **asked).json()["results"]
    answers = [{"question_id": question["id"], "said_yes": False} for question in questions]
    body = {"answers": answers, "is_recheck": is_recheck}
    return clinician.done(f"patients/{patient_id}/screenings/", body, status=201)


def _consented(clinician: Caller, patient_id: int, name: str) -> Any:
    (text,) = clinician.get("consent-texts/", kind="treatment").json()["results"]
    body = {"text_id": text["id"], "signed_name": name, "agreed": True}
    return clinician.done(f"patients/{patient_id}/consents/", body, status=201)


def _new_patient(desk: Caller) -> Any:
    details = {"first_name": "Zoë", "last_name": "O’Neill", "date_of_birth": "1995-05-17"}
    return desk.done("patients/", details | {"email": "zoe@example.com"}, status=201)


def _drafted(clinician: Caller, patient_id: int) -> Any:
    advice = clinician.get(f"patients/{patient_id}/recommendation/").json()
    (area,) = clinician.get(f"patients/{patient_id}/areas/").json()["results"]
    taken = ("version_id", "sessions", "gap_min_days", "gap_target_days", "gap_max_days")
    body = {"patient_id": patient_id, "area_ids": [area["id"]], "starts_from": "2027-01-18"}
    return clinician.done("series/", body | {name: advice[name] for name in taken}, status=201)


def test_from_a_new_patient_to_the_waiting_aftercare(clinician: Caller) -> None:
    desk = caller(clinician.member.location, Role.FRONT_DESK)
    with time_machine.travel(NOW, tick=False) as clock:
        patient = _new_patient(desk)
        where = f"patients/{patient['id']}"
        _screened(clinician, patient["id"])
        assert desk.get(f"{where}/standing/").json() == {
            "is_screened": True, "may_book": True, "effect": "clear", "earliest": None,
        }  # fmt: skip
        _consented(clinician, patient["id"], "Zoë O’Neill")
        clinician.done(f"{where}/assessments/", {"areas": [ABDOMEN], "skin_type": 2}, status=201)

        series = _drafted(clinician, patient["id"])
        assert (series["state"], {each["state"] for each in series["sessions"]}) == ("draft", {"planned"})
        answer = desk.done(f"series/{series['id']}/propose/")
        assert len(answer["plans"]) == 3
        plan = answer["plans"][0]
        booked = desk.done(f"series/{series['id']}/book/", {"visits": plan["visits"]})
        assert booked["state"] == "active"
        assert [each["starts_at"] for each in booked["sessions"]] == [
            visit["starts_at"] for visit in plan["visits"]
        ]

        first = Series.objects.get(pk=series["id"]).sessions.get(number=1)
        assert first.starts_at is not None
        clock.move_to(first.starts_at - timedelta(minutes=10))
        session = f"sessions/{first.pk}"
        arrived = desk.done(f"{session}/arrive/", {"version": first.version})
        assert refusal(clinician.send(f"{session}/start/", {"version": first.version})) == (
            409,
            "not_checked_today",
        )
        _screened(clinician, patient["id"], is_recheck=True)
        started = clinician.done(f"{session}/start/", {"version": arrived["version"]})
        assert started["state"] == "in_treatment"
        entry = {"area_id": series["areas"][0]["id"], "depth_mm": "1.50", "passes": 4, "bleeding": 1}
        record = {
            "areas": [entry | {"endpoint": "few_pinpoints"}],
            "cartridge_lot": "L-77",
            "cartridge_expires_on": "2028-08-31",
        }
        done = clinician.done(f"{session}/complete/", record | {"version": started["version"]})
        assert done["state"] == "done"

    written = clinician.get(f"{session}/record/").json()
    assert (written["cartridge_lot"], written["areas"][0]["depth_mm"]) == ("L-77", "1.50")
    waiting = desk.get("messages/", state="waiting", session=first.pk).json()
    steps = {message["step"] for message in waiting["results"]}
    assert {step for step in steps if step.startswith("after")} == {
        "after_4h", "after_1d", "after_3d", "after_7d", "after_14d", "after_28d",
    }  # fmt: skip
