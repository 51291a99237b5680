"""Protocols, and what is recommended for a patient."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.viewsets import ClinicViewSet, RetrieveOpened
from clinic.permissions import Right
from patients.api.views import AboutPatient
from planner.api import filters
from planner.api import protocol_serializers as serializers
from planner.models import Protocol
from planner.protocols.patient_recommendation import NothingToRecommend, advice_for
from planner.readings import open_protocol


class ProtocolViewSet(ListModelMixin, RetrieveOpened, ClinicViewSet):
    """The clinic's protocols with their versions, newest version first; one of them with gaps, phases and depths."""

    right, lookup_url_kwarg = Right.MANAGE_PROTOCOLS, "protocol_id"
    queryset = Protocol.objects.prefetch_related("versions").order_by("modality", "name", "pk")
    filterset_class = filters.ProtocolFilter

    def get_object(self) -> Protocol:
        return open_protocol(self.actor, self.kwargs["protocol_id"], read=_whole)

    def get_serializer_class(self) -> type[serializers.ProtocolShape]:
        return serializers.WholeProtocolShape if self.detail else serializers.ProtocolShape


def _whole(protocols: QuerySet[Protocol]) -> QuerySet[Protocol]:
    return protocols.prefetch_related("versions__gaps", "versions__phases", "versions__depths")


class RecommendationViewSet(AboutPatient):
    """Protocol, number of sessions, gaps and depths as the clinic's protocols recommend them, with reasons."""

    right, looks_at = Right.PRESCRIBE, "plan"
    serializer_class = serializers.AdviceShape

    def retrieve(self, request: Request, **ids: int) -> Response:
        advice = advice_for(self.opened, self.staff.location)
        if advice is None:
            raise NothingToRecommend()
        return self.told(advice)
