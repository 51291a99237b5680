"""The page on which a consent is read and signed."""

from typing import Any

import pytest
from django.test import Client

from patients.models import (
    Consent,
    Patient,
)
from tests.patients.views.pages import url

pytestmark = pytest.mark.django_db


def sign(client: Client, patient: Patient, **sent: Any) -> Any:
    page = client.get(url("consent", patient, "treatment"))
    text = page.context["page"].text.pk
    defaults = {"key": "c", "text": text, "signed_name": "Jade Robinson", "agreed": "on"}
    return client.post(url("consent", patient, "treatment"), defaults | sent)


def test_a_consent_is_read_and_signed(client: Any, patient: Patient) -> None:
    page = client.get(url("consent", patient, "treatment")).content.decode()
    assert "My right to stop" in page
    assert "off-label" in page
    assert sign(client, patient).status_code == 302
    assert Consent.objects.get().signed_name == "Jade Robinson"
    assert b"Good until" in client.get(url("screening", patient)).content


@pytest.mark.parametrize("sent", [{"signed_name": "Jade R"}, {"agreed": ""}, {"signed_name": ""}])
def test_what_is_no_signature_is_refused_and_kept(
    client: Any, patient: Patient, sent: dict[str, Any]
) -> None:
    page = sign(client, patient, **sent)
    assert page.status_code in (409, 422)
    assert b'value="c"' in page.content
    assert Consent.objects.count() == 0


def test_a_consent_is_withdrawn(client: Any, patient: Patient) -> None:
    sign(client, patient)
    client.post(url("consent_withdraw", patient, Consent.objects.get().pk), {"key": "w"})
    assert Consent.objects.get().withdrawn_at is not None
    assert client.get(url("screening", patient)).content.count(b"Not signed") == 2


def test_an_unknown_kind_of_consent_is_not_found(client: Any, patient: Patient) -> None:
    assert client.get(url("consent", patient, "selling")).status_code == 404
