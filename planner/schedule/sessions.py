"""What pages read of series, sessions and messages: a fixed number of queries, however many rows."""

from collections.abc import Collection
from datetime import date

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from clinic.localtime import day_bounds
from clinic.models import Location, Resource, ResourceKind
from planner.choices import HERE, HOLDS_TIME, SessionState
from planner.models import ProtocolVersion, Reservation, Session
from planner.obstacles.whole_sessions import with_everything

ON_THE_DAY = (*HOLDS_TIME, SessionState.NO_SHOW)
OPEN = (SessionState.BOOKED, SessionState.CONFIRMED, *HERE)


def sessions_on(
    location: Location, first: date, last: date, *, practitioner: Resource | None = None
) -> list[Session]:
    """Everything that has or had a time from `first` to `last`, included, with what a page says of it: two statements.

    With a `practitioner`, only what is or was theirs.
    """
    since, until = day_bounds(first, location.zone)[0], day_bounds(last, location.zone)[1]
    sessions = location.sessions.filter(state__in=ON_THE_DAY, starts_at__gte=since, starts_at__lt=until)
    if practitioner:
        sessions = sessions.filter(Exists(practitioner.reservations.filter(session=OuterRef("pk"))))
    return with_everything(sessions.order_by("starts_at", "pk"))


def with_what_is_open(
    location: Location,
    first: date,
    last: date,
    more: Collection[int] = (),
    *,
    practitioner: Resource | None = None,
) -> list[Session]:
    """As `sessions_on`, with the sessions of days before `first` that are still open, and `more` by their keys."""
    since, until = day_bounds(first, location.zone)[0], day_bounds(last, location.zone)[1]
    on_those_days = Q(state__in=ON_THE_DAY, starts_at__gte=since, starts_at__lt=until)
    left_open = Q(state__in=OPEN, ends_at__lte=since)
    sessions = location.sessions.filter(on_those_days | left_open | Q(pk__in=more))
    if practitioner:
        sessions = sessions.filter(Exists(practitioner.reservations.filter(session=OuterRef("pk"))))
    return with_everything(sessions.order_by("starts_at", "pk"))


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


def practitioners(location: Location) -> QuerySet[Resource]:
    return location.resources.filter(kind=ResourceKind.PRACTITIONER, is_active=True)


def held() -> "Prefetch[str]":
    """A session's `reservations`, each with who or what is reserved."""
    return Prefetch("reservations", Reservation.objects.select_related("resource"))
