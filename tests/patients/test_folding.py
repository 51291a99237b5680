"""Names of all of Europe, as people write them."""

from datetime import date

import pytest

from clinic.models import Location
from patients.folding import name_key
from patients.models import Patient
from patients.search import find_patients
from tests.makers import make_location, make_patient

NAMES = [
    ("Łukasz", "Żółć", ["lukasz", "zolc", "zolc lukasz", "ŁUKASZ"]),
    ("Søren", "Åström", ["soren", "astrom", "aström"]),
    ("Anna-Maria", "Weiß", ["anna maria", "annamaria", "anna-maria weiss", "maria"]),
    ("Vlatka", "Đorđević", ["dordevic", "đorđević"]),
    ("Þórður", "Guðmundsson", ["thordur", "gudmundsson"]),
    ("Sean", "O’Neill", ["o'neill", "oneill", "o’neill", "o neill", "neill"]),
    ("Lucia", "D'Angelo", ["dangelo", "d’angelo", "angelo"]),
    ("Jan", "Müller-Lüdenscheidt", ["muller", "ludenscheidt", "mullerludenscheidt", "müller-lüdenscheidt"]),
    ("Gülşen", "Işık", ["gulsen", "isik"]),
    ("Zoë", "Bœuf", ["zoe", "boeuf"]),
    ("Mărioara", "Ţiriac", ["tiriac", "marioara"]),
    ("Ælfgifu", "Straße", ["aelfgifu", "strasse"]),
]


@pytest.fixture
def location() -> Location:
    return make_location()


@pytest.mark.django_db
@pytest.mark.parametrize(("first", "last", "typed"), NAMES, ids=[each[1] for each in NAMES])
def test_a_name_is_found_as_people_write_it(
    location: Location, first: str, last: str, typed: list[str]
) -> None:
    wanted = make_patient(location.clinic, first_name=first, last_name=last)
    make_patient(location.clinic, first_name="Xq", last_name="Wvy")
    for text in (*typed, f"{first} {last}", f"{last} {first}"):
        assert list(find_patients(location.clinic_id, text).patients) == [wanted], text


@pytest.mark.django_db
def test_a_former_name_is_found(location: Location) -> None:
    wanted = make_patient(location.clinic, first_name="Jade", last_name="Kowalska", former_names="Robinson")
    assert list(find_patients(location.clinic_id, "jade robinson").patients) == [wanted]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed", ["07700 900123", "+44 (0)7700 900123", "+44 7700 900123", "0044 7700 900123", "07700-900123 x12"]
)
def test_a_telephone_number_is_found_as_people_write_it(location: Location, typed: str) -> None:
    wanted = make_patient(location.clinic, phone="+44 7700 900123")
    make_patient(location.clinic, phone="+44 7700 900999")
    assert list(find_patients(location.clinic_id, typed).patients) == [wanted]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed",
    [
        "17/05/1995",
        "17.5.1995",
        "17-05-1995",
        "17 05 1995",
        "17.5.95",
        "17051995",
        "1995-05-17",
        "1995/05/17",
        "17 May 1995",
    ],
)
def test_a_birthday_is_found_as_people_write_it(location: Location, typed: str) -> None:
    wanted = make_patient(location.clinic, date_of_birth=date(1995, 5, 17))
    make_patient(location.clinic, date_of_birth=date(1995, 5, 18))
    assert list(find_patients(location.clinic_id, typed).patients) == [wanted]


@pytest.mark.django_db
def test_lists_are_by_surname(location: Location) -> None:
    for first, last in (("Zara", "Adams"), ("Amy", "Zhou"), ("Bea", "Łuk"), ("Cleo", "Lund")):
        make_patient(location.clinic, first_name=first, last_name=last)
    assert [each.last_name for each in Patient.objects.all()] == ["Adams", "Łuk", "Lund", "Zhou"]


@pytest.mark.parametrize(
    ("one", "other"), [("Anna-Maria O’Neill", "annamaria oneill"), ("Łukasz", "LUKASZ"), ("Weiß", "weiss")]
)
def test_a_signature_is_the_same_however_it_is_written(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)
