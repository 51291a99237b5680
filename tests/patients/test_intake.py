from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from clinic.models import StaffMember, WriteKey
from clinic.services.once import KeyUsedForSomethingElse
from patients.folding import tidy_name
from patients.models import Patient
from patients.services import intake
from patients.services.intake import PatientDetails, create_patient, edit_patient, full_number
from tests.makers import NOW, acting, make_location, make_patient, make_staff
from tests.planner.desk import Desk

pytestmark = pytest.mark.django_db
BORN = date(1995, 5, 17)


@pytest.fixture
def desk() -> StaffMember:
    return make_staff(make_location())


def details(**fields: Any) -> PatientDetails:
    return PatientDetails(**{"first_name": "Jade", "last_name": "Robinson", "date_of_birth": BORN} | fields)


def create(desk: Desk, *, key: str = "k", although_similar: bool = False, **fields: Any) -> Any:
    return create_patient(
        details(**fields), although_similar=although_similar, by=acting(desk), key=key, now=NOW
    )


def test_a_patient_is_kept_whole(desk: StaffMember) -> None:
    made = create(desk, email="jade@example.com", phone="07700 900123", skin_type=4, notes="Prefers mornings")
    assert made.clinic == desk.location.clinic
    assert (made.full_name, made.folded_name) == ("Jade Robinson", "robinson jade")
    assert (made.email, made.phone, made.skin_type) == ("jade@example.com", "+44 7700 900123", 4)
    assert (made.notes, made.version, made.created_at) == ("Prefers mornings", 1, NOW)


@pytest.mark.parametrize(
    "name", ['O\'Brien "Kit"', "Łukasz 🌸", "فاطمة", "<script>alert(1)</script>", "Robert'); DROP TABLE--"]
)
def test_any_name_is_kept_as_it_is(desk: StaffMember, name: str) -> None:
    assert create(desk, first_name=name).first_name == name


def test_names_lose_stray_spaces_and_control_characters() -> None:
    assert tidy_name("  Anna\r\nBcc: x\t Lee\x00 ") == "Anna Bcc: x Lee"


def test_ten_thousand_characters_of_notes_are_kept(desk: StaffMember) -> None:
    assert create(desk, notes="ä" * 10_000).notes == "ä" * 10_000


@pytest.mark.parametrize(
    ("phone", "country", "full"),
    [
        ("07700 900123", "GB", "+44 7700 900123"),
        ("+49 30 123456", "GB", "+49 30 123456"),
        ("030/123456", "DE", "+49 30 123456"),
        ("  ", "GB", ""),
    ],
)
def test_numbers_are_read_as_dialled_in_the_locations_country(phone: str, country: str, full: str) -> None:
    assert full_number(phone, country) == full


def test_the_same_key_creates_one_patient(desk: StaffMember) -> None:
    assert create(desk) == create(desk)
    assert Patient.objects.count() == 1


def test_the_same_key_for_another_patient_is_refused(desk: StaffMember) -> None:
    create(desk)
    with pytest.raises(KeyUsedForSomethingElse):
        create(desk, first_name="Ruby")
    assert Patient.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"date_of_birth": NOW.date() + timedelta(1)}, intake.BornInFuture),
        ({"date_of_birth": date(1899, 12, 31)}, intake.BornTooLongAgo),
        ({"phone": "12"}, intake.PhoneUnreadable),
        ({"phone": "call me"}, intake.PhoneUnreadable),
        ({"first_name": " ", "last_name": "\t"}, intake.NameMissing),
    ],
)
def test_what_cannot_be_right_is_refused(desk: StaffMember, fields: dict[str, Any], refusal: Any) -> None:
    with pytest.raises(refusal):
        create(desk, **fields)
    assert Patient.objects.count() == 0
    assert WriteKey.objects.count() == 0


def test_somebody_born_today_is_kept(desk: StaffMember) -> None:
    assert create(desk, date_of_birth=NOW.date()).date_of_birth == NOW.date()


@pytest.mark.parametrize(
    "shared",
    [
        {"first_name": "JADE", "last_name": "Róbinson"},
        {"first_name": "J.", "email": "JADE@example.com"},
        {"first_name": "J.", "phone": "+447700900123"},
    ],
)
def test_a_likely_duplicate_is_refused_and_named(desk: StaffMember, shared: dict[str, Any]) -> None:
    known = create(desk, email="jade@example.com", phone="07700 900123")
    with pytest.raises(intake.LikelyDuplicate) as caught:
        create(desk, key="k2", **shared)
    assert caught.value.facts == {"patient_id": known.pk, "name": "Jade Robinson", "day": BORN}
    assert Patient.objects.count() == 1


def test_a_likely_duplicate_can_be_made_on_purpose_with_the_same_key(desk: StaffMember) -> None:
    create(desk)
    with pytest.raises(intake.LikelyDuplicate):
        create(desk, key="k2")
    assert create(desk, key="k2", although_similar=True).full_name == "Jade Robinson"
    assert Patient.objects.count() == 2


@pytest.mark.parametrize("other", [{"date_of_birth": date(1995, 5, 18)}, {"first_name": "Ruby"}])
def test_somebody_else_is_no_duplicate(desk: StaffMember, other: dict[str, Any]) -> None:
    create(desk)
    create(desk, key="k2", **other)
    assert Patient.objects.count() == 2


