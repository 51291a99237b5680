"""Whoever sees a patient is noted: every address, opened by somebody who may, leaves one note that names them.

A new route needs nothing here if it shows a patient; if it shows none, it says in `NOBODY_S` why.
"""

from pathlib import Path

import pytest
import time_machine
from django.db import transaction
from django.test import Client

from clinic.models import ReadAudit
from clinic.permissions import Role, rights_of
from planner.models import Session
from tests.little_clinic import LittleClinic, make_little_clinic
from tests.makers import make_staff
from tests.test_access import ROUTES, Route

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parent.parent
WHAT_A_CLINIC_IS = "its hours, places, devices and people, and nobody's record"
HOW_A_CLINIC_TREATS = "protocols, questions, texts and scales, the same for everybody"
MADE_UP = "the mail of a step, about somebody invented"
ONE_S_OWN = "what somebody sets for themselves"
EMPTY_FORM = "a form for somebody the clinic does not know yet"
NOBODY_S = {
    "hide_names": ONE_S_OWN,
    "appearance": ONE_S_OWN,
    "settings": WHAT_A_CLINIC_IS,
    "settings_location": WHAT_A_CLINIC_IS,
    "settings_hours": WHAT_A_CLINIC_IS,
    "settings_hours_change": WHAT_A_CLINIC_IS,
    "settings_hours_remove": WHAT_A_CLINIC_IS,
    "settings_days": WHAT_A_CLINIC_IS,
    "settings_absence_new": WHAT_A_CLINIC_IS,
    "settings_absence_remove": WHAT_A_CLINIC_IS,
    "settings_extra_new": WHAT_A_CLINIC_IS,
    "settings_extra_remove": WHAT_A_CLINIC_IS,
    "settings_resources": WHAT_A_CLINIC_IS,
    "settings_resource_new": WHAT_A_CLINIC_IS,
    "settings_resource": WHAT_A_CLINIC_IS,
    "settings_resource_hours": WHAT_A_CLINIC_IS,
    "settings_staff": WHAT_A_CLINIC_IS,
    "settings_staff_new": WHAT_A_CLINIC_IS,
    "settings_staff_member": WHAT_A_CLINIC_IS,
    "settings_staff_mail": WHAT_A_CLINIC_IS,
    "api_resource-list": WHAT_A_CLINIC_IS,
    "api_resource-detail": WHAT_A_CLINIC_IS,
    "api_hours-list": WHAT_A_CLINIC_IS,
    "api_hours-detail": WHAT_A_CLINIC_IS,
    "api_absence-list": WHAT_A_CLINIC_IS,
    "api_absence-detail": WHAT_A_CLINIC_IS,
    "api_extra_hours-list": WHAT_A_CLINIC_IS,
    "api_extra_hours-detail": WHAT_A_CLINIC_IS,
    "protocols": HOW_A_CLINIC_TREATS,
    "protocol": HOW_A_CLINIC_TREATS,
    "protocol_edit": HOW_A_CLINIC_TREATS,
    "protocol_offer": HOW_A_CLINIC_TREATS,
    "protocol_version": HOW_A_CLINIC_TREATS,
    "protocol_step": MADE_UP,
    "protocol_step_mail": MADE_UP,
    "api_protocol-list": HOW_A_CLINIC_TREATS,
    "api_protocol-detail": HOW_A_CLINIC_TREATS,
    "api_question-list": HOW_A_CLINIC_TREATS,
    "api_consent_text-list": HOW_A_CLINIC_TREATS,
    "api_scale-list": HOW_A_CLINIC_TREATS,
    "patient_new": EMPTY_FORM,
}


@pytest.fixture
def little() -> LittleClinic:
    return make_little_clinic()


def _answer(client: Client, route: Route, little: LittleClinic, method: str) -> tuple[int, list[list[int]]]:
    """What the route answers, and whom each note of it names; what it wrote is undone."""
    with transaction.atomic():
        response = getattr(client, method)(route.address(little))
        notes = list(ReadAudit.objects.values_list("patient_ids", flat=True))
        transaction.set_rollback(True)
    return response.status_code, notes


def _shows_nobody(route: Route, method: str) -> bool:
    """A program that adds something to a list names in the body whom it is about; here it names nobody."""
    return route.name in NOBODY_S or (method == "post" and route.is_api and not route.keywords)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("role", list(Role))
def test_every_address_that_shows_a_patient_notes_it_once(
    little: LittleClinic, role: Role, method: str
) -> None:
    client, wrong = Client(), []
    session = Session.objects.get(pk=little.kwargs["session_id"])
    assert session.starts_at
    with time_machine.travel(session.starts_at, tick=False):
        client.force_login(make_staff(little.location, role).user)
        for route in ROUTES:
            if (route.right_to_write if method == "post" else route.right) not in rights_of(role):
                continue
            status, notes = _answer(client, route, little, method)
            expected = [] if _shows_nobody(route, method) else [[little.kwargs["patient_id"]]]
            if notes != expected and status != 405:  # the API has opened what is named before it refuses so
                wrong.append((route.path, status, notes))
    assert wrong == []


def test_an_address_that_notes_nothing_shows_nobody(little: LittleClinic) -> None:
    client = Client()
    for role in (Role.CLINICIAN, Role.MANAGER):
        client.force_login(make_staff(little.location, role).user)
        for route in ROUTES:
            if route.name in NOBODY_S:
                assert b"Finch" not in client.get(route.address(little)).content, route.path
    assert NOBODY_S.keys() <= {route.name for route in ROUTES}


def test_nothing_is_looked_up_beside_the_one_door() -> None:
    sources = [path for app in ("clinic", "patients", "planner") for path in (ROOT / app).rglob("*.py")]
    assert [str(path) for path in sources if "get_object_or_404" in path.read_text()] == []
