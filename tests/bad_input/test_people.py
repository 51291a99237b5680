"""Names, notes and days of birth."""

from datetime import date
from html import unescape
from typing import Any

import pytest

from patients.models import Patient
from tests.bad_input.pages import Pages, said, tables
from tests.makers import make_patient
from tests.planner.desk import Desk, open_desk

pytestmark = pytest.mark.django_db


NEW = {"key": "k", "first_name": "Ruby", "last_name": "Okafor", "date_of_birth": "1990-03-01"}
NAMES = [
    ("Zoë “Zo” O'Hara", "D’Arcy-Smith"),
    ("🌸 Mia", "Ng"),
    ("شيرين", "الأحمد"),
    ("נועה", "כהן"),
    ("Nguyễn Thị", "Hồng"),
    ("Robert'); DROP TABLE patients_patient;--", "Tables"),
    ("<b>Bold</b>", "& Sons"),
]


@pytest.mark.parametrize(("first", "last"), NAMES)
def test_any_name_is_kept_found_and_shown_as_it_is(page: Pages, first: Any, last: Any) -> None:
    page.client.post("/patients/new/", NEW | {"first_name": first, "last_name": last})
    patient = Patient.objects.get()
    assert (patient.first_name, patient.last_name) == (first, last)
    for path in (f"/patients/{patient.pk}/", "/patients/", f"/patients/{patient.pk}/edit/"):
        text = page.client.get(path).content.decode()
        assert first in unescape(text)
        assert "<b>Bold</b>" not in text


def test_notes_of_ten_thousand_characters_are_kept_to_the_last(page: Pages) -> None:
    notes = "é" * 9_999 + "."
    assert page.client.post("/patients/new/", NEW | {"notes": notes}).status_code == 302
    patient = Patient.objects.get()
    assert patient.notes == notes
    shown = page.client.get(f"/patients/{patient.pk}/edit/").content.decode()
    assert notes in shown


def test_one_character_more_is_refused_and_kept_in_the_form(page: Pages) -> None:
    before = tables()
    answer = page.client.post("/patients/new/", NEW | {"notes": "x" * 10_001})
    assert (answer.status_code, tables()) == (422, before)
    assert "x" * 10_001 in answer.content.decode()


@pytest.mark.parametrize(
    ("born", "told"),
    [
        ("2027-01-12", "Tue 12 Jan 2027 is still to come. Nothing was saved."),
        ("2999-12-31", "is still to come. Nothing was saved."),
        ("1899-12-31", "Sun 31 Dec 1899 is before 1900. Nothing was saved."),
        ("2027-02-29", "Enter a valid date."),
    ],
)
def test_nobody_was_born_on_such_a_day(page: Pages, born: str, told: str) -> None:
    before = tables()
    answer = page.client.post("/patients/new/", NEW | {"date_of_birth": born})
    assert (answer.status_code, tables()) == (422, before)
    assert told in unescape(answer.content.decode())


def test_a_patient_who_is_there_already_is_offered(desk: Desk, page: Pages) -> None:
    known = make_patient(
        desk.location.clinic, first_name="Rubý", last_name="OKAFOR", date_of_birth=date(1990, 3, 1)
    )
    before = tables()
    answer = page.client.post("/patients/new/", NEW)
    assert (answer.status_code, tables()) == (409, before)
    assert said(answer).startswith(
        "Rubý OKAFOR, born Thu 1 Mar 1990, is already a patient. Nothing was saved."
    )
    assert f'href="/patients/{known.pk}/"' in answer.content.decode()


# Seen elsewhere: whoever knows a number sees or changes what is another's.
def test_a_patient_of_another_clinic_is_never_offered(page: Pages) -> None:
    make_patient(
        open_desk().location.clinic, first_name="Ruby", last_name="Okafor", date_of_birth=date(1990, 3, 1)
    )
    assert page.client.post("/patients/new/", NEW).status_code == 302


@pytest.mark.parametrize("field", ["first_name", "notes", "email", "phone", "key"])
def test_the_one_character_no_database_keeps(page: Pages, field: str) -> None:
    before = tables()
    answer = page.client.post("/patients/new/", NEW | {field: "a\x00b"})
    assert (answer.status_code, tables()) == (422, before)


@pytest.mark.parametrize("path", ["/patients/?q=%00", "/patients/?q=%F0%9F%8C%B8&page=²", "/board/?day=2027-02-30",
                                  "/board/?day=9999-12-31", "/board/?day=0001-01-01", "/messages/?page=-1",
                                  "/messages/?state=%00"])  # fmt: skip
def test_odd_addresses_open(page: Pages, path: str) -> None:
    assert page.client.get(path).status_code == 200
