"""Patients and their records for programs: the same services as the pages, behind the same rights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django.db.models import Prefetch, QuerySet
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.bodies import Nothing
from clinic.api.viewsets import ClinicViewSet, ListNoted, ListWhole, RetrieveOpened, writes
from clinic.localtime import local_date
from clinic.permissions import Right
from clinic.services.audit import SEARCH
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
from patients.readings import noting_whom_it_may_be, open_answer, open_consent, open_patient, text_to_sign
from patients.scales import SCALES
from patients.scales.base import Scale
from patients.screening_rules import Finding
from patients.services.assessments import assess
from patients.services.consents import sign_consent, withdraw_consent
from patients.services.intake import PatientDetails, change_patient, create_patient
from patients.services.screening import set_aside, standing, take_screening


class AboutPatient(ClinicViewSet):
    """About one patient of the caller's clinic. Whoever asks is noted, with what they looked at."""

    looks_at: str = ""
    lookup_url_kwarg = "patient_id"
    opened: Patient

    def get_object(self) -> Patient:
        return open_patient(self.actor, self.kwargs["patient_id"], self.looks_at, now=self.now)


class OfPatient(ListModelMixin, AboutPatient):
    """What one patient has of a kind."""

    def get_queryset(self) -> QuerySet[Any]:
        theirs: QuerySet[Any] = cast(Any, self).queryset.filter(patient=self.opened)
        return theirs


# Patients


class PatientViewSet(ListNoted, RetrieveOpened, AboutPatient):
    """Find patients; take in a new one. Somebody who may be known already is refused, unless `although_similar`."""

    right, looks_at = Right.SEE_PATIENTS, "patient"
    listed, patient_field = "patients", "pk"
    queryset = Patient.objects.all()
    serializer_class = serializers.PatientShape
    filterset_class = filters.PatientFilter

    def listed_as(self) -> str:
        return SEARCH if self.request.query_params.get("q", "").strip() else self.listed

    @writes(serializers.NewPatient, Right.EDIT_PATIENTS, status=201)
    def create(self, asked: dict[str, Any], key: str) -> Patient:
        although_similar = asked.pop("although_similar")
        details = PatientDetails(**asked)
        with noting_whom_it_may_be(self.actor, now=self.now):
            return create_patient(
                details, although_similar=although_similar, by=self.actor, key=key, now=self.now
            )

    @writes(serializers.PatientChanges, Right.EDIT_PATIENTS)
    def partial_update(self, asked: dict[str, Any], key: str) -> Patient:
        """Change what is sent and leave the rest."""
        how = {"version": asked.pop("version"), "although_similar": asked.pop("although_similar")}
        with noting_whom_it_may_be(self.actor, now=self.now):
            return change_patient(self.opened, asked, **how, by=self.actor, key=key, now=self.now)

    @action(detail=True, serializer_class=serializers.StandingShape, looks_at="standing")
    def standing(self, request: Request, **ids: int) -> Response:
        """Whether the patient may be booked today. It says nothing of what was answered."""
        verdict = standing(self.opened, on=local_date(self.now, self.staff.location.zone))
        is_screened = self.opened.screenings.filter(is_recheck=False).exists()
        return self.told(
            {
                "is_screened": is_screened,
                "may_book": is_screened and verdict.may_book,
                "effect": verdict.effect,
                "earliest": verdict.earliest,
            }
        )


# Screening


class QuestionViewSet(ListModelMixin, ClinicViewSet):
    """The medical questions the clinic asks, each with what a yes does to booking and its source."""

    right = Right.SEE_RECORD
    queryset = ScreeningQuestion.objects.filter(is_current=True)
    serializer_class = serializers.QuestionShape
    filterset_class = filters.QuestionFilter


class ScreeningViewSet(OfPatient):
    """The rounds of answers, newest first; take another one."""

    right, looks_at = Right.SEE_RECORD, "screening"
    queryset = Screening.objects.select_related("taken_by__staff").prefetch_related(
        Prefetch("answers", ScreeningAnswer.objects.select_related("question", "override__by__staff"))
    )
    serializer_class = serializers.ScreeningShape

    @writes(serializers.NewScreening, Right.WRITE_RECORD, status=201)
    def create(self, asked: dict[str, Any], key: str) -> Screening:
        replies = asked.pop("answers")
        return take_screening(self.opened, replies, **asked, by=self.actor, key=key, now=self.now)


