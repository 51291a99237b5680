"""Every route of the API with a token, as every role, another clinic and a stranger; and what a role never reads."""

from datetime import date
from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from clinic.models import ReadAudit, WeeklyHours
from clinic.permissions import Right, Role, rights_of
from patients.models import Assessment, Screening, ScreeningAnswer, ScreeningOverride
from planner.models import AreaTreatment, Series, TreatmentRecord
from tests.api.caller import Caller, caller, refusal
from tests.little_clinic import LittleClinic, make_little_clinic
from tests.makers import NOW, make_location
from tests.test_access import ROUTES, Route

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("uncounted")]
API = [route for route in ROUTES if route.is_api]
SECRET = "Geheimnis"


@pytest.fixture
def little() -> LittleClinic:
    return make_little_clinic()


def _path(route: Route, little: LittleClinic) -> str:
    return route.address(little).removeprefix("/api/v1/")


def _answers(who: Caller, route: Route, little: LittleClinic) -> dict[str, tuple[int, str]]:
    """By method, the status and, of an error, its code."""
    path = _path(route, little)
    answers = {"get": who.get(path)} | {
        method: who.send(path, key="", method=method) for method in ("post", "patch", "put", "delete")
    }
    return {
        method: (each.status_code, "") if each.status_code == 200 else refusal(each)
        for method, each in answers.items()
    }


def test_the_walk_sees_the_routes() -> None:
    assert len(API) > 35


@pytest.mark.parametrize("method", ["get", "post", "patch", "put", "delete"])
def test_a_stranger_is_asked_for_a_token(little: LittleClinic, method: str) -> None:
    client = APIClient()
    for route in API:
        response = getattr(client, method)(route.address(little))
        assert refusal(response) == (401, "not_authenticated"), route.path
        assert response.headers["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("role", list(Role))
def test_each_method_is_open_to_whom_its_right_says(little: LittleClinic, role: Role) -> None:
    who = caller(little.location, role)
    for route in API:
        answers = _answers(who, route, little)
        for method, (status, code) in answers.items():
            right = route.right if method == "get" else route.right_to_write
            if right not in rights_of(role):
                assert (status, code) == (404, "not_found"), (route.path, method)
            elif method not in route.guard.http_method_names or not hasattr(route.guard, method):
                assert (status, code) == (405, "method_not_allowed"), (route.path, method)
            elif method == "get":
                assert code in ("", "no_record_yet", "nothing_to_recommend"), (route.path, code)
            else:
                assert code in ("", "invalid", "idempotency_key_missing", "already_booked"), (
                    route.path,
                    code,
                )


def test_a_wrong_role_another_clinics_id_and_nobodys_are_told_the_same(little: LittleClinic) -> None:
    path = f"patients/{little.kwargs['patient_id']}/screenings/"
    answers = [
        caller(little.location, Role.FRONT_DESK).get(path),
        caller(make_location()).get(path),
        caller(little.location).get("patients/999999999/screenings/"),
        caller(little.location).get("nothing/"),
    ]
    assert {answer.content.replace(b": ", b":").replace(b", ", b",") for answer in answers} == {
        b'{"code":"not_found","message":"Not found.","facts":{}}'
    }


@pytest.mark.parametrize("role", list(Role))
def test_another_clinics_people_find_nothing_here(little: LittleClinic, role: Role) -> None:
    who = caller(make_location(name="Elsewhere"), role)
    for route in API:
        if route.keywords:
            assert set(_answers(who, route, little).values()) == {(404, "not_found")}, route.path
        elif route.right in rights_of(role) and "scales" not in route.path:
            response = who.get(_path(route, little))
            own = WeeklyHours.objects.filter(location=who.member.location).count()
            assert response.json()["count"] == (own if route.name == "api_hours-list" else 0), route.path


def _write_secrets(little: LittleClinic) -> None:
    Screening.objects.update(note=SECRET)
    ScreeningAnswer.objects.update(note=SECRET)
    Assessment.objects.update(note=SECRET)
    Series.objects.update(choice_reason=SECRET)
    by = ScreeningAnswer.objects.get().screening.taken_by
    ScreeningOverride.objects.update(reason=SECRET)
    record = TreatmentRecord.objects.create(
        session_id=little.kwargs["session_id"],
        recorded_by=by,
        recorded_at=NOW,
        cartridge_lot=SECRET,
        cartridge_expires_on=date(2030, 1, 1),
        note=SECRET,
    )
    AreaTreatment.objects.create(
        record=record, area_id=little.kwargs["area_id"], depth_mm=Decimal("1.5"), passes=4, endpoint="redness"
    )


@pytest.mark.parametrize("role", list(Role))
def test_the_record_is_read_by_whom_it_concerns(little: LittleClinic, role: Role) -> None:
    _write_secrets(little)
    who = caller(little.location, role)
    told = [route.name for route in API if SECRET.encode() in who.get(_path(route, little)).content]
    sees = ["api_assessment-list", "api_screening-list"]
    sees += ["api_series-detail", "api_series-list", "api_session-record"]
    assert sorted(told) == (sees if Right.SEE_RECORD in rights_of(role) else [])


@pytest.mark.parametrize(("role", "skin_type"), [(Role.CLINICIAN, 2), (Role.FRONT_DESK, None)])
def test_the_skin_type_belongs_to_the_record(little: LittleClinic, role: Role, skin_type: int | None) -> None:
    patient = caller(little.location, role).get(f"patients/{little.kwargs['patient_id']}/").json()
    assert patient["skin_type"] == skin_type


def test_the_front_desk_sets_no_skin_type(little: LittleClinic) -> None:
    who, path = caller(little.location, Role.FRONT_DESK), f"patients/{little.kwargs['patient_id']}/"
    response = who.send(path, {"version": 1, "skin_type": 5}, method="patch")
    assert (refusal(response), response.json()["facts"]) == (
        (400, "invalid"),
        {"skin_type": ["There is no such field."]},
    )


def test_who_read_whose_record_is_noted(little: LittleClinic) -> None:
    who = caller(little.location)
    about_a_person = {"patient_id", "series_id", "session_id", "message_id", "answer_id", "consent_id"}
    lists = {f"api_{each}-list" for each in ("patient", "series", "session", "message")}
    for route in API:
        ReadAudit.objects.all().delete()
        who.get(_path(route, little))
        noted = list(ReadAudit.objects.values_list("user_id", "patient_ids"))
        expected = [(who.member.user_id, [little.kwargs["patient_id"]])]
        is_about_a_person = about_a_person & set(route.keywords) or route.name in lists
        assert noted == (expected if is_about_a_person else []), route.path
