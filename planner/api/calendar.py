"""Leave, closures, extra days, hours and resources: what sessions stand on. Each change says which of them it hits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from rest_framework import mixins, serializers

from clinic.api.bodies import Body, ClockTime, Day, Id, Moment
from clinic.api.viewsets import ClinicViewSet, writes
from clinic.models import Absence, ExtraHours, Resource, WeeklyHours
from clinic.models.hours import MIDNIGHT
from clinic.permissions import Right
from clinic.readings import open_absence, open_extra_hours, open_hours, open_resource
from clinic.services import hours as service
from clinic.services.audit import note_reading
from clinic.services.once import Edited
from clinic.services.resources import change_resource
from clinic.services.sessions_hit import ChangeScope, SessionHit, hit_by, would_hit
from planner.api import filters
from planner.api.protocol_serializers import ResourceShape


@dataclass(frozen=True, slots=True)
class Changed:
    """What was kept (nothing on a dry run), and the sessions that newly have something in their way."""

    kept: Any
    would_hit: tuple[SessionHit, ...]


class HitShape(serializers.Serializer[Any]):
    session = serializers.IntegerField(source="session_id")
    patient = serializers.IntegerField(source="patient.pk")
    code = serializers.CharField()
    until = serializers.DateField(allow_null=True)
    text = serializers.CharField(source="sentence")


class ChangedShape(serializers.Serializer[Any]):
    """`would_hit`: the sessions that the change hits, whether it was kept or only tried."""

    would_hit = HitShape(many=True)


class ChangeAsked(Body):
    """With `dry_run` nothing is kept; the answer only says which sessions would be hit."""

    dry_run = serializers.BooleanField(default=False)


class Changes(mixins.ListModelMixin, ClinicViewSet):
    """Rows that sessions stand on: read with the right to see the schedule, changed with that to manage the clinic."""

    right, way_to_clinic = Right.SEE_SCHEDULE, "location__clinic"
    changed_class: ClassVar[type[ChangedShape]] = ChangedShape

    def get_serializer_class(self) -> Any:
        is_read = self.action in ("list", "retrieve")
        return super().get_serializer_class() if is_read else self.changed_class

    def change(self, scope: ChangeScope, write: Callable[[], object], *, dry_run: bool) -> Changed:
        kept: list[object] = []
        run = would_hit if dry_run else hit_by
        hits = run(scope, lambda: kept.append(write()), now=self.now)
        note_reading(self.actor, "sessions_hit", (each.patient.pk for each in hits), now=self.now)
        return Changed(None if dry_run else kept[0], hits)


# Absences and extra hours


class SpanAsked(ChangeAsked):
    """Without a `resource_id`, of the whole location."""

    resource_id = Id(allow_null=True, default=None)
    starts_at = Moment()
    ends_at = Moment()
    note = serializers.CharField(max_length=200, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["starts_at"] >= attrs["ends_at"]:
            raise serializers.ValidationError({"ends_at": _("The end must be after the beginning.")})
        return attrs


class AbsenceAsked(SpanAsked):
    kind = serializers.ChoiceField(Absence.Kind.choices)


class AbsenceShape(serializers.ModelSerializer[Absence]):
    class Meta:
        model = Absence
        fields = read_only_fields = ("id", "location", "resource", "kind", "starts_at", "ends_at", "note")


class ExtraHoursShape(serializers.ModelSerializer[ExtraHours]):
    class Meta:
        model = ExtraHours
        fields = read_only_fields = ("id", "location", "resource", "starts_at", "ends_at", "note")


class AbsenceChangedShape(ChangedShape):
    absence = AbsenceShape(source="kept", allow_null=True)


class ExtraHoursChangedShape(ChangedShape):
    extra_hours = ExtraHoursShape(source="kept", allow_null=True)


class SpanViewSet(Changes):
    """Those at the caller's location that are not over yet."""

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(location=self.staff.location, ends_at__gt=self.now)

    def _add(self, model: type[Any], add: Callable[..., object], asked: dict[str, Any], key: str) -> Changed:
        dry_run, pk = asked.pop("dry_run"), asked.pop("resource_id")
        resource = open_resource(self.actor, pk) if pk else None
        row = model(location=self.staff.location, resource=resource, **asked)
        return self.change(
            _scope(row), lambda: add(row, by=self.actor, key=key, now=self.now), dry_run=dry_run
        )

    def _remove(self, remove: Callable[..., object], asked: dict[str, Any], key: str) -> Changed:
        def write() -> None:
            remove(self.opened, by=self.actor, key=key, now=self.now)

        return self.change(_scope(self.opened), write, **asked)


def _scope(span: Absence | ExtraHours) -> ChangeScope:
    return ChangeScope(span.location, span.resource, span.starts_at, span.ends_at)


class AbsenceViewSet(SpanViewSet):
    """Leave, sickness, closures and upkeep, the earliest first."""

    queryset = Absence.objects.order_by("starts_at", "pk")
    serializer_class, changed_class = AbsenceShape, AbsenceChangedShape
    lookup_url_kwarg = "absence_id"

    def get_object(self) -> Absence:
        return open_absence(self.actor, self.kwargs["absence_id"])

    @writes(AbsenceAsked, Right.MANAGE_CLINIC, status=201)
    def create(self, asked: dict[str, Any], key: str) -> Changed:
        """Somebody or something is away."""
        return self._add(Absence, service.add_absence, asked, key)

    @writes(ChangeAsked, Right.MANAGE_CLINIC)
    def destroy(self, asked: dict[str, Any], key: str) -> Changed:
        """They are there again in that time."""
        return self._remove(service.remove_absence, asked, key)


