"""Every page, answer and mail in a language of brackets: each word was translated as a whole, or typed by somebody."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from holidays import country_holidays

from clinic.models import Location
from clinic.permissions import Role
from patients.services.defaults import load_consent_texts, load_screening_questions
from planner.models import Series
from planner.outbox.preview import preview
from planner.outbox.steps import load_steps
from planner.protocols.catalogue import load_protocols
from tests.bracketed import faults, faults_of_json, faults_of_page
from tests.little_clinic import LittleClinic, make_little_clinic
from tests.makers import make_staff
from tests.planner.full_day import NOW, make_full_day
from tests.pseudo import pseudo_language
from tests.test_access import ROUTES
from tests.typed_data import mark_all

pytestmark = pytest.mark.django_db
ALSO = ("/board/?view=week", "/board/?by=room", "/board/?by=device", "/?who=all", "/patients/?q=nobody")
SIGN_IN = ("login/", "password/reset/", "2fa/", "reauthenticate/", "sessions/", "password/change/", "logout/")


def named_elsewhere(*place: Any, **years: Any) -> Any:
    """Public holidays have the names that a package knows them by, in the country's own language."""
    known = country_holidays(*place, **years)
    for day in list(known):
        dict.__setitem__(known, day, f"⟪{known[day]}⟫")
    return known


@pytest.fixture(autouse=True)
def _in_brackets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("holidays.country_holidays", named_elsewhere)
    with time_machine.travel(NOW, tick=False), pseudo_language():
        yield


def signed_in(location: Location, role: Role) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make_staff(location, role, name="⟪Robin⟫").user)
    return client


def wrong_with(response: Any) -> set[str]:
    kind = response.headers.get("Content-Type", "")
    if "html" in kind:
        return faults_of_page(response.content.decode())
    return set(faults_of_json(response.json())) if "json" in kind else set()


@pytest.fixture
def little() -> LittleClinic:
    little = make_little_clinic()
    clinic = little.location.clinic
    load_screening_questions(clinic)
    load_consent_texts(clinic)
    load_protocols(clinic, load_steps(), now=NOW)
    mark_all()
    return little


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.MANAGER])
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_address(little: LittleClinic, role: Role, method: str) -> None:
    """Opened, and sent an empty form."""
    client = signed_in(little.location, role)
    found = {}
    for route in ROUTES:
        if route.name != "message_mail" and (method == "get" or "read" not in route.name):
            address = route.address(little)
            if wrong := wrong_with(getattr(client, method)(address)):
                found[address] = wrong
    assert found == {}


def test_a_full_day() -> None:
    day = make_full_day()
    mark_all()
    found = {}
    for role in (Role.CLINICIAN, Role.FRONT_DESK):
        client = signed_in(day.location, role)
        sessions = day.sessions.values()
        paths = [f"/sessions/{each.pk}/{more}" for each in sessions for more in ("", "move/", "cancel/")]
        paths += [
            f"/{kind}/{pk}/"
            for each in sessions
            for kind, pk in (("patients", each.patient_id), ("series", each.series_id))
        ]
        for path in [*paths, "/", "/board/", "/messages/", *ALSO]:
            if wrong := wrong_with(client.get(path)):
                found[path] = wrong
    assert found == {}


def test_the_doors(client: Client, little: LittleClinic) -> None:
    inside = signed_in(little.location, Role.MANAGER)
    found = {}
    for each in (client, inside):
        for path in SIGN_IN:
            for method in ("get", "post"):
                if wrong := wrong_with(getattr(each, method)(f"/account/{path}", follow=True)):
                    found[path] = wrong
    assert found == {}


def test_every_mail(little: LittleClinic) -> None:
    series = Series.objects.get(pk=little.kwargs["series_id"])
    place = Location.objects.get(pk=little.location.pk)
    mails = [preview(each, place, now=NOW) for each in series.protocol_version.steps.all()]
    assert mails
    found = {fault for mail in mails for fault in (*faults(mail.subject), *faults_of_page(mail.html))}
    found |= {fault for mail in mails for line in mail.text.split("\n") for fault in faults(line)}
    assert found == set()
