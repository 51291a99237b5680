"""Patients and their records for programs: the same services as the pages, behind the same rights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.bodies import Nothing
from clinic.api.endpoints import ClinicView, Few, Row, Rows, Write
from clinic.localtime import local_date
from clinic.permissions import Right
from clinic.services.audit import note_reading
from patients.api import filters, serializers
from patients.models import (
    Area,
    Assessment,
    Consent,
    ConsentText,
    Patient,
    Photo,
    Screening,
    ScreeningAnswer,
    ScreeningQuestion,
)
from patients.scales import SCALES
from patients.scales.base import Scale
from patients.screening_rules import Finding
from patients.services.assessments import assess
from patients.services.consents import sign_consent, withdraw_consent
from patients.services.intake import PatientDetails, change_patient, create_patient
from patients.services.screening import set_aside, standing, take_screening


class OfPatient(ClinicView):
    """About one patient of the caller's clinic. Whoever asks is noted, with what they looked at."""

    looks_at: str
    patient: Patient

    def find(self, **ids: int) -> None:
        self.patient = get_object_or_404(Patient, pk=ids["patient_id"], clinic=self.staff.location.clinic_id)
        note_reading(self.staff, self.patient.pk, self.looks_at, now=self.now)


# Patients


class PatientList(Rows, Write):
    """Find patients; take in a new one. Somebody who may be known already is refused, unless `although_similar`."""

    right, right_to_write = Right.SEE_PATIENTS, Right.EDIT_PATIENTS
    serializer_class = serializers.PatientShape
    filterset_class = filters.PatientFilter
    asks, status_when_done = serializers.NewPatient, 201

    def rows(self) -> QuerySet[Patient]:
        return Patient.objects.filter(clinic=self.staff.location.clinic_id)

    def do(self, asked: dict[str, Any], key: str) -> Patient:
        although_similar = asked.pop("although_similar")
        details = PatientDetails(**asked)
        return create_patient(
            details, although_similar=although_similar, by=self.actor, key=key, now=self.now
        )


class PatientDetail(OfPatient, Row, Write):
    """One patient; change what is sent and leave the rest."""

    right, right_to_write = Right.SEE_PATIENTS, Right.EDIT_PATIENTS
    serializer_class = serializers.PatientShape
    asks, looks_at = serializers.PatientChanges, "patient"
    http_method_names = ["get", "patch", "head", "options"]

    def one(self) -> Patient:
        return self.patient

    def patch(self, request: Request, **ids: int) -> Response:
        return self.write(request, 200)

    def do(self, asked: dict[str, Any], key: str) -> Patient:
        version = asked.pop("version")
        return change_patient(self.patient, asked, version=version, by=self.actor, key=key, now=self.now)


# Screening


class QuestionList(Rows):
    """The medical questions the clinic asks, each with what a yes does to booking and its source."""

    right = Right.SEE_RECORD
    serializer_class = serializers.QuestionShape
    filterset_class = filters.QuestionFilter

    def rows(self) -> QuerySet[ScreeningQuestion]:
        return ScreeningQuestion.objects.filter(clinic=self.staff.location.clinic_id, is_current=True)


class ScreeningList(OfPatient, Rows, Write):
    """The rounds of answers, newest first; take another one."""

    right, right_to_write = Right.SEE_RECORD, Right.WRITE_RECORD
    serializer_class = serializers.ScreeningShape
    asks, status_when_done, looks_at = serializers.NewScreening, 201, "screening"

    def rows(self) -> QuerySet[Screening]:
        answers = ScreeningAnswer.objects.select_related("question", "override__by__staff")
        taken = Screening.objects.select_related("taken_by__staff").filter(patient=self.patient)
        return taken.prefetch_related(Prefetch("answers", answers))

    def do(self, asked: dict[str, Any], key: str) -> Screening:
        replies = asked.pop("answers")
        return take_screening(self.patient, replies, **asked, by=self.actor, key=key, now=self.now)


class StandingOfPatient(OfPatient, Row):
    """Whether the patient may be booked today. It says nothing of what was answered."""

    right = Right.SEE_PATIENTS
    serializer_class = serializers.StandingShape
    looks_at = "standing"

    def one(self) -> dict[str, Any]:
        verdict = standing(self.patient, on=local_date(self.now, self.staff.location.zone))
        is_screened = self.patient.screenings.filter(is_recheck=False).exists()
        return {
            "is_screened": is_screened,
            "may_book": is_screened and verdict.may_book,
            "effect": verdict.effect,
            "earliest": verdict.earliest,
        }


