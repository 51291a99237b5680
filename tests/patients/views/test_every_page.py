"""Who may open a record, and what none of its pages may do."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import Location, ReadAudit
from clinic.permissions import Role
from patients.models import (
    AreaFinding,
    Consent,
    Patient,
    Photo,
    ScreeningOverride,
    ScreeningQuestion,
)
from tests.makers import make_location
from tests.patients.views.pages import NEW, judged, screen, upload, url

pytestmark = pytest.mark.django_db


EVIL = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"

OWN_PAGES = ("patient_edit", "screening", "screening_take", "screening_again", "assess", "scores", "photos")


@pytest.mark.parametrize("name", OWN_PAGES)
def test_reading_a_record_is_kept(client: Any, patient: Patient, name: Any) -> None:
    client.get(url(name, patient))
    assert ReadAudit.objects.filter(patient_ids=[patient.pk]).count() == 1


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", [*OWN_PAGES, "screening_override", "assess_verdict"])
def test_another_clinics_patient_is_not_found(
    signed_in: Any, patient: Patient, name: Any, method: str
) -> None:
    stranger = signed_in(at=make_location())
    assert getattr(stranger, method)(url(name, patient)).status_code in (404, 405)
    assert ReadAudit.objects.count() == 0


def test_another_clinics_consent_and_photo_are_not_found(
    signed_in: Any, client: Any, patient: Patient, agreed: Consent
) -> None:
    upload(client, patient)
    photo = Photo.objects.get()
    stranger = signed_in(at=make_location())
    for path in (
        url("consent", patient, "photo"),
        reverse("photo", args=[photo.pk]),
        reverse("photo_small", args=[photo.pk]),
    ):
        assert stranger.get(path).status_code == 404
    assert stranger.post(url("consent_withdraw", patient, agreed.pk)).status_code == 404
    agreed.refresh_from_db()
    assert agreed.withdrawn_at is None


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.MANAGER, Role.READ_ONLY])
@pytest.mark.parametrize("name", ["screening_take", "assess", "scores", "photos"])
def test_the_record_is_not_found_by_others_than_clinicians(
    signed_in: Any, patient: Patient, role: Any, name: str
) -> None:
    assert signed_in(role).get(url(name, patient)).status_code == 404
    assert ReadAudit.objects.count() == 0


def test_a_reader_changes_nothing(signed_in: Any, patient: Patient) -> None:
    reader = signed_in(Role.READ_ONLY)
    for name in ("patient_edit", "screening_take", "screening_override", "assess", "photos"):
        assert reader.post(url(name, patient), {}).status_code == 404
    assert reader.post(reverse("patient_new"), NEW).status_code == 404
    assert Patient.objects.count() == 1


def test_a_stranger_signs_in_first(patient: Patient) -> None:
    for name in OWN_PAGES:
        answer = Client().get(url(name, patient))
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("account_login"))


def test_no_text_of_a_record_becomes_markup(
    client: Any, patient: Patient, location: Location, agreed: Consent
) -> None:
    Patient.objects.update(first_name=EVIL[:120], last_name=EVIL[:120], email="", notes=EVIL)
    ScreeningQuestion.objects.update(text=EVIL, help=EVIL, source=EVIL, date_meaning=EVIL)
    screen(client, patient, location, keloid="")
    client.post(url("screening_override", patient), {"key": "o", "code": "keloid", "reason": EVIL})
    own = {"note": EVIL, "hips-left-severity": "severe", "hips-left-reason": EVIL}
    client.post(url("assess", patient), judged() | own)
    upload(client, patient)
    assert ScreeningOverride.objects.count() == AreaFinding.objects.filter(severity_reason=EVIL).count() == 1
    paths = [url(name, patient) for name in OWN_PAGES] + [url("consent", patient, "treatment")]
    for path in [*paths, reverse("patients"), f"{reverse('patients')}?q=%3Cscript%3Ealert('x')"]:
        content = client.get(path).content.decode()
        assert "<script>alert" not in content
        assert "<img src=x" not in content
        assert " style=" not in content
        assert "onerror=alert(1)>" not in content.replace("onerror=alert(1)&gt;", "")