class FindingViewSet(ListWhole, AboutPatient):
    """What the newest answers mean today, worst first."""

    right, looks_at = Right.SEE_RECORD, "screening"
    serializer_class = serializers.FindingShape

    def get_queryset(self) -> Sequence[Finding]:  # type: ignore[override]
        return standing(self.opened, on=local_date(self.now, self.staff.location.zone)).findings


class AnswerViewSet(ClinicViewSet):
    """The answers of a screening."""

    right, lookup_url_kwarg = Right.SEE_RECORD, "answer_id"
    queryset = ScreeningAnswer.objects.select_related("screening")
    opened: ScreeningAnswer

    def get_object(self) -> ScreeningAnswer:
        return open_answer(self.actor, self.kwargs["answer_id"], now=self.now)

    @action(detail=True, methods=["post"], url_path="set-aside", serializer_class=serializers.OverrideShape)
    @writes(serializers.SettingAsideAsked, Right.PRESCRIBE, status=201)
    def set_aside(self, asked: dict[str, Any], key: str) -> Any:
        """Let an answer count no longer, for a reason that stays, until a day on which it counts again."""
        return set_aside(self.opened, **asked, by=self.actor, key=key, now=self.now)


# Consent


class ConsentTextViewSet(ListModelMixin, ClinicViewSet):
    """What patients sign today, one text of each kind."""

    right = Right.SEE_RECORD
    queryset = ConsentText.objects.filter(is_current=True)
    serializer_class = serializers.ConsentTextShape
    filterset_class = filters.ConsentTextFilter


class ConsentOfPatientViewSet(OfPatient):
    """Every signature, newest first; add one."""

    right, looks_at = Right.SEE_RECORD, "consent"
    queryset = Consent.objects.select_related("text", "taken_by__staff").order_by("-signed_at", "-pk")
    serializer_class = serializers.ConsentShape

    @writes(serializers.Signature, Right.WRITE_RECORD, status=201)
    def create(self, asked: dict[str, Any], key: str) -> Consent:
        read = text_to_sign(self.actor, asked.pop("text_id"))
        return sign_consent(self.opened, read, **asked, by=self.actor, key=key, now=self.now)


class ConsentViewSet(ClinicViewSet):
    """One signature."""

    right, lookup_url_kwarg = Right.SEE_RECORD, "consent_id"
    queryset = Consent.objects.all()
    serializer_class = serializers.ConsentShape
    opened: Consent

    def get_object(self) -> Consent:
        return open_consent(self.actor, self.kwargs["consent_id"], now=self.now)

    @action(detail=True, methods=["post"])
    @writes(Nothing, Right.WRITE_RECORD)
    def withdraw(self, asked: dict[str, Any], key: str) -> Consent:
        """From now on this signature counts no longer; it stays in the record."""
        return withdraw_consent(self.opened, by=self.actor, key=key, now=self.now)


# Areas, assessments, photos


class AreaViewSet(OfPatient):
    """The patient's areas; assessing adds them."""

    right, looks_at = Right.SEE_RECORD, "areas"
    queryset = Area.objects.all()
    serializer_class = serializers.AreaShape


class AssessmentViewSet(OfPatient):
    """What was judged, newest first; judge areas on named scales."""

    right, looks_at = Right.SEE_RECORD, "assess"
    queryset = Assessment.objects.select_related("taken_by__staff").prefetch_related("findings", "scores")
    serializer_class = serializers.AssessmentShape

    @writes(serializers.NewAssessment, Right.WRITE_RECORD, status=201)
    def create(self, asked: dict[str, Any], key: str) -> Assessment:
        areas = asked.pop("areas")
        return assess(self.opened, areas, **asked, by=self.actor, key=key, now=self.now)


class PhotoViewSet(OfPatient):
    """The patient's photos, without the pictures."""

    right, looks_at = Right.SEE_RECORD, "photos"
    queryset = Photo.objects.all()
    serializer_class = serializers.PhotoShape


# Scales


class ScaleViewSet(ListWhole):
    """The severity and outcome scales the app knows: items, points, bands, source."""

    right = Right.SEE_RECORD
    serializer_class = serializers.ScaleShape

    def get_queryset(self) -> Sequence[Scale]:  # type: ignore[override]
        return tuple(SCALES.values())