class ExtraHoursViewSet(SpanViewSet):
    """Hours open although the week says closed, the earliest first."""

    queryset = ExtraHours.objects.order_by("starts_at", "pk")
    serializer_class, changed_class = ExtraHoursShape, ExtraHoursChangedShape
    lookup_url_kwarg = "extra_id"

    def get_object(self) -> ExtraHours:
        return open_extra_hours(self.actor, self.kwargs["extra_id"])

    @writes(SpanAsked, Right.MANAGE_CLINIC, status=201)
    def create(self, asked: dict[str, Any], key: str) -> Changed:
        """Open on another day."""
        return self._add(ExtraHours, service.add_extra_hours, asked, key)

    @writes(ChangeAsked, Right.MANAGE_CLINIC)
    def destroy(self, asked: dict[str, Any], key: str) -> Changed:
        """Closed again in that time."""
        return self._remove(service.remove_extra_hours, asked, key)


# Weekly hours


class HoursAsked(ChangeAsked):
    """`weekday` 0 (Monday) to 6; times as clocks show them at the location, `closes` 00:00 at midnight.

    With `every_weeks` above one it counts in the week of `valid_from` and every second, third or fourth after it.
    `version` is the one that was read.
    """

    version = Id()
    weekday = serializers.IntegerField(min_value=0, max_value=6)
    opens = ClockTime()
    closes = ClockTime()
    every_weeks = serializers.IntegerField(min_value=1, max_value=4, default=1)
    valid_from = Day(allow_null=True, default=None)
    valid_to = Day(allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["closes"] != MIDNIGHT and attrs["opens"] >= attrs["closes"]:
            raise serializers.ValidationError({"closes": _("The end must be after the beginning.")})
        first, last = attrs["valid_from"], attrs["valid_to"]
        if attrs["every_weeks"] > 1 and not first:
            raise serializers.ValidationError({"valid_from": _("Say from which week on it repeats.")})
        if first and last and first > last:
            raise serializers.ValidationError({"valid_to": _("The end must be after the beginning.")})
        return attrs


class RemovalAsked(ChangeAsked):
    version = Id()


class HoursShape(serializers.ModelSerializer[WeeklyHours]):
    opens, closes = ClockTime(read_only=True), ClockTime(read_only=True)

    class Meta:
        model = WeeklyHours
        fields = read_only_fields = (
            "id", "location", "resource", "weekday", "opens", "closes", "every_weeks", "valid_from",
            "valid_to", "version",
        )  # fmt: skip


class HoursChangedShape(ChangedShape):
    hours = HoursShape(source="kept", allow_null=True)


class HoursViewSet(Changes):
    """The weekly hours of the caller's location and of its practitioners, rooms and devices."""

    queryset = WeeklyHours.objects.order_by("resource", "weekday", "opens", "pk")
    serializer_class, changed_class = HoursShape, HoursChangedShape
    lookup_url_kwarg = "hours_id"
    opened: WeeklyHours

    def get_queryset(self) -> Any:
        here = self.staff.location
        return HoursViewSet.queryset.filter(Q(location=here) | Q(resource__location=here))

    def get_object(self) -> WeeklyHours:
        return open_hours(self.actor, self.kwargs["hours_id"])

    @writes(HoursAsked, Right.MANAGE_CLINIC)
    def update(self, asked: dict[str, Any], key: str) -> Changed:
        """One opening interval, as it is from now on."""
        dry_run, hours = asked.pop("dry_run"), self.opened
        for name, value in asked.items():
            setattr(hours, name, value)
        return self._change(
            lambda: service.change_weekly_hours(Edited(hours), by=self.actor, key=key, now=self.now), dry_run
        )

    @writes(RemovalAsked, Right.MANAGE_CLINIC)
    def destroy(self, asked: dict[str, Any], key: str) -> Changed:
        """Not open then any more."""
        self.opened.version = asked["version"]

        def write() -> None:
            service.remove_weekly_hours(self.opened, by=self.actor, key=key, now=self.now)

        return self._change(write, asked["dry_run"])

    def _change(self, write: Callable[[], object], dry_run: bool) -> Changed:
        return self.change(ChangeScope(self.staff.location, self.opened.resource), write, dry_run=dry_run)


# Practitioners, rooms and devices


class ResourceAsked(ChangeAsked):
    """What is left out stays; `version` is the one that was read."""

    version = Id()
    is_active = serializers.BooleanField(required=False)
    skills = serializers.ListField(
        child=serializers.RegexField(r"^[\w-]{1,40}$"), max_length=20, required=False
    )
    turnaround_minutes = serializers.IntegerField(min_value=0, max_value=240, required=False)


class ResourceChangedShape(ChangedShape):
    resource = ResourceShape(source="kept", allow_null=True)


class ResourceViewSet(Changes):
    """Practitioners, rooms and devices of the clinic."""

    queryset = Resource.objects.order_by("kind", "position", "name", "pk")
    serializer_class, changed_class = ResourceShape, ResourceChangedShape
    filterset_class = filters.ResourceFilter
    lookup_url_kwarg = "resource_id"
    opened: Resource

    def get_object(self) -> Resource:
        return open_resource(self.actor, self.kwargs["resource_id"])

    @writes(ResourceAsked, Right.MANAGE_CLINIC)
    def partial_update(self, asked: dict[str, Any], key: str) -> Changed:
        """In use or not, with which skills, and how long it is made ready."""
        dry_run, resource = asked.pop("dry_run"), self.opened
        for name, value in asked.items():
            setattr(resource, name, value)

        def write() -> Resource:
            return change_resource(Edited(resource), by=self.actor, key=key, now=self.now)

        return self.change(ChangeScope(self.staff.location, resource), write, dry_run=dry_run)
