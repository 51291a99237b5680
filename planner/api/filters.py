"""What lists of series, sessions, messages and resources can be narrowed and ordered by."""

from datetime import date

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django_filters import ChoiceFilter, DateFilter, FilterSet, MultipleChoiceFilter, NumberFilter

from clinic.api.lists import Order
from clinic.localtime import day_bounds
from clinic.models import Resource, ResourceKind
from planner.choices import MessageState, SeriesState, SessionState
from planner.models import Message, Protocol, Series, Session

IN_SIGHT = [MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2199, 12, 31))]


def _day(label: str, method: str) -> DateFilter:
    return DateFilter(method=method, validators=IN_SIGHT, label=label)


def _id(name: str) -> NumberFilter:
    return NumberFilter(
        field_name=f"{name}_id",
        validators=[MinValueValidator(1), MaxValueValidator(2**63 - 1)],
        decimal_places=0,
    )


class ResourceFilter(FilterSet):  # type: ignore[misc]
    kind = ChoiceFilter(choices=ResourceKind.choices)

    class Meta:
        model = Resource
        fields = ("kind", "is_active")


class ProtocolFilter(FilterSet):  # type: ignore[misc]
    class Meta:
        model = Protocol
        fields = ("modality", "severity", "is_active")


class SeriesFilter(FilterSet):  # type: ignore[misc]
    patient = _id("patient")
    state = MultipleChoiceFilter(choices=SeriesState.choices)
    ordering = Order(fields=("created_at",))

    class Meta:
        model = Series
        fields = ("patient", "state")


class SessionFilter(FilterSet):  # type: ignore[misc]
    first_day = _day("Sessions from this local day on", "since")
    last_day = _day("Sessions until this local day, included", "until")
    state = MultipleChoiceFilter(choices=SessionState.choices)
    patient, series = _id("patient"), _id("series")
    resource = NumberFilter(
        method="held",
        label="Sessions that hold this practitioner, room or device",
        validators=[MinValueValidator(1), MaxValueValidator(2**63 - 1)],
        decimal_places=0,
    )
    ordering = Order(fields=("starts_at", "number"))

    class Meta:
        model = Session
        fields = ("state", "patient", "series")

    def since(self, sessions: QuerySet[Session], name: str, day: date) -> QuerySet[Session]:
        return sessions.filter(starts_at__gte=day_bounds(day, self.request.member.location.zone)[0])

    def until(self, sessions: QuerySet[Session], name: str, day: date) -> QuerySet[Session]:
        return sessions.filter(starts_at__lt=day_bounds(day, self.request.member.location.zone)[1])

    def held(self, sessions: QuerySet[Session], name: str, resource_id: int) -> QuerySet[Session]:
        return sessions.filter(reservations__resource=resource_id, reservations__is_active=True)


class MessageFilter(FilterSet):  # type: ignore[misc]
    state = MultipleChoiceFilter(choices=MessageState.choices)
    patient, series, session = _id("patient"), _id("series"), _id("session")
    first_day = _day("Due from this local day on", "since")
    last_day = _day("Due until this local day, included", "until")
    ordering = Order(fields=("due_at", "created_at"))

    class Meta:
        model = Message
        fields = ("state", "patient", "series", "session")

    def since(self, messages: QuerySet[Message], name: str, day: date) -> QuerySet[Message]:
        return messages.filter(due_at__gte=day_bounds(day, self.request.member.location.zone)[0])

    def until(self, messages: QuerySet[Message], name: str, day: date) -> QuerySet[Message]:
        return messages.filter(due_at__lt=day_bounds(day, self.request.member.location.zone)[1])
