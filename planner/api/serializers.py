"""The shapes of protocols, series, sessions and messages: what is sent and what is answered. Shape only."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clinic.api.bodies import Body, ClockTime, Day, Id, Moment, each_once
from patients.api.serializers import LONG, RecordFieldsHidden
from patients.models import Area, Patient
from planner.choices import Endpoint, Reaction
from planner.models import (
    AreaTreatment,
    Message,
    MessageEvent,
    Reservation,
    Series,
    Session,
    TreatmentRecord,
)
from planner.schedule.session_place import SessionPlace
from planner.treatment.treat import AreaEntry, RecordEntry


class VersionAsked(Body):
    """`version` is the one that was read: if somebody changed it since, nothing is written."""

    version = Id()


class WhyAsked(VersionAsked):
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


# Series


class PatientName(serializers.ModelSerializer[Patient]):
    name = serializers.CharField(source="full_name", read_only=True)

    class Meta:
        model = Patient
        fields = read_only_fields = ("id", "name")


class AreaName(serializers.ModelSerializer[Area]):
    label = serializers.CharField(source="__str__", read_only=True)  # type: ignore[assignment]

    class Meta:
        model = Area
        fields = read_only_fields = ("id", "label")


class SessionInSeries(serializers.ModelSerializer[Session]):
    class Meta:
        model = Session
        fields = read_only_fields = ("id", "number", "state", "starts_at", "ends_at", "version")


class SeriesShape(RecordFieldsHidden):
    """`choice_reason` is null for whoever may not see the clinical record."""

    record_fields = ("choice_reason",)
    patient = PatientName(read_only=True)
    protocol = serializers.CharField(source="protocol_version.protocol.name", read_only=True)
    areas = AreaName(many=True, read_only=True)
    sessions = SessionInSeries(many=True, read_only=True)
    choice_reason = serializers.CharField(read_only=True, allow_null=True)
    prefers_from = ClockTime(read_only=True, allow_null=True)
    prefers_to = ClockTime(read_only=True, allow_null=True)

    class Meta:
        model = Series
        fields = read_only_fields = (
            "id", "patient", "location", "protocol", "protocol_version", "areas", "state", "sessions_planned",
            "gap_min_days", "gap_target_days", "gap_max_days", "recommended_version", "recommended_sessions",
            "choice_reason", "prefers_practitioner", "prefers_from", "prefers_to", "weekdays", "starts_from",
            "created_at", "version", "sessions",
        )  # fmt: skip


class NewSeries(Body):
    """A series without times yet. Other than recommended only with a `choice_reason`; `weekdays` 0 (Monday) to 6."""

    patient_id = Id()
    version_id = Id()
    area_ids = serializers.ListField(child=Id(), max_length=40)
    sessions = serializers.IntegerField(min_value=0, max_value=100)
    gap_min_days = serializers.IntegerField(min_value=1, max_value=365)
    gap_target_days = serializers.IntegerField(min_value=1, max_value=365)
    gap_max_days = serializers.IntegerField(min_value=1, max_value=365)
    choice_reason = serializers.CharField(max_length=500, allow_blank=True, required=False)
    prefers_practitioner_id = Id(allow_null=True, default=None)
    prefers_from = ClockTime(allow_null=True, required=False)
    prefers_to = ClockTime(allow_null=True, required=False)
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6), max_length=7, required=False
    )
    starts_from = Day(allow_null=True, required=False)

    def validate_area_ids(self, ids: list[int]) -> list[int]:
        each_once(ids, "area")
        return ids


class VisitShape(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    starts_at = serializers.DateTimeField()
    practitioner_id = serializers.IntegerField(allow_null=True)
    room_id = serializers.IntegerField(allow_null=True)
    device_id = serializers.IntegerField(allow_null=True)


class VisitAsked(Body):
    """A session of the series by its number, its start, and who and what serves it; as a plan names it."""

    number = serializers.IntegerField(min_value=1, max_value=100)
    starts_at = Moment()
    practitioner_id = Id(allow_null=True, default=None)
    room_id = Id(allow_null=True, default=None)
    device_id = Id(allow_null=True, default=None)


class BookAsked(Body):
    visits = serializers.ListField(child=VisitAsked(), max_length=20)

    def validate_visits(self, visits: list[dict[str, Any]]) -> tuple[SessionPlace, ...]:
        return tuple(SessionPlace(**visit) for visit in visits)


class MoveAsked(WhyAsked, BookAsked):
    """This session's new place and, if they move with it, those of later ones of its series."""


class MoveQuestion(Body):
    """`to`: what happens to the rest if the session goes there; `on`: any time of that day. Without both: the nearest
    times that work."""

    to = Moment(allow_null=True, required=False)
    on = Day(allow_null=True, required=False)
    practitioner_id = Id(allow_null=True, required=False)
    with_later = serializers.BooleanField(default=False)


class BreakdownShape(serializers.Serializer[Any]):
    gap = serializers.IntegerField()
    start = serializers.IntegerField()
    change = serializers.IntegerField()
    prefer = serializers.IntegerField()
    time = serializers.IntegerField()
    move = serializers.IntegerField()


class WhyShape(serializers.Serializer[Any]):
    good = serializers.BooleanField()
    sentence = serializers.CharField()


class PlanShape(serializers.Serializer[Any]):
    """A whole plan: its `visits` can be booked, or moved to, as they are. Nothing is held until then."""

    title = serializers.CharField()
    visits = VisitShape(many=True)
    cost = serializers.IntegerField()
    breakdown = BreakdownShape()
    why = WhyShape(many=True)
    slack_days = serializers.IntegerField(allow_null=True)
    last_safe_date = serializers.DateField(allow_null=True)


