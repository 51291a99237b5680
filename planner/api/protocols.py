"""Resources, protocols, and what is recommended for a patient."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from clinic.api.endpoints import Row, Rows
from clinic.models import Resource
from clinic.permissions import Right
from patients.api.views import OfPatient
from planner.api import filters
from planner.api import protocol_serializers as serializers
from planner.models import Protocol
from planner.protocols.patient_recommendation import NothingToRecommend, PatientRecommendation, advice_for


class ResourceList(Rows):
    """Practitioners, rooms and devices of the clinic."""

    right = Right.SEE_SCHEDULE
    serializer_class = serializers.ResourceShape
    filterset_class = filters.ResourceFilter

    def rows(self) -> QuerySet[Resource]:
        of_the_clinic = Resource.objects.filter(location__clinic=self.staff.location.clinic_id)
        return of_the_clinic.order_by("kind", "position", "name", "pk")


class ProtocolList(Rows):
    """The clinic's protocols with their versions, newest version first."""

    right = Right.MANAGE_PROTOCOLS
    serializer_class = serializers.ProtocolShape
    filterset_class = filters.ProtocolFilter

    def rows(self) -> QuerySet[Protocol]:
        of_the_clinic = Protocol.objects.filter(clinic=self.staff.location.clinic_id)
        return of_the_clinic.prefetch_related("versions").order_by("modality", "name", "pk")


class ProtocolDetail(Row):
    """One protocol; its versions with gaps, phases and depths."""

    right = Right.MANAGE_PROTOCOLS
    serializer_class = serializers.WholeProtocolShape

    def find(self, **ids: int) -> None:
        parts = ("versions__gaps", "versions__phases", "versions__depths")
        of_the_clinic = Protocol.objects.filter(clinic=self.staff.location.clinic_id)
        self.protocol = get_object_or_404(of_the_clinic.prefetch_related(*parts), pk=ids["protocol_id"])

    def one(self) -> Protocol:
        return self.protocol


class RecommendationOfPatient(OfPatient, Row):
    """Protocol, number of sessions, gaps and depths as the clinic's protocols recommend them, with reasons."""

    right = Right.PRESCRIBE
    serializer_class = serializers.AdviceShape
    looks_at = "plan"

    def one(self) -> PatientRecommendation:
        advice = advice_for(self.patient, self.staff.location)
        if advice is None:
            raise NothingToRecommend()
        return advice
