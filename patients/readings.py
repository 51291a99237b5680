"""The one door to a patient and to each thing of theirs: found in the reader's clinic, otherwise 404, and noted."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from operator import attrgetter

from django.db.models import QuerySet

from clinic.actor import Actor
from clinic.prepared import Given, Prepared
from clinic.readings import opened, the_one
from clinic.services.audit import note_reading
from patients.models import (
    Area,
    Consent,
    ConsentText,
    Patient,
    Photo,
    Screening,
    ScreeningAnswer,
    ScreeningOverride,
)
from patients.services.intake import LikelyDuplicate


def open_patient(by: Actor, patient_id: int, what: str, *, now: datetime) -> Patient:
    """`what` is the page or the part of the record that is looked at."""
    found = _patient(patient=patient_id, clinic=by.location.clinic_id)
    return opened(by, found, what, now=now, of=attrgetter("pk"))


@Prepared
def _patient() -> QuerySet[Patient]:
    return Patient.objects.filter(pk=Given("patient"), clinic=Given("clinic"))


def open_photo(by: Actor, photo_id: int, *, now: datetime) -> Photo:
    found = Photo.objects.filter(pk=photo_id, patient__clinic=by.location.clinic_id)
    return opened(by, found, "photo", now=now)


def open_consent(by: Actor, consent_id: int, *, now: datetime, patient_id: int | None = None) -> Consent:
    """With `patient_id` only one of that patient's."""
    found = Consent.objects.filter(pk=consent_id, patient__clinic=by.location.clinic_id)
    return opened(by, found.filter(patient=patient_id) if patient_id else found, "consent", now=now)


def open_screening(by: Actor, screening_id: int, *, now: datetime, patient_id: int) -> Screening:
    """One of that patient's rounds."""
    rounds = Screening.objects.select_related("patient", "taken_by__staff")
    found = rounds.filter(pk=screening_id, patient=patient_id, patient__clinic=by.location.clinic_id)
    return opened(by, found, "screening", now=now)


def open_answer(by: Actor, answer_id: int, *, now: datetime) -> ScreeningAnswer:
    """With the screening it was given in."""
    answers = ScreeningAnswer.objects.select_related("screening")
    found = answers.filter(pk=answer_id, screening__patient__clinic=by.location.clinic_id)
    return opened(by, found, "screening", now=now, of=attrgetter("screening.patient_id"))


def open_override(by: Actor, override_id: int, *, now: datetime, patient_id: int) -> ScreeningOverride:
    """Of one of that patient's answers."""
    overrides = ScreeningOverride.objects.select_related("answer__screening")
    theirs = {"answer__screening__patient": patient_id}
    found = overrides.filter(
        pk=override_id, answer__screening__patient__clinic=by.location.clinic_id, **theirs
    )
    return opened(by, found, "screening", now=now, of=attrgetter("answer.screening.patient_id"))


def text_to_sign(by: Actor, text_id: int, kind: str = "") -> ConsentText:
    """Any version of the clinic's own texts, of this kind if one is named; nobody's record."""
    texts = ConsentText.objects.filter(pk=text_id, clinic=by.location.clinic_id)
    return the_one(texts.filter(kind=kind) if kind else texts)


def areas_of(patient: Patient, area_ids: Iterable[int]) -> list[Area]:
    """In the order asked for; all of them the patient's, who has been opened."""
    return [the_one(patient.areas.filter(pk=pk)) for pk in area_ids]


@contextmanager
def noting_whom_it_may_be(by: Actor, *, now: datetime) -> Iterator[None]:
    """Around taking somebody in: a refusal that names a known patient has shown one."""
    try:
        yield
    except LikelyDuplicate as refusal:
        note_reading(by, "similar", [refusal.facts["patient_id"]], now=now)
        raise
