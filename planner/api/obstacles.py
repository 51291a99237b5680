"""What stands in the way of sessions, as the API answers it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.bodies import Body, Day, Id
from clinic.api.errors import plain
from clinic.api.lists import OF_EVERY_LIST
from clinic.api.viewsets import ListNoted
from clinic.localtime import day_bounds, local_date
from clinic.models import StaffMember
from clinic.permissions import Right
from planner.api.serializers import SessionShape
from planner.choices import HERE, WITHOUT_TIME, SeriesState
from planner.models import Reservation, Session
from planner.obstacles.obstacle import Obstacle, ObstacleCode
from planner.obstacles.of_sessions import EXPECTED, Surroundings, obstacles_of, surroundings_of
from planner.obstacles.whole_sessions import with_everything
from planner.obstacles.words import NextStep, next_step, sentence_of

AHEAD = timedelta(days=7)
"""How far it is looked where nobody says until when."""
MOST = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class ObstacleTold:
    """An obstacle of a session, in words for the caller."""

    session: Session
    obstacle: Obstacle
    text: str
    next: NextStep

    @property
    def patient_id(self) -> int:
        return self.session.patient_id


def obstacles_told(
    sessions: Iterable[Session], around: Surroundings, staff: StaffMember
) -> Iterator[ObstacleTold]:
    """The sessions come `with_everything`."""
    sessions = list(sessions)
    found = obstacles_of(sessions, around)
    for session in sessions:
        for obstacle in found.get(session.pk, ()):
            text = sentence_of(obstacle, session, around.zone, today=around.today, staff=staff)
            yield ObstacleTold(session, obstacle, text, next_step(obstacle, session, staff))


class NextStepShape(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    url = serializers.CharField()


class ObstacleShape(serializers.Serializer[Any]):
    """`until`: the first day on which it no longer stands in the way, if known. `next`: where it is removed."""

    code = serializers.ChoiceField([each.value for each in ObstacleCode], source="obstacle.code")
    stops = serializers.BooleanField(source="obstacle.stops")
    until = serializers.DateField(source="obstacle.until", allow_null=True)
    facts = serializers.SerializerMethodField()
    text = serializers.CharField()
    next = NextStepShape()

    def get_facts(self, told: ObstacleTold) -> dict[str, Any]:
        return {name: plain(value) for name, value in told.obstacle.facts.items()}


class ListedObstacleShape(ObstacleShape):
    session = serializers.IntegerField(source="session.pk")
    series = serializers.IntegerField(source="session.series_id")
    patient = serializers.IntegerField(source="session.patient_id")
    number = serializers.IntegerField(source="session.number")
    starts_at = serializers.DateTimeField(source="session.starts_at", allow_null=True)


class WholeSessionShape(SessionShape):
    """With what stands in its way. The session comes `with_everything`."""

    obstacles = serializers.SerializerMethodField()

    class Meta(SessionShape.Meta):
        fields: Any = (*SessionShape.Meta.fields, "obstacles")
        read_only_fields = fields

    @extend_schema_field(ObstacleShape(many=True))
    def get_obstacles(self, session: Session) -> Any:
        staff, now = self.context["staff"], self.context["now"]
        around = surroundings_of([session], session.location, now=now)
        return ObstacleShape(obstacles_told([session], around, staff), many=True).data


class ObstacleQuestion(Body):
    """Local days, both included; from today on and a week ahead where they are not said, at most 92 at once."""

    code = serializers.MultipleChoiceField(choices=[each.value for each in ObstacleCode], required=False)
    practitioner = Id(required=False)

    def get_fields(self) -> dict[str, Any]:
        """With two names that are words of Python's own."""
        return {"from": Day(required=False), "to": Day(required=False)} | super().get_fields()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        first = attrs.get("from") or local_date(timezone.now(), self.context["staff"].location.zone)
        last = attrs.get("to") or max(first, first + AHEAD)
        if not first <= last < first + MOST:
            raise serializers.ValidationError(_("From a day to a later one, at most 92 days at once."))
        return attrs | {"first": first, "last": last}


class ObstacleViewSet(ListNoted):
    """What stands in the way of the sessions to come at the caller's location, and of those that have no time.

    At most 92 days at once.
    """

    right, listed = Right.SEE_PATIENTS, "obstacles"
    way_to_clinic = "patient__clinic"
    queryset = Session.objects.order_by("starts_at", "pk")
    serializer_class = ListedObstacleShape
    filter_backends = ()

    @extend_schema(parameters=[ObstacleQuestion])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        asked = self._question()
        told = list(self._told(with_everything(self._sessions(asked)), asked.get("code")))
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(told), many=True).data)

    def _question(self) -> dict[str, Any]:
        said = self.request.query_params.copy()
        for name in OF_EVERY_LIST:
            said.pop(name, None)
        question = ObstacleQuestion(data=said, context=self.get_serializer_context())
        question.is_valid(raise_exception=True)
        return dict(question.validated_data)

    def _sessions(self, asked: dict[str, Any]) -> QuerySet[Session]:
        zone = self.staff.location.zone
        since, until = day_bounds(asked["first"], zone)[0], day_bounds(asked["last"], zone)[1]
        on_those_days = Q(state__in=[*EXPECTED, *HERE], starts_at__gte=since, starts_at__lt=until)
        without = Q(state__in=WITHOUT_TIME, series__state=SeriesState.ACTIVE)
        sessions = self.get_queryset().filter(on_those_days | without, location=self.staff.location)
        if "practitioner" in asked:
            held = Reservation.objects.filter(resource=asked["practitioner"], is_active=True)
            sessions = sessions.filter(pk__in=held.values("session"))
        return sessions

    def _told(self, sessions: Sequence[Session], codes: Collection[str] | None) -> Iterator[ObstacleTold]:
        if sessions:
            around = surroundings_of(sessions, self.staff.location, now=self.now)
            for each in obstacles_told(sessions, around, self.staff):
                if not codes or each.obstacle.code in codes:
                    yield each
