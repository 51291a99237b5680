"""Series: draft, propose, book, stop."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from clinic.api.bodies import Nothing
from clinic.api.endpoints import Ask, ClinicView, Row, Rows, Write
from clinic.models import Resource
from clinic.permissions import Right
from clinic.services.audit import note_reading
from patients.models import Area, Patient
from planner.api import filters, serializers
from planner.models import ProtocolVersion, Series
from planner.protocols.patient_recommendation import advice_for
from planner.schedule.book import book_series, stop_series
from planner.schedule.draft import ProtocolChoice, Wishes, draft_series
from planner.schedule.proposals import PlanAnswer
from planner.schedule.propose import propose

GAP = ("gap_min_days", "gap_target_days", "gap_max_days")


class OfSeries(ClinicView):
    """About one series of the caller's clinic. Whoever asks is noted."""

    series: Series

    def find(self, **ids: int) -> None:
        of_the_clinic = Series.objects.filter(patient__clinic=self.staff.location.clinic_id)
        self.series = get_object_or_404(
            of_the_clinic.select_related("patient", "location", "protocol_version__protocol"),
            pk=ids["series_id"],
        )
        note_reading(self.staff, self.series.patient_id, "series", now=self.now, object_id=self.series.pk)


class SeriesList(Rows, Write):
    """The clinic's series, newest first; draft one. What was recommended then is kept with it."""

    right, right_to_write = Right.SEE_PATIENTS, Right.PRESCRIBE
    serializer_class = serializers.SeriesShape
    filterset_class = filters.SeriesFilter
    asks, status_when_done = serializers.NewSeries, 201

    def rows(self) -> QuerySet[Series]:
        with_all = Series.objects.select_related("patient", "protocol_version__protocol")
        return with_all.prefetch_related("areas", "sessions").filter(
            patient__clinic=self.staff.location.clinic_id
        )

    def do(self, asked: dict[str, Any], key: str) -> Series:
        clinic_id, location = self.staff.location.clinic_id, self.staff.location
        patient = get_object_or_404(Patient, pk=asked.pop("patient_id"), clinic=clinic_id)
        versions = ProtocolVersion.objects.select_related("protocol").filter(protocol__clinic=clinic_id)
        areas = [get_object_or_404(Area, pk=pk, patient=patient) for pk in asked.pop("area_ids")]
        practitioner = asked.pop("prefers_practitioner_id")
        advice = advice_for(patient, location)
        choice = ProtocolChoice(
            get_object_or_404(versions, pk=asked.pop("version_id")),
            asked.pop("sessions"),
            (asked.pop(GAP[0]), asked.pop(GAP[1]), asked.pop(GAP[2])),
            recommended_version=advice.version if advice else None,
            recommended_sessions=advice.version.sessions_target if advice else None,
            reason=asked.pop("choice_reason", ""),
        )
        practitioners = Resource.objects.filter(location__clinic=clinic_id)
        wishes = Wishes(practitioner and get_object_or_404(practitioners, pk=practitioner), **asked)
        return draft_series(
            patient,
            choice,
            wishes,
            location=location,
            areas=areas,
            by=self.actor,
            key=key,
            now=self.now,
        )


class SeriesDetail(OfSeries, Row):
    """One series with its sessions."""

    right = Right.SEE_PATIENTS
    serializer_class = serializers.SeriesShape

    def one(self) -> Series:
        return self.series


class Propose(OfSeries, Ask):
    """Up to three whole plans for the sessions that have no time yet, or why there is none."""

    right = Right.BOOK
    serializer_class = serializers.PlanAnswerShape
    asks = Nothing

    def answer(self, asked: dict[str, Any]) -> PlanAnswer:
        return propose(self.series, now=self.now)


class Book(OfSeries, Write):
    """Give every session without a time the one in `visits`: all of them or none."""

    right = Right.BOOK
    serializer_class = serializers.SeriesShape
    asks = serializers.BookAsked

    def do(self, asked: dict[str, Any], key: str) -> Series:
        return book_series(self.series.pk, asked["visits"], by=self.actor, key=key, now=self.now)


class StopSeries(OfSeries, Write):
    """Cancel all sessions that are still to come."""

    right = Right.BOOK
    serializer_class = serializers.SeriesShape
    asks = serializers.WhyAsked

    def do(self, asked: dict[str, Any], key: str) -> Series:
        return stop_series(self.series.pk, **asked, by=self.actor, key=key, now=self.now)
