"""A clinic with questions and texts, a patient, and whoever signs in."""

from datetime import date
from typing import Any

import pytest
from django.test import Client

from clinic.models import Location
from clinic.permissions import Role
from patients.choices import ConsentKind
from patients.models import Consent, Patient
from patients.services.defaults import load_consent_texts, load_screening_questions
from tests.makers import make_consent, make_location, make_patient, make_staff


@pytest.fixture
def location() -> Location:
    location = make_location()
    load_screening_questions(location.clinic)
    load_consent_texts(location.clinic)
    return location


@pytest.fixture
def signed_in(location: Location) -> Any:
    def sign_in(role: Any = Role.CLINICIAN, at: Any = location, **kwargs: Any) -> Client:
        client = Client(**kwargs)
        client.force_login(make_staff(at, role).user)
        return client

    return sign_in


@pytest.fixture
def client(signed_in: Any) -> Any:
    return signed_in()


@pytest.fixture
def patient(location: Location) -> Patient:
    return make_patient(location.clinic, first_name="Jade", last_name="Robinson")


@pytest.fixture
def agreed(patient: Patient) -> Consent:
    return make_consent(
        patient, kind=ConsentKind.PHOTO, valid_from=date(2020, 1, 1), valid_to=date(2999, 1, 1)
    )