class RelaxationShape(serializers.Serializer[Any]):
    """One change that alone makes a plan possible."""

    sentence = serializers.CharField()
    set = serializers.DictField()
    cost = serializers.IntegerField()


class PlanAnswerShape(serializers.Serializer[Any]):
    """Plans, best first; where there is none as asked, why, and which single changes would help."""

    plans = PlanShape(many=True)
    reasons = serializers.ListField(child=serializers.CharField())
    relaxations = RelaxationShape(many=True)


# Sessions


class HeldShape(serializers.ModelSerializer[Reservation]):
    """What the session holds and from when to when, making ready included."""

    kind = serializers.CharField(source="resource.kind", read_only=True)
    name = serializers.CharField(source="resource.name", read_only=True)

    class Meta:
        model = Reservation
        fields = read_only_fields = ("resource", "kind", "name", "starts_at", "ends_at")


class SessionShape(serializers.ModelSerializer[Session]):
    patient = PatientName(read_only=True)
    holds = serializers.SerializerMethodField()

    class Meta:
        model = Session
        fields = read_only_fields = (
            "id", "series", "number", "patient", "location", "state", "starts_at", "ends_at",
            "arrived_at", "treatment_began_at", "done_at", "version", "holds",
        )  # fmt: skip

    @extend_schema_field(HeldShape(many=True))
    def get_holds(self, session: Session) -> Any:
        held = [each for each in session.reservations.all() if each.is_active]
        return HeldShape(held, many=True).data


class AreaEntryAsked(Body):
    """One treated area: depth in mm, bleeding 0 (none) to 3 (sheet)."""

    area_id = Id()
    depth_mm = serializers.DecimalField(3, 2, min_value=Decimal("0.25"), max_value=Decimal("3.5"))
    passes = serializers.IntegerField(min_value=1, max_value=12)
    endpoint = serializers.ChoiceField(Endpoint.choices)
    bleeding = serializers.IntegerField(min_value=0, max_value=3)


class RecordAsked(Body):
    """What was done. `version` is the record's own, 0 before the first time."""

    areas = serializers.ListField(child=AreaEntryAsked(), max_length=40)
    cartridge_lot = serializers.CharField(max_length=40)
    cartridge_expires_on = Day()
    cartridge = serializers.CharField(max_length=80, allow_blank=True, required=False)
    anaesthetic = serializers.CharField(max_length=80, allow_blank=True, required=False)
    anaesthetic_lot = serializers.CharField(max_length=40, allow_blank=True, required=False)
    anaesthetic_grams = serializers.DecimalField(
        4, 1, min_value=Decimal(0), max_value=Decimal(500), allow_null=True, required=False
    )
    anaesthetic_minutes = serializers.IntegerField(
        min_value=0, max_value=600, allow_null=True, required=False
    )
    pain = serializers.IntegerField(min_value=0, max_value=10, allow_null=True, required=False)
    reaction = serializers.ChoiceField(Reaction.choices, required=False)
    note = serializers.CharField(max_length=LONG, allow_blank=True, required=False)
    version = serializers.IntegerField(min_value=0, max_value=2**31 - 1)

    def validate_areas(self, areas: list[dict[str, Any]]) -> tuple[AreaEntry, ...]:
        each_once([area["area_id"] for area in areas], "area")
        return tuple(AreaEntry(**area) for area in areas)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        beside = {name: attrs.pop(name) for name in ("version", "record_version") if name in attrs}
        return beside | {"entry": RecordEntry(**attrs)}


class CompletionAsked(RecordAsked):
    """What was done, as the treatment ends. `version` is the session's, `record_version` the record's (0: none yet)."""

    version = Id()
    record_version = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)


class AreaTreatmentShape(serializers.ModelSerializer[AreaTreatment]):
    class Meta:
        model = AreaTreatment
        fields = read_only_fields = ("area", "depth_mm", "passes", "endpoint", "bleeding")


class RecordShape(serializers.ModelSerializer[TreatmentRecord]):
    recorded_by = serializers.CharField(source="recorded_by.staff.name", read_only=True, default="")
    areas = AreaTreatmentShape(many=True, read_only=True)

    class Meta:
        model = TreatmentRecord
        fields = read_only_fields = (
            "session", "recorded_by", "recorded_at", "anaesthetic", "anaesthetic_lot", "anaesthetic_grams",
            "anaesthetic_minutes", "cartridge", "cartridge_lot", "cartridge_expires_on", "pain", "reaction",
            "note", "version", "areas",
        )  # fmt: skip


# Messages


class MessageShape(serializers.ModelSerializer[Message]):
    to_address = serializers.CharField(read_only=True)
    step = serializers.CharField(source="step.code", read_only=True)
    title = serializers.CharField(source="step.title", read_only=True)

    class Meta:
        model = Message
        fields: Any = (
            "id", "location", "patient", "series", "session", "step", "title", "state", "due_at", "expires_at",
            "closed_at", "attempts", "to_address", "subject", "created_at",
        )  # fmt: skip
        read_only_fields = fields


class MessageEventShape(serializers.ModelSerializer[MessageEvent]):
    class Meta:
        model = MessageEvent
        fields = read_only_fields = ("at", "state", "detail")


class WholeMessageShape(MessageShape):
    """With its text as it left (empty before) and what happened to it."""

    events = MessageEventShape(many=True, read_only=True)

    class Meta(MessageShape.Meta):
        fields = read_only_fields = (*MessageShape.Meta.fields, "body_text", "events")


class WithdrawAsked(Body):
    why = serializers.CharField(max_length=200, allow_blank=True, default="")
