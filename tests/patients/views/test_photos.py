"""Photos: uploaded, looked at, compared."""

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from clinic.models import Location, ReadAudit
from patients.models import (
    Consent,
    Patient,
    Photo,
)
from tests.makers import make_area, make_patient
from tests.patients.views.pages import upload, url

pytestmark = pytest.mark.django_db


def test_a_photo_is_stored_and_shown(client: Any, patient: Patient, agreed: Consent) -> None:
    area = make_area(patient)
    assert upload(client, patient, area=area.pk).status_code == 302
    photo = Photo.objects.get()
    assert (photo.area, photo.view) == (area, "region")
    shown = client.get(reverse("photo", args=[photo.pk]))
    assert shown.content == photo.file.read()
    assert shown["Content-Type"] == "image/jpeg"
    assert shown["Content-Disposition"] == f'inline; filename="photo-{photo.pk}.jpg"'
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in shown["Cache-Control"]
    assert client.get(reverse("photo_small", args=[photo.pk]))["Content-Type"] == "image/jpeg"


def test_every_look_at_a_photo_is_kept(client: Any, patient: Patient, agreed: Consent) -> None:
    upload(client, patient)
    photo = Photo.objects.get()
    ReadAudit.objects.all().delete()
    client.get(reverse("photo", args=[photo.pk]))
    assert list(ReadAudit.objects.values_list("patient_ids", "what", "object_id")) == [
        ([patient.pk], "photo", photo.pk)
    ]


def test_without_consent_there_is_no_form_and_no_photo(client: Any, patient: Patient) -> None:
    assert b'type="file"' not in client.get(url("photos", patient)).content
    page = upload(client, patient)
    assert page.status_code == 409
    assert b"has not agreed to photos" in page.content
    assert Photo.objects.count() == 0


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_what_is_no_photo_is_told(client: Any, patient: Patient, agreed: Consent, content: bytes) -> None:
    page = upload(client, patient, content)
    assert page.status_code == 422
    assert b"field__error" in page.content or b"cannot be read as a picture" in page.content
    assert Photo.objects.count() == 0


def test_a_hundred_megabytes_are_refused_before_anything_is_kept(
    client: Any, patient: Patient, agreed: Consent, settings: Settings
) -> None:
    page = upload(client, patient, bytes(100 * 2**20))
    assert page.status_code == 413
    assert b"larger than 20 MB" in page.content
    assert Photo.objects.count() == 0
    assert not list(Path(settings.MEDIA_ROOT).rglob("*.jpg"))


def test_an_upload_needs_the_forms_token(signed_in: Any, patient: Patient, agreed: Consent) -> None:
    assert upload(signed_in(enforce_csrf_checks=True), patient).status_code == 403
    assert Photo.objects.count() == 0


def test_an_area_of_another_patient_is_refused(
    client: Any, patient: Patient, location: Location, agreed: Consent
) -> None:
    other = make_area(make_patient(location.clinic))
    assert upload(client, patient, area=other.pk).status_code == 422
    assert Photo.objects.count() == 0


def test_two_photos_are_compared(client: Any, patient: Patient, agreed: Consent) -> None:
    for key in ("1", "2", "3"):
        upload(client, patient, key=key)
    first, second, third = Photo.objects.order_by("id")
    assert client.get(url("photos", patient)).context["page"].after == third
    page = client.get(url("photos", patient), {"before": second.pk, "after": first.pk})
    assert (page.context["page"].before, page.context["page"].after) == (second, first)


@pytest.mark.parametrize("count", [1, 30])
def test_photos_cost_the_same_for_one_and_thirty(
    client: Any,
    patient: Patient,
    agreed: Consent,
    count: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    upload(client, patient)
    kept = Photo.objects.get()
    for _ in range(count - 1):
        kept.pk = None
        kept.save()
    with django_assert_num_queries(7):
        client.get(url("photos", patient))
