"""The pages of a screening."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from clinic.models import Location
from clinic.permissions import Role
from patients.models import (
    Patient,
    Screening,
    ScreeningOverride,
    ScreeningQuestion,
)
from tests.patients.views.pages import answers, screen, url

pytestmark = pytest.mark.django_db


def test_no_question_is_answered_beforehand(client: Any, patient: Patient) -> None:
    page = client.get(url("screening_take", patient)).content.decode()
    assert page.count('type="radio"') == 2 * ScreeningQuestion.objects.count()
    assert "checked" not in page.split('class="ask"')[1].split("savebar")[0]


def test_answers_lead_to_a_verdict_with_source_and_certainty(
    client: Any, patient: Patient, location: Location
) -> None:
    last = date.today() - timedelta(3)
    assert screen(client, patient, location, waxed=last.isoformat(), herpes_now="")["Location"] == url(
        "screening", patient
    )
    page = client.get(url("screening", patient)).content.decode()
    assert "Has to wait" in page
    assert "Last wax or hair removal cream" in page
    assert "Clinic care sheets" in page
    assert "to be confirmed" in page
    assert "said so" in page


def test_a_missing_answer_keeps_the_others(client: Any, patient: Patient, location: Location) -> None:
    sent = answers(location, keloid="")
    missing = next(name for name, value in sent.items() if value == "no")
    page = client.post(url("screening_take", patient), {k: v for k, v in sent.items() if k != missing})
    assert page.status_code == 422
    assert b"1 question needs a look" in page.content
    assert page.content.count(b" checked") >= len([v for v in sent.values() if v in ("yes", "no")]) - 1
    assert Screening.objects.count() == 0


def test_a_date_to_come_is_refused(client: Any, patient: Patient, location: Location) -> None:
    page = screen(client, patient, location, waxed="2999-01-01")
    assert page.status_code == 422
    assert b"is still to come" in page.content
    assert Screening.objects.count() == 0


def test_asking_again_asks_less(client: Any, patient: Patient, location: Location) -> None:
    screen(client, patient, location, keloid="")
    page = client.get(url("screening_again", patient)).content
    every_time = ScreeningQuestion.objects.filter(ask_every_session=True).count()
    assert page.count(b'type="radio"') == 2 * every_time
    client.post(url("screening_again", patient), answers(location, only_recheck=True))
    assert list(Screening.objects.values_list("is_recheck", flat=True)) == [True, False]


def test_the_front_desk_sees_whether_to_book_and_no_answer(
    signed_in: Any, client: Any, patient: Patient, location: Location
) -> None:
    screen(client, patient, location, keloid="")
    page = signed_in(Role.FRONT_DESK).get(url("screening", patient)).content.decode()
    assert "May not be booked" in page
    assert "scars" not in page
    assert "said so" not in page
    assert "override" not in page


def test_nobody_asked_is_said(client: Any, patient: Patient) -> None:
    assert b"Not asked yet" in client.get(url("screening", patient)).content


def test_a_finding_is_set_aside_with_a_reason(client: Any, patient: Patient, location: Location) -> None:
    screen(client, patient, location, keloid="")
    sent = {"key": "o", "code": "keloid", "reason": "Dermatologist agrees"}
    assert client.post(url("screening_override", patient), sent).status_code == 302
    page = client.get(url("screening", patient)).content.decode()
    assert "Dermatologist agrees" in page
    assert "Set aside" in page
    assert "May be booked" in page


def test_setting_aside_without_a_reason_is_refused(client: Any, patient: Patient, location: Location) -> None:
    screen(client, patient, location, keloid="")
    page = client.post(url("screening_override", patient), {"key": "o", "code": "keloid", "reason": " "})
    assert page.status_code == 422
    assert b"A reason of at least 10 characters is needed" in page.content
    assert ScreeningOverride.objects.count() == 0


def test_setting_aside_what_was_not_asked_is_not_found(client: Any, patient: Patient) -> None:
    sent = {"key": "o", "code": "keloid", "reason": "x"}
    assert client.post(url("screening_override", patient), sent).status_code == 404


def test_the_screening_page_costs_the_same_whatever_was_answered(
    client: Any, patient: Patient, location: Location, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    screen(client, patient, location, keloid="")
    client.get(url("screening", patient))
    with django_assert_num_queries(10):
        client.get(url("screening", patient))
    screen(client, patient, location, **dict.fromkeys(["keloid", "herpes_history", "blood_thinner"], ""))
    with django_assert_num_queries(10):
        client.get(url("screening", patient))


def test_every_round_can_be_read_as_it_was_asked(client: Any, patient: Patient, location: Location) -> None:
    screen(client, patient, location, keloid="")
    first = Screening.objects.get()
    ScreeningQuestion.objects.filter(code="keloid").update(is_current=False)
    page = client.get(reverse("screening_round", args=[patient.pk, first.pk])).content.decode()
    assert page.count("<td>") >= 2 * ScreeningQuestion.objects.count()
    assert "Do your scars grow thick or raised" in page
    assert (
        reverse("screening_round", args=[patient.pk, first.pk])
        in client.get(url("screening", patient)).content.decode()
    )


def test_a_contradiction_is_pointed_out_where_it_was_made_and_read(
    client: Any, patient: Patient, location: Location
) -> None:
    screen(client, patient, location, herpes_history="")
    screen(client, patient, location)
    newest = Screening.objects.first()
    assert newest
    for address in (url("screening", patient), reverse("screening_round", args=[patient.pk, newest.pk])):
        assert "now no: that does not pass" in client.get(address).content.decode()
    oldest = Screening.objects.last()
    assert oldest
    page = client.get(reverse("screening_round", args=[patient.pk, oldest.pk])).content.decode()
    assert "does not pass" not in page
