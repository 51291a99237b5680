"""The shapes of resources, protocols and what is recommended. Shape only."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from clinic.models import DeviceType, Resource
from patients.choices import Certainty, Severity, Site
from planner.choices import Endpoint
from planner.models import Protocol, ProtocolGap, ProtocolPhase, ProtocolVersion, SiteDepth


class ResourceShape(serializers.ModelSerializer[Resource]):
    device_type = serializers.ChoiceField(DeviceType.choices, allow_blank=True, read_only=True)

    class Meta:
        model = Resource
        fields = read_only_fields = (
            "id", "location", "kind", "name", "is_active", "skills", "turnaround_minutes",
            "device_type", "model", "max_depth_mm", "version",
        )  # fmt: skip


class ProtocolVersionShape(serializers.ModelSerializer[ProtocolVersion]):
    class Meta:
        model = ProtocolVersion
        fields: Any = (
            "id", "number", "is_current", "created_at", "change_note", "sessions_min", "sessions_target",
            "sessions_max", "floor_days", "lapse_days", "practitioner_skills", "room_skills", "device_skills",
            "interim_review_before", "outcome_weeks", "evidence", "source", "certainty",
        )  # fmt: skip
        read_only_fields = fields


class GapShape(serializers.ModelSerializer[ProtocolGap]):
    class Meta:
        model = ProtocolGap
        fields = read_only_fields = (
            "skin_type_from", "skin_type_to", "min_days", "target_days", "max_days", "source", "certainty",
        )  # fmt: skip


class PhaseShape(serializers.ModelSerializer[ProtocolPhase]):
    class Meta:
        model = ProtocolPhase
        fields = read_only_fields = ("kind", "minutes", "needs")


class SiteDepthShape(serializers.ModelSerializer[SiteDepth]):
    class Meta:
        model = SiteDepth
        fields = read_only_fields = (
            "site", "min_mm", "rubra_mm", "alba_mm", "max_mm", "passes_min", "passes_max", "note",
            "source", "certainty",
        )  # fmt: skip


class WholeVersionShape(ProtocolVersionShape):
    gaps = GapShape(many=True, read_only=True)
    phases = PhaseShape(many=True, read_only=True)
    depths = SiteDepthShape(many=True, read_only=True)

    class Meta(ProtocolVersionShape.Meta):
        fields = read_only_fields = (*ProtocolVersionShape.Meta.fields, "gaps", "phases", "depths")


class ProtocolShape(serializers.ModelSerializer[Protocol]):
    versions = ProtocolVersionShape(many=True, read_only=True)

    class Meta:
        model = Protocol
        fields = read_only_fields = ("id", "code", "name", "modality", "severity", "is_active", "versions")


class WholeProtocolShape(ProtocolShape):
    versions = WholeVersionShape(many=True, read_only=True)


class ReasonShape(serializers.Serializer[Any]):
    sentence = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    certainty = serializers.ChoiceField(Certainty.choices)


class DepthAdviceShape(serializers.Serializer[Any]):
    """`is_capped`: the device's label limits the depth."""

    site = serializers.ChoiceField(Site.choices)
    target_mm = serializers.DecimalField(3, 2)
    min_mm = serializers.DecimalField(3, 2)
    max_mm = serializers.DecimalField(3, 2)
    passes_min = serializers.IntegerField()
    passes_max = serializers.IntegerField()
    endpoint = serializers.ChoiceField(Endpoint.choices)
    note = serializers.CharField(allow_blank=True)
    is_capped = serializers.BooleanField()


class AdviceShape(serializers.Serializer[Any]):
    """What a draft of the series would say as it is recommended, and why."""

    version_id = serializers.IntegerField(source="version.pk")
    protocol = serializers.CharField(source="version.protocol.name")
    severity = serializers.ChoiceField(Severity.choices, source="recommendation.severity")
    sessions = serializers.IntegerField(source="version.sessions_target")
    gap_min_days = serializers.IntegerField(source="recommendation.gap.min_days")
    gap_target_days = serializers.IntegerField(source="recommendation.gap.target_days")
    gap_max_days = serializers.IntegerField(source="recommendation.gap.max_days")
    depths = DepthAdviceShape(many=True, source="recommendation.depths")
    reasons = ReasonShape(many=True, source="recommendation.reasons")
    cautions = ReasonShape(many=True, source="recommendation.cautions")
    expectation = ReasonShape(source="recommendation.expectation")