def test_another_clinics_patient_is_no_duplicate(desk: StaffMember) -> None:
    create(desk)
    create(make_staff(make_location()))
    assert Patient.objects.count() == 2


def edit(patient: Patient, desk: Desk, *, version: int = 1, key: str = "e", **fields: Any) -> Any:
    return edit_patient(patient, details(**fields), version=version, by=acting(desk), key=key, now=NOW)


def test_an_edit_replaces_the_details_and_raises_the_version(desk: StaffMember) -> None:
    patient = create(desk)
    edited = edit(patient, desk, last_name="Żak", phone="0113 496 0123")
    assert (edited.full_name, edited.folded_name, edited.version) == ("Jade Żak", "zak jade", 2)
    assert edited.phone == "+44 113 496 0123"


def test_an_edit_of_a_record_changed_since_is_refused(desk: StaffMember) -> None:
    patient = make_patient(desk.location.clinic, version=3)
    with pytest.raises(intake.PatientChanged) as caught:
        edit(patient, desk, version=2)
    assert caught.value.facts == {"patient_id": patient.pk, "version": 3}
    patient.refresh_from_db()
    assert (patient.version, patient.date_of_birth) == (3, date(1995, 5, 17))
    assert patient.last_name != "Robinson"


@pytest.mark.django_db(transaction=True)
def test_two_desks_at_the_same_time_make_one_patient(desk: StaffMember) -> None:
    def one(key: Any) -> Any:
        try:
            return create(desk, key=key).pk
        except intake.LikelyDuplicate as refusal:
            return refusal.facts["patient_id"]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        made = set(threads.map(one, ["a", "b", "c", "d"]))
    assert Patient.objects.count() == 1
    assert made == {Patient.objects.get().pk}


def test_a_name_that_grows_too_long_when_composed_is_refused(desk: StaffMember) -> None:
    with pytest.raises(intake.NameTooLong):
        create(desk, first_name="\u0958" * 120)
    assert not Patient.objects.exists()


def test_a_name_that_grows_when_folded_is_kept_whole(desk: StaffMember) -> None:
    made = create(desk, first_name="ß" * 120, last_name="ß" * 120)
    assert (made.full_name, made.folded_name) == (f"{'ß' * 120} {'ß' * 120}", f"{'s' * 240} {'s' * 240}")


# Somebody who is known already


@pytest.mark.parametrize(
    ("known", "new", "is_known"),
    [
        ({}, {"first_name": "Robinson", "last_name": "Jade"}, True),
        ({"former_names": "Smith"}, {"last_name": "Smith"}, True),
        ({}, {"last_name": "Smith", "former_names": "Robinson"}, True),
        ({"last_name": "Müller-Łuk"}, {"last_name": "Muller Luk"}, True),
        ({"last_name": "O’Neill"}, {"last_name": "ONeill"}, True),
        ({"email": "j@example.com"}, {"email": "J@example.com", "date_of_birth": date(1995, 5, 18)}, True),
        ({"email": "j@example.com"}, {"email": "j@example.com", "date_of_birth": date(1971, 1, 1)}, False),
        (
            {"email": "j@example.com", "phone": "07700 900123"},
            {"email": "j@example.com", "phone": "07700 900123", "date_of_birth": date(1971, 1, 1)},
            True,
        ),
        ({}, {"date_of_birth": date(1995, 5, 18)}, False),
    ],
)
def test_who_seems_to_be_known(
    desk: StaffMember, known: dict[str, Any], new: dict[str, Any], is_known: bool
) -> None:
    create(desk, **{"date_of_birth": date(1995, 5, 17)} | known)
    asked = {"date_of_birth": date(1995, 5, 17), "key": "k2"} | new
    if is_known:
        with pytest.raises(intake.LikelyDuplicate):
            create(desk, **asked)
    else:
        create(desk, **asked)


def test_an_edit_that_makes_two_the_same_is_asked_about_and_may_go_on(desk: StaffMember) -> None:
    create(desk)
    other = create(desk, key="k2", first_name="Ann", last_name="Other")
    details = PatientDetails("Jade", "Robinson", other.date_of_birth)
    how = {"version": other.version, "by": acting(desk), "now": NOW}
    with pytest.raises(intake.LikelyDuplicate):
        edit_patient(other, details, key="e1", **how)
    other.refresh_from_db()
    assert other.first_name == "Ann"
    assert edit_patient(other, details, key="e1", although_similar=True, **how).first_name == "Jade"
    same = PatientDetails("Jade", "Robinson", other.date_of_birth, notes="Prefers mornings")
    other.refresh_from_db()
    assert edit_patient(other, same, key="e2", **how | {"version": other.version}).notes


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("\u202eJade\u202c", "Jade"),
        ("Ja\u200bde\ufeff", "Jade"),
        ("Ja\u00adde", "Jade"),
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("Jade\u200d", "Jade"),
        ("Jade 🌿", "Jade 🌿"),
    ],
)
def test_signs_that_nobody_sees_are_cleaned_on_entry(desk: StaffMember, typed: str, kept: str) -> None:
    assert create(desk, first_name=typed).first_name == kept