class FindingList(OfPatient, Few):
    """What the newest answers mean today, worst first."""

    right = Right.SEE_RECORD
    serializer_class = serializers.FindingShape
    looks_at = "screening"

    def all(self) -> Sequence[Finding]:
        return standing(self.patient, on=local_date(self.now, self.staff.location.zone)).findings


class SetAside(Write):
    """Let an answer count no longer, for a reason that stays."""

    right = Right.PRESCRIBE
    serializer_class = serializers.OverrideShape
    asks, status_when_done = serializers.ReasonAsked, 201

    def find(self, **ids: int) -> None:
        of_the_clinic = ScreeningAnswer.objects.filter(
            screening__patient__clinic=self.staff.location.clinic_id
        )
        self.answer = get_object_or_404(of_the_clinic.select_related("screening"), pk=ids["answer_id"])
        note_reading(self.staff, self.answer.screening.patient_id, "screening", now=self.now)

    def do(self, asked: dict[str, Any], key: str) -> Any:
        return set_aside(self.answer, reason=asked["reason"], by=self.actor, key=key, now=self.now)


# Consent


class ConsentTextList(Rows):
    """What patients sign today, one text of each kind."""

    right = Right.SEE_RECORD
    serializer_class = serializers.ConsentTextShape
    filterset_class = filters.ConsentTextFilter

    def rows(self) -> QuerySet[ConsentText]:
        return ConsentText.objects.filter(clinic=self.staff.location.clinic_id, is_current=True)


class ConsentList(OfPatient, Rows, Write):
    """Every signature, newest first; add one."""

    right, right_to_write = Right.SEE_RECORD, Right.WRITE_RECORD
    serializer_class = serializers.ConsentShape
    asks, status_when_done, looks_at = serializers.Signature, 201, "consent"

    def rows(self) -> QuerySet[Consent]:
        signed = Consent.objects.select_related("text", "taken_by__staff").filter(patient=self.patient)
        return signed.order_by("-signed_at", "-pk")

    def do(self, asked: dict[str, Any], key: str) -> Consent:
        texts = ConsentText.objects.filter(clinic=self.staff.location.clinic_id)
        read = get_object_or_404(texts, pk=asked.pop("text_id"))
        return sign_consent(self.patient, read, **asked, by=self.actor, key=key, now=self.now)


class WithdrawConsent(Write):
    """From now on this signature counts no longer; it stays in the record."""

    right = Right.WRITE_RECORD
    serializer_class = serializers.ConsentShape
    asks = Nothing

    def find(self, **ids: int) -> None:
        clinic_id = self.staff.location.clinic_id
        self.consent = get_object_or_404(Consent, pk=ids["consent_id"], patient__clinic=clinic_id)
        note_reading(self.staff, self.consent.patient_id, "consent", now=self.now)

    def do(self, asked: dict[str, Any], key: str) -> Consent:
        return withdraw_consent(self.consent, by=self.actor, key=key, now=self.now)


# Areas, assessments, photos


class AreaList(OfPatient, Rows):
    """The patient's areas; assessing adds them."""

    right = Right.SEE_RECORD
    serializer_class = serializers.AreaShape
    looks_at = "areas"

    def rows(self) -> QuerySet[Area]:
        return self.patient.areas.all()


class AssessmentList(OfPatient, Rows, Write):
    """What was judged, newest first; judge areas on named scales."""

    right, right_to_write = Right.SEE_RECORD, Right.WRITE_RECORD
    serializer_class = serializers.AssessmentShape
    asks, status_when_done, looks_at = serializers.NewAssessment, 201, "assess"

    def rows(self) -> QuerySet[Assessment]:
        judged = Assessment.objects.select_related("taken_by__staff").prefetch_related("findings", "scores")
        return judged.filter(patient=self.patient)

    def do(self, asked: dict[str, Any], key: str) -> Assessment:
        areas = asked.pop("areas")
        return assess(self.patient, areas, **asked, by=self.actor, key=key, now=self.now)


class PhotoList(OfPatient, Rows):
    """The patient's photos, without the pictures."""

    right = Right.SEE_RECORD
    serializer_class = serializers.PhotoShape
    looks_at = "photos"

    def rows(self) -> QuerySet[Photo]:
        return self.patient.photos.all()


# Scales


class ScaleList(Few):
    """The severity and outcome scales the app knows: items, points, bands, source."""

    right = Right.SEE_RECORD
    serializer_class = serializers.ScaleShape

    def all(self) -> Sequence[Scale]:
        return tuple(SCALES.values())
