"""New patients and changes to who they are and how they are reached."""

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
from patients.folding import folded_name, name_key, tidy_name
from patients.models import Patient
from patients.models.patient import FOLDED_LENGTH

EARLIEST_BIRTH = date(1900, 1, 1)
NAME_LENGTH = 120
TELLING = ("first_name", "last_name", "former_names", "date_of_birth", "email", "phone")
"""What says who somebody is."""


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
    former_names: str = ""
    email: str = ""
    phone: str = ""
    skin_type: int | None = None
    mail_allowed: bool = True
    notes: str = ""

    @property
    def folded_name(self) -> str:
        return folded_name(self.first_name, self.last_name, self.former_names, most=FOLDED_LENGTH)


@once
def create_patient(
    details: PatientDetails, *, although_similar: bool = False, by: Actor, key: str, now: datetime
) -> Patient:
    """Add a patient to the clinic of `by`.

    Refuses an impossible date of birth, a number that is none, and, unless `although_similar`, somebody whom the clinic
    seems to know: born on the same day with the same name (also swapped, or former), e-mail or telephone; or two of
    these: the e-mail, the telephone, the name with a birthday one digit off.
    """
    tidy = _checked(details, by, now)
    clinic = Clinic.objects.select_for_update(no_key=True).get(pk=by.location.clinic_id)
    known = None if although_similar else _likely_same(tidy, clinic.pk)
    if known:
        raise LikelyDuplicate(patient_id=known.pk, name=known.full_name, day=known.date_of_birth)
    written = asdict(tidy) | {"folded_name": tidy.folded_name}
    return Patient.objects.create(clinic=clinic, created_at=now, **written)


@once
def edit_patient(
    patient: Patient,
    details: PatientDetails,
    *,
    although_similar: bool = False,
    version: int,
    by: Actor,
    key: str,
    now: datetime,
) -> Patient:
    """Replace a patient's details; refuses what `create_patient` refuses, and a record changed since `version`."""
    return _replace(patient, details, although_similar, version, by, now)


@once
def change_patient(
    patient: Patient,
    changes: Mapping[str, Any],
    *,
    although_similar: bool = False,
    version: int,
    by: Actor,
    key: str,
    now: datetime,
) -> Patient:
    """Replace the details that are named in `changes`, and no other; refuses as `edit_patient` does."""
    as_it_is = {field.name: getattr(patient, field.name) for field in fields(PatientDetails)}
    details = PatientDetails(**{**as_it_is, **changes})
    return _replace(patient, details, although_similar, version, by, now)


def _replace(
    patient: Patient,
    details: PatientDetails,
    although_similar: bool,
    version: int,
    by: Actor,
    now: datetime,
) -> Patient:
    tidy = _checked(details, by, now)
    locked = Patient.objects.select_for_update().get(pk=patient.pk)
    if locked.version != version:
        raise PatientChanged(patient_id=locked.pk, version=locked.version)
    if not although_similar and any(getattr(locked, name) != getattr(tidy, name) for name in TELLING):
        known = _likely_same(tidy, locked.clinic_id, but=locked.pk)
        if known:
            raise LikelyDuplicate(patient_id=known.pk, name=known.full_name, day=known.date_of_birth)
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
        former_names=tidy_name(details.former_names),
        email=details.email.strip(),
        phone=full_number(details.phone, by.location.country),
    )
    if not tidy.first_name and not tidy.last_name:
        raise NameMissing()
    if max(len(name) for name in (tidy.first_name, tidy.last_name, tidy.former_names)) > NAME_LENGTH:
        raise NameTooLong(most=NAME_LENGTH)
    if tidy.date_of_birth > local_date(now, by.location.zone):
        raise BornInFuture(day=tidy.date_of_birth)
    if tidy.date_of_birth < EARLIEST_BIRTH:
        raise BornTooLongAgo(day=tidy.date_of_birth)
    return tidy


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


def _likely_same(details: PatientDetails, clinic_id: int, *, but: int = 0) -> Patient | None:
    known = Q(date_of_birth=details.date_of_birth)
    if details.email:
        known |= Q(email__iexact=details.email)
    if details.phone:
        known |= Q(phone=details.phone)
    known_ones = Patient.objects.filter(known, clinic=clinic_id).exclude(pk=but).order_by("pk")
    return next((each for each in known_ones if _is_likely(details, each)), None)


def _is_likely(details: PatientDetails, known: Patient) -> bool:
    """Born the same day with one thing in common, or two of: mail, telephone, name with a birthday one digit off."""
    mail = bool(details.email) and details.email.casefold() == known.email.casefold()
    phone = bool(details.phone) and details.phone == known.phone
    name = _is_same_name(details, known)
    if details.date_of_birth == known.date_of_birth:
        return mail or phone or name
    name = name and _is_one_digit_off(details.date_of_birth, known.date_of_birth)
    return mail + phone + name >= 2


def _is_same_name(details: PatientDetails, known: Patient) -> bool:
    """Also with first and last name swapped, or under a former name."""
    last = {name_key(name) for name in (known.last_name, known.former_names) if name}
    ours = name_key(details.first_name), name_key(details.last_name)
    first = name_key(known.first_name)
    whole = name_key(details.first_name, details.last_name) == name_key(known.first_name, known.last_name)
    former = name_key(details.former_names)
    swapped = ours[1] == first and ours[0] in last
    return whole or swapped or (ours[0] == first and (ours[1] in last or bool(former and former in last)))


def _is_one_digit_off(one: date, other: date) -> bool:
    return sum(a != b for a, b in zip(f"{one:%Y%m%d}", f"{other:%Y%m%d}", strict=True)) == 1
