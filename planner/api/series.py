"""Series: draft, propose, book, stop."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin

from clinic.api.bodies import Nothing
from clinic.api.viewsets import ClinicViewSet, RetrieveOpened, asks, writes
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


class SeriesViewSet(ListModelMixin, RetrieveOpened, ClinicViewSet):
    """The clinic's series, newest first; draft one. Whoever asks for one is noted."""

    right, lookup_url_kwarg = Right.SEE_PATIENTS, "series_id"
    way_to_clinic = "patient__clinic"
    queryset = Series.objects.select_related("patient", "protocol_version__protocol").prefetch_related(
        "areas", "sessions"
    )
    serializer_class = serializers.SeriesShape
    filterset_class = filters.SeriesFilter
    opened: Series

    def get_object(self) -> Series:
        of_the_clinic = Series.objects.filter(patient__clinic=self.staff.location.clinic_id)
        with_its_facts = of_the_clinic.select_related("patient", "location", "protocol_version__protocol")
        series = get_object_or_404(with_its_facts, pk=self.kwargs["series_id"])
        note_reading(self.staff, series.patient_id, "series", now=self.now, object_id=series.pk)
        return series

    @writes(serializers.NewSeries, Right.PRESCRIBE, status=201)
    def create(self, asked: dict[str, Any], key: str) -> Series:
        """Draft a series. What was recommended then is kept with it."""
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

    @action(detail=True, methods=["post"], serializer_class=serializers.PlanAnswerShape)
    @asks(Nothing, Right.BOOK)
    def propose(self, asked: dict[str, Any]) -> PlanAnswer:
        """Up to three whole plans for the sessions that have no time yet, or why there is none."""
        return propose(self.opened, now=self.now)

    @action(detail=True, methods=["post"])
    @writes(serializers.BookAsked, Right.BOOK)
    def book(self, asked: dict[str, Any], key: str) -> Series:
        """Give every session without a time the one in `visits`: all of them or none."""
        return book_series(self.opened.pk, asked["visits"], by=self.actor, key=key, now=self.now)

    @action(detail=True, methods=["post"])
    @writes(serializers.WhyAsked, Right.BOOK)
    def stop(self, asked: dict[str, Any], key: str) -> Series:
        """Cancel all sessions that are still to come."""
        return stop_series(self.opened.pk, **asked, by=self.actor, key=key, now=self.now)
