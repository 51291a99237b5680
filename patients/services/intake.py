"""New patients and changes to who they are and how they are reached."""

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from typing import Any

import phonenumbers
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.actor import Actor
from clinic.errors import Refusal
from clinic.localtime import local_date
from clinic.models import Clinic
from clinic.services.once import once
from patients.models import Patient
from patients.models.patient import fold

EARLIEST_BIRTH = date(1900, 1, 1)
NAME_LENGTH, FOLDED_LENGTH = 120, 250


class NameMissing(Refusal):
    code = "name_missing"
    status = 422
    sentence = _("A first or a last name is needed. Nothing was saved.")


class NameTooLong(Refusal):
    """Some signs become several when they are composed, so a form cannot know."""

    code = "name_too_long"
    status = 422
    sentence = _("This name is longer than {most} letters. Nothing was saved.")
    next_step = _("Shorten it, and write it in full in the notes.")


class BornInFuture(Refusal):
    code = "born_in_future"
    status = 422
    sentence = _("{day} is still to come. Nothing was saved.")
    next_step = _("Enter the day the patient was born.")


class BornTooLongAgo(Refusal):
    code = "born_too_long_ago"
    status = 422
    sentence = _("{day} is before 1900. Nothing was saved.")
    next_step = _("Enter the year with four digits.")


class PhoneUnreadable(Refusal):
    code = "phone_unreadable"
    status = 422
    sentence = _("“{phone}” is not a telephone number. Nothing was saved.")
    next_step = _("Enter it with its area code, or from abroad with + and the country's number.")


class LikelyDuplicate(Refusal):
    code = "likely_duplicate"
    sentence = _("{name}, born {day}, is already a patient. Nothing was saved.")
    next_step = _("Open that record, or save this one all the same if it is somebody else.")


class PatientChanged(Refusal):
    code = "patient_changed"
    sentence = _(
        "Somebody changed this record while you were writing. Nothing was saved; your input is kept."
    )
    next_step = _("Compare with what stands there now, then save again.")


@dataclass(frozen=True, slots=True)
class PatientDetails:
    """Who somebody is and how to reach them. `skin_type` is Fitzpatrick 1 to 6; None while not judged."""

    first_name: str
    last_name: str
    date_of_birth: date
    email: str = ""
    phone: str = ""
    skin_type: int | None = None
    mail_allowed: bool = True
    notes: str = ""

    @property
    def folded_name(self) -> str:
        return fold(f"{self.first_name} {self.last_name}")[:FOLDED_LENGTH]


@once
def create_patient(
    details: PatientDetails, *, although_similar: bool = False, by: Actor, key: str, now: datetime
) -> Patient:
    """Add a patient to the clinic of `by`.

    Refuses an impossible date of birth, a number that is none, and, unless `although_similar`, somebody who shares
    the date of birth and the name, e-mail or telephone with a patient the clinic already has.
    """
    tidy = _checked(details, by, now)
    clinic = Clinic.objects.select_for_update(no_key=True).get(pk=by.location.clinic_id)
    known = None if although_similar else _likely_same(tidy, clinic)
    if known:
        raise LikelyDuplicate(patient_id=known.pk, name=known.full_name, day=known.date_of_birth)
    written = asdict(tidy) | {"folded_name": tidy.folded_name}
    return Patient.objects.create(clinic=clinic, created_at=now, **written)


@once
def edit_patient(
    patient: Patient, details: PatientDetails, *, version: int, by: Actor, key: str, now: datetime
) -> Patient:
    """Replace a patient's details; refuses what `create_patient` refuses, and a record changed since `version`."""
    return _replace(patient, details, version, by, now)


@once
def change_patient(
    patient: Patient, changes: Mapping[str, Any], *, version: int, by: Actor, key: str, now: datetime
) -> Patient:
    """Replace the details that are named in `changes`, and no other; refuses as `edit_patient` does."""
    as_it_is = {field.name: getattr(patient, field.name) for field in fields(PatientDetails)}
    return _replace(patient, PatientDetails(**{**as_it_is, **changes}), version, by, now)


def _replace(patient: Patient, details: PatientDetails, version: int, by: Actor, now: datetime) -> Patient:
    tidy = _checked(details, by, now)
    locked = Patient.objects.select_for_update().get(pk=patient.pk)
    if locked.version != version:
        raise PatientChanged(patient_id=locked.pk, version=locked.version)
    for name, value in asdict(tidy).items():
        setattr(locked, name, value)
    locked.folded_name = tidy.folded_name
    locked.version += 1
    locked.save()
    return locked


def _checked(details: PatientDetails, by: Actor, now: datetime) -> PatientDetails:
    """`details` without stray spaces and with a full telephone number; refuses what cannot be right."""
    tidy = replace(
        details,
        first_name=tidy_name(details.first_name),
        last_name=tidy_name(details.last_name),
        email=details.email.strip(),
        phone=full_number(details.phone, by.location.country),
    )
    if not tidy.first_name and not tidy.last_name:
        raise NameMissing()
    if max(len(tidy.first_name), len(tidy.last_name)) > NAME_LENGTH:
        raise NameTooLong(most=NAME_LENGTH)
    if tidy.date_of_birth > local_date(now, by.location.zone):
        raise BornInFuture(day=tidy.date_of_birth)
    if tidy.date_of_birth < EARLIEST_BIRTH:
        raise BornTooLongAgo(day=tidy.date_of_birth)
    return tidy


def tidy_name(name: str) -> str:
    """Single-spaced and composed, without control characters; emoji and right-to-left marks stay."""
    composed = unicodedata.normalize("NFC", name)
    printable = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in composed)
    return " ".join(printable.split())


def full_number(phone: str, country: str) -> str:
    """`07700 900123` as `+44 7700 900123`, read as dialled in `country`; refuses what cannot be a number."""
    if not phone.strip():
        return ""
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException as error:
        raise PhoneUnreadable(phone=phone) from error
    if not phonenumbers.is_possible_number(number):
        raise PhoneUnreadable(phone=phone)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _likely_same(details: PatientDetails, clinic: Clinic) -> Patient | None:
    shared = Q(folded_name=details.folded_name)
    if details.email:
        shared |= Q(email__iexact=details.email)
    if details.phone:
        shared |= Q(phone=details.phone)
    return Patient.objects.filter(shared, clinic=clinic, date_of_birth=details.date_of_birth).first()
