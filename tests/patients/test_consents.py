from datetime import date, timedelta
from typing import Any

import pytest

from clinic.models import StaffMember, WriteKey
from patients.choices import ConsentKind
from patients.models import Consent, ConsentText, Patient
from patients.services import consents
from patients.services.consents import consent_on, months_later, sign_consent, withdraw_consent
from patients.services.defaults import load_consent_texts
from tests.makers import NOW, acting, make_consent, make_location, make_patient, make_staff

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


@pytest.fixture
def nurse() -> StaffMember:
    location = make_location()
    load_consent_texts(location.clinic)
    return make_staff(location)


@pytest.fixture
def patient(nurse: StaffMember) -> Patient:
    return make_patient(nurse.location.clinic, first_name="Zoë", last_name="O’Neill")


def text(nurse: Any, kind: Any = ConsentKind.TREATMENT) -> Any:
    return ConsentText.objects.get(clinic=nurse.location.clinic, kind=kind, is_current=True)


def sign(
    patient: Patient,
    nurse: Any,
    *,
    name: str = "Zoë O’Neill",
    agreed: bool = True,
    key: str = "k",
    under: Any = None,
) -> Any:
    under = under or text(nurse)
    return sign_consent(patient, under, signed_name=name, agreed=agreed, by=acting(nurse), key=key, now=NOW)


def good(patient: Patient, day: Any = TODAY, kind: Any = ConsentKind.TREATMENT) -> Any:
    return consent_on(patient, day, kind)


def test_the_shipped_texts_are_loaded_once(nurse: StaffMember) -> None:
    assert sorted(ConsentText.objects.values_list("kind", "version")) == [("photo", 1), ("treatment", 1)]
    assert load_consent_texts(nurse.location.clinic) == 0
    assert ConsentText.objects.count() == 2


def test_a_signature_is_good_from_its_day_for_twelve_months(patient: Patient, nurse: StaffMember) -> None:
    signed = sign(patient, nurse)
    assert (signed.valid_from, signed.valid_to) == (date(2027, 1, 11), date(2028, 1, 11))
    assert good(patient) == signed
    assert good(patient, date(2028, 1, 11)) == signed
    assert good(patient, date(2027, 1, 10)) is None
    assert good(patient, date(2028, 1, 12)) is None


def test_one_kind_does_not_stand_for_another(patient: Patient, nurse: StaffMember) -> None:
    sign(patient, nurse)
    assert good(patient, kind=ConsentKind.PHOTO) is None


def test_another_patients_consent_does_not_count(patient: Patient, nurse: StaffMember) -> None:
    make_consent(make_patient(patient.clinic))
    assert good(patient) is None


def test_the_newest_consent_counts(patient: Patient, nurse: StaffMember) -> None:
    sign(patient, nurse)
    newest = make_consent(patient, signed_at=NOW + timedelta(1))
    assert good(patient) == newest


def test_a_name_may_differ_in_case_accents_and_spacing(patient: Patient, nurse: StaffMember) -> None:
    assert sign(patient, nurse, name=" zoe  O’NEILL ").signed_name == "zoe O’NEILL"


def test_the_same_key_signs_once(patient: Patient, nurse: StaffMember) -> None:
    assert sign(patient, nurse) == sign(patient, nurse)
    assert Consent.objects.count() == 1


def refused(refusal: Any, *args: Any, **kwargs: Any) -> None:
    with pytest.raises(refusal):
        sign(*args, **kwargs)
    assert Consent.objects.count() == 0
    assert WriteKey.objects.count() == 0


def test_another_name_is_refused(patient: Patient, nurse: StaffMember) -> None:
    refused(consents.NameDiffers, patient, nurse, name="Zoë Neill")


def test_an_empty_box_is_refused(patient: Patient, nurse: StaffMember) -> None:
    refused(consents.NotAgreed, patient, nurse, agreed=False)


def test_a_text_that_was_replaced_is_refused(patient: Patient, nurse: StaffMember) -> None:
    old = text(nurse)
    ConsentText.objects.filter(pk=old.pk).update(is_current=False)
    ConsentText.objects.create(clinic=old.clinic, kind=old.kind, version=2, title="New", body="New")
    refused(consents.ConsentTextChanged, patient, nurse, under=old)


def test_another_clinics_text_is_refused(patient: Patient, nurse: StaffMember) -> None:
    other = make_location()
    load_consent_texts(other.clinic)
    refused(consents.ConsentTextChanged, patient, nurse, under=text(make_staff(other)))


def test_a_withdrawn_consent_counts_no_longer_and_stays(patient: Patient, nurse: StaffMember) -> None:
    signed = sign(patient, nurse)
    withdrawn = withdraw_consent(signed, by=acting(nurse), key="w", now=NOW)
    assert withdrawn.withdrawn_at == NOW
    assert good(patient) is None
    assert Consent.objects.count() == 1


def test_withdrawing_twice_is_refused(patient: Patient, nurse: StaffMember) -> None:
    signed = sign(patient, nurse)
    withdraw_consent(signed, by=acting(nurse), key="w", now=NOW)
    with pytest.raises(consents.AlreadyWithdrawn):
        withdraw_consent(signed, by=acting(nurse), key="w2", now=NOW + timedelta(1))
    signed.refresh_from_db()
    assert signed.withdrawn_at == NOW


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 9, 7), 12, date(2027, 9, 7)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
    ],
)
def test_months_later_is_the_same_day_or_the_last_of_the_month(day: Any, months: int, later: Any) -> None:
    assert months_later(day, months) == later
