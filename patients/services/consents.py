"""Signing, finding and withdrawing consents."""

from calendar import monthrange
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from clinic.actor import Actor
from clinic.errors import Refusal
from clinic.localtime import local_date
from clinic.services.once import once
from patients.choices import ConsentKind
from patients.folding import name_key
from patients.models import Consent, ConsentText, Patient


class NameDiffers(Refusal):
    code = "name_differs"
    sentence = _("The signature reads “{signed}”, the record says “{name}”. Nothing was signed.")
    next_step = _("Type the name as it stands in the record, or correct the record first.")


class NotAgreed(Refusal):
    code = "not_agreed"
    sentence = _("The box that says “I have read this and agree” is empty. Nothing was signed.")
    next_step = _("Tick it if the patient agrees.")


class ConsentTextChanged(Refusal):
    code = "consent_text_changed"
    sentence = _("The text was changed while it was being read. Nothing was signed.")
    next_step = _("Read version {version} and sign that.")


class AlreadyWithdrawn(Refusal):
    code = "already_withdrawn"
    sentence = _("This consent was already withdrawn on {at}.")


def consent_on(patient: Patient, day: date, kind: str) -> Consent | None:
    """The newest consent of `kind` that is good on `day`: signed, not run out, not withdrawn."""
    good = Consent.objects.filter(
        patient=patient, kind=kind, valid_from__lte=day, valid_to__gte=day, withdrawn_at=None
    )
    return good.order_by("-signed_at", "-id").first()


def months_later(day: date, months: int) -> date:
    """The same day of the month, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def current_text(patient: Patient, kind: ConsentKind) -> ConsentText | None:
    return ConsentText.objects.filter(clinic_id=patient.clinic_id, kind=kind, is_current=True).first()


@once
def sign_consent(
    patient: Patient,
    text: ConsentText,
    *,
    signed_name: str,
    agreed: bool,
    by: Actor,
    key: str,
    now: datetime,
) -> Consent:
    """Keep the patient's signature under `text`, good from today for the text's number of months.

    Refuses a name other than the patient's (case, accents, hyphens and spacing aside), an empty box and a text that is
    no longer the current version.
    """
    current = current_text(patient, ConsentKind(text.kind))
    if current != text:
        raise ConsentTextChanged(version=current.version if current else "-")
    if not agreed:
        raise NotAgreed()
    if name_key(signed_name) != name_key(patient.full_name):
        raise NameDiffers(signed=signed_name, name=patient.full_name)
    day = local_date(now, by.location.zone)
    return Consent.objects.create(
        patient=patient,
        text=text,
        kind=text.kind,
        signed_name=" ".join(signed_name.split()),
        signed_at=now,
        valid_from=day,
        valid_to=months_later(day, text.valid_months),
        taken_by=by.user,
    )


@once
def withdraw_consent(consent: Consent, *, by: Actor, key: str, now: datetime) -> Consent:
    """From now on this signature counts no longer; it stays in the record. Refuses one already withdrawn."""
    locked = Consent.objects.select_for_update().get(pk=consent.pk)
    if locked.withdrawn_at is not None:
        raise AlreadyWithdrawn(at=locked.withdrawn_at)
    locked.withdrawn_at = now
    locked.save(update_fields=["withdrawn_at"])
    return locked
