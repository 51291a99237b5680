"""What pages read of series, sessions and messages: a fixed number of queries, however many rows."""

from datetime import date, datetime

from django.db.models import Prefetch, QuerySet

from clinic.localtime import day_bounds
from clinic.models import Location, Resource, ResourceKind
from planner.choices import HOLDS_TIME, SessionState
from planner.models import ProtocolVersion, Reservation, Session

ON_THE_DAY = (*HOLDS_TIME, SessionState.NO_SHOW)
HERE = (SessionState.ARRIVED, SessionState.IN_TREATMENT)


def sessions_on(location: Location, first: date, last: date) -> QuerySet[Session]:
    """Everything that has or had a time from `first` to `last`, included, with what a page says of it."""
    since, until = day_bounds(first, location.zone)[0], day_bounds(last, location.zone)[1]
    return with_details(
        location.sessions.filter(state__in=ON_THE_DAY, starts_at__gte=since, starts_at__lt=until)
    )


def with_details(sessions: QuerySet[Session]) -> QuerySet[Session]:
    """In the order of their times, with patient, series, areas, phases and whoever and whatever serves.

    What many sessions share is prefetched, so that it is made once and not for every row.
    """
    oldest_first = Reservation.objects.order_by("pk")
    versions = ProtocolVersion.objects.select_related("protocol")
    return (
        sessions.select_related("patient", "series")
        .prefetch_related(
            Prefetch("reservations", queryset=oldest_first),
            "reservations__resource",
            "series__areas",
            Prefetch("series__protocol_version", queryset=versions),
            "series__protocol_version__phases",
        )
        .order_by("starts_at", "pk")
    )


def served_by(session: Session) -> dict[str, Resource]:
    """By kind, what the session holds; what it held, if it was missed."""
    return {held.resource.kind: held.resource for held in session.reservations.all()}


def left_open(location: Location, before: datetime, *, practitioner: Resource | None = None) -> list[Session]:
    """Sessions of earlier days of which nobody said how they ended, oldest first."""
    open_states = (SessionState.BOOKED, SessionState.CONFIRMED, *HERE)
    sessions = Session.objects.filter(location=location, state__in=open_states, ends_at__lte=before)
    if practitioner:
        sessions = sessions.filter(reservations__resource=practitioner, reservations__is_active=True)
    return list(sessions.select_related("patient", "series").order_by("starts_at", "pk"))


def practitioners(location: Location) -> QuerySet[Resource]:
    return location.resources.filter(kind=ResourceKind.PRACTITIONER, is_active=True)


def held() -> "Prefetch[str]":
    """A session's `reservations`, each with who or what is reserved."""
    return Prefetch("reservations", Reservation.objects.select_related("resource"))
