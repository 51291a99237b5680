"""The list of patients, a new one, and changed details."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from clinic.models import Location, ReadAudit
from clinic.permissions import Role
from patients.models import (
    Patient,
)
from patients.search import find_patients
from tests.makers import make_location, make_patient
from tests.patients.views.pages import NEW, url

pytestmark = pytest.mark.django_db


def found(location: Location, text: Any) -> Any:
    return [patient.first_name for patient in find_patients(location.clinic_id, text).patients]


@pytest.fixture
def zoe(location: Location) -> Patient:
    return make_patient(
        location.clinic,
        first_name="Zoë",
        last_name="O’Neill-Łaska",
        email="zoe.o@mail.example",
        phone="+44 7700 900123",
        date_of_birth=date(1988, 2, 29),
    )


@pytest.mark.parametrize(
    "text",
    ["zoe", "NEILL zo", "aska", "zoe.o@", "07700 900123", "900123", "+44 7700", "29/2/1988", "29.02.1988",
     "1988-02-29", "29 Feb 1988", ""],
)  # fmt: skip
def test_a_patient_is_found_by(location: Location, zoe: Patient, text: str) -> None:
    assert "Zoë" in found(location, text)


@pytest.mark.parametrize(
    "text", ["ruby", "zoe ruby", "90012", "900124", "28/2/1988", "%", "_", "'; --", "\\"]
)
def test_a_patient_is_not_found_by(location: Location, zoe: Patient, patient: Patient, text: str) -> None:
    assert found(location, text) == (["Zoë"] if text == "90012" else [])


@pytest.mark.parametrize(
    "text",
    ["zoee", "ze", "zoe laska", "oneill", "O’Nelil zoe", "neil-laska", "laska", "łsaka", "łasska", "NIELL"],
)
def test_one_slip_of_the_hand_is_forgiven(
    location: Location, zoe: Patient, patient: Patient, text: str
) -> None:
    assert found(location, text) == ([] if text == "ze" else ["Zoë"])


def test_who_is_written_so_stands_alone_before_whoever_is_near(location: Location) -> None:
    for name in ("Nowak", "Novak"):
        make_patient(location.clinic, first_name="Eva", last_name=name)
    assert [each.last_name for each in find_patients(location.clinic_id, "eva novak").patients] == ["Novak"]
    assert [each.last_name for each in find_patients(location.clinic_id, "eva nowk").patients] == ["Nowak"]


@given(
    word=st.text("abcé", min_size=4, max_size=9),
    n=st.integers(0, 7),
    letter=st.sampled_from("abcx"),
    how=st.integers(0, 3),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_word_is_found_by_every_slip(
    location: Location, word: str, n: int, letter: str, how: int
) -> None:
    """A letter missing, added, changed, or swapped with the next."""
    n = n % (len(word) - 1)
    middle = ("", letter + word[n], letter, word[n + 1] + word[n])[how]
    slipped = word[:n] + middle + word[n + (2 if how == 3 else 1) :]
    made = make_patient(location.clinic, first_name="Ida", last_name=word)
    if len(slipped) >= 4:
        assert made in find_patients(location.clinic_id, f"ida {slipped}").patients
    made.delete()


def test_a_search_asks_the_index(location: Location) -> None:
    one = make_patient(
        location.clinic,
        first_name="Eva",
        last_name="Novak",
        email="eva@mail.example",
        phone="+44 7700 900155",
    )
    rows = [
        Patient(
            clinic=one.clinic,
            folded_name=f"p{n} q{n}r",
            date_of_birth=one.date_of_birth,
            created_at=one.created_at,
        )
        for n in range(3000)
    ]
    Patient.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE patients_patient")
    for text in ("novak", "eva nowak", "eva@mail", "7700900155"):
        with CaptureQueriesContext(connection) as asked:
            assert list(find_patients(location.clinic_id, text).patients) == [one], text
        with connection.cursor() as cursor:
            for query in asked.captured_queries:
                cursor.execute("EXPLAIN " + query["sql"].replace("%", "%%"), [])
                plan = "\n".join(line for (line,) in cursor.fetchall())
                assert "Seq Scan on patients_patient" not in plan, (text, plan)


def test_another_clinics_patients_are_never_found(location: Location) -> None:
    make_patient(make_location().clinic, first_name="Zoë")
    assert found(location, "zoe") == []
    assert found(location, "") == []


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_costs_the_same_for_one_and_thirty(
    client: Any, location: Location, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        make_patient(location.clinic)
    client.get(reverse("patients"))
    with django_assert_num_queries(5):
        page = client.get(reverse("patients"))
    assert page.content.count(b'class="name"') == count


def test_a_page_of_the_list_notes_whom_it_shows(client: Any, location: Location) -> None:
    everybody = [make_patient(location.clinic).pk for _ in range(31)]
    for n in (1, 2):
        client.get(reverse("patients"), {"page": n})
    notes = list(ReadAudit.objects.order_by("pk").values_list("what", "patient_ids"))
    assert [(what, len(ids)) for what, ids in notes] == [("patients", 30), ("patients", 1)]
    assert sorted(notes[0][1] + notes[1][1]) == everybody


def test_who_has_seen_a_patient_can_be_told(client: Any, zoe: Patient, patient: Patient) -> None:
    client.get(reverse("patients"))
    client.get(url("screening", patient))
    seen = {each: ReadAudit.objects.filter(patient_ids__contains=[each.pk]) for each in (zoe, patient)}
    assert [note.what for note in seen[zoe]] == ["patients"]
    assert [note.what for note in seen[patient]] == ["screening", "patients"]


@pytest.mark.parametrize(("text", "is_found"), [("zoe", True), ("Nobody Known", False)])
def test_a_search_is_noted_without_what_was_typed(
    client: Any, zoe: Patient, patient: Patient, text: str, is_found: bool
) -> None:
    client.get(reverse("patients"), {"q": text})
    note = ReadAudit.objects.get()
    assert (note.what, note.patient_ids) == ("search", [zoe.pk] if is_found else [])
    assert all(text not in str(value) for value in vars(note).values())


def test_whom_a_refusal_names_is_noted(client: Any, location: Location) -> None:
    client.post(reverse("patient_new"), NEW)
    known = Patient.objects.get()
    client.post(reverse("patient_new"), NEW | {"key": "other"})
    assert list(ReadAudit.objects.values_list("what", "patient_ids")) == [("similar", [known.pk])]


def test_the_list_is_cut_into_pages(client: Any, location: Location) -> None:
    for _ in range(31):
        make_patient(location.clinic)
    page = client.get(reverse("patients"), {"page": 2})
    assert page.content.count(b'class="name"') == 1


def test_a_search_without_a_match_says_so(client: Any) -> None:
    assert b"Nobody matches" in client.get(reverse("patients"), {"q": "nobody\x00"}).content


def test_names_are_hidden_on_wish(client: Any, location: Location, patient: Patient) -> None:
    location.staff.update(hides_names=True)
    assert b"Robinson" not in client.get(reverse("patients")).content


def test_a_new_patient_leads_to_the_patients_page(signed_in: Any) -> None:
    desk = signed_in(Role.FRONT_DESK)
    answer = desk.post(reverse("patient_new"), NEW)
    made = Patient.objects.get()
    assert (made.full_name, made.mail_allowed, made.skin_type) == ("Ruby Okafor", True, None)
    assert (answer.status_code, answer["Location"]) == (302, url("patient", made))


def test_the_front_desk_does_not_judge_the_skin_type(signed_in: Any) -> None:
    desk = signed_in(Role.FRONT_DESK)
    assert b"skin_type" not in desk.get(reverse("patient_new")).content
    desk.post(reverse("patient_new"), NEW | {"skin_type": "5"})
    assert Patient.objects.get().skin_type is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"date_of_birth": "2999-01-01"}, "is still to come"),
        ({"date_of_birth": "1850-01-01"}, "before 1900"),
        ({"date_of_birth": "yesterday"}, "valid date"),
        ({"phone": "12"}, "is not a telephone number"),
        ({"first_name": " ", "last_name": ""}, "A first or a last name is needed"),
        ({"notes": "x" * 10_001}, "at most 10000"),
        ({"email": "no"}, "valid email"),
    ],
)
def test_what_cannot_be_right_is_told_and_the_input_kept(
    client: Any, wrong: dict[str, Any], told: str
) -> None:
    page = client.post(reverse("patient_new"), NEW | {"email": "ruby@example.com"} | wrong)
    assert page.status_code == 422
    assert told in page.content.decode()
    assert b"Okafor" in page.content or "last_name" in wrong
    assert b'value="k"' in page.content
    assert Patient.objects.count() == 0


def test_a_likely_duplicate_is_offered_and_can_be_passed(client: Any, location: Location) -> None:
    known = make_patient(location.clinic, first_name="ruby", last_name="Okafor", date_of_birth="1990-03-01")
    page = client.post(reverse("patient_new"), NEW)
    assert page.status_code == 409
    assert url("patient", known) in page.content.decode()
    assert Patient.objects.count() == 1
    client.post(reverse("patient_new"), NEW | {"although_similar": "1"})
    assert Patient.objects.count() == 2


def test_a_double_click_makes_one_patient(client: Any) -> None:
    assert (
        client.post(reverse("patient_new"), NEW)["Location"]
        == client.post(reverse("patient_new"), NEW)["Location"]
    )
    assert Patient.objects.count() == 1


# --- changing details ---


def test_details_are_changed(client: Any, patient: Patient) -> None:
    page = client.get(url("patient_edit", patient))
    assert b'value="Robinson"' in page.content
    client.post(url("patient_edit", patient), NEW | {"version": 1, "skin_type": "4"})
    patient.refresh_from_db()
    assert (patient.full_name, patient.skin_type, patient.version) == ("Ruby Okafor", 4, 2)


def test_the_front_desk_leaves_the_skin_type_as_it_is(signed_in: Any, patient: Patient) -> None:
    signed_in(Role.FRONT_DESK).post(url("patient_edit", patient), NEW | {"version": 1})
    patient.refresh_from_db()
    assert (patient.first_name, patient.skin_type) == ("Ruby", 2)


def test_a_stale_page_shows_what_stands_there_and_can_be_saved_then(client: Any, patient: Patient) -> None:
    Patient.objects.update(version=2, last_name="Robinson-Hale")
    page = client.post(url("patient_edit", patient), NEW | {"version": 1})
    assert page.status_code == 409
    assert b"Robinson-Hale" in page.content
    assert b"Okafor" in page.content
    assert b'name="version" value="2"' in page.content
    patient.refresh_from_db()
    assert patient.last_name == "Robinson-Hale"
