"""What pages read of series, sessions and messages: a fixed number of queries, however many rows."""

from collections.abc import Collection
from datetime import date
from functools import cache
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from clinic.localtime import day_bounds
from clinic.models import Location, Resource, ResourceKind
from clinic.prepared import Given, Prepared, is_one_of
from planner.choices import HERE, HOLDS_TIME, SessionState
from planner.models import ProtocolVersion, Reservation, Session
from planner.obstacles.whole_sessions import made_whole, with_rows_below

ON_THE_DAY = (*HOLDS_TIME, SessionState.NO_SHOW)
OPEN = (SessionState.BOOKED, SessionState.CONFIRMED, *HERE)


def sessions_on(
    location: Location, first: date, last: date, *, practitioner: Resource | None = None
) -> list[Session]:
    """Everything that has or had a time from `first` to `last`, included, with what a page says of it: two statements.

    With a `practitioner`, only what is or was theirs.
    """
    return _found(location, first, last, practitioner)


def with_what_is_open(
    location: Location,
    first: date,
    last: date,
    more: Collection[int] = (),
    *,
    practitioner: Resource | None = None,
) -> list[Session]:
    """As `sessions_on`, with the sessions of days before `first` that are still open, and `more` by their keys."""
    return _found(location, first, last, practitioner, list(more))


def _found(
    location: Location,
    first: date,
    last: date,
    practitioner: Resource | None,
    and_what_is_open: list[int] | None = None,
) -> list[Session]:
    """With the keys of what is asked for besides, also what is open."""
    found = _of_days(practitioner is not None, and_what_is_open is not None)(
        location=location.pk,
        practitioner=practitioner and practitioner.pk,
        since=day_bounds(first, location.zone)[0],
        until=day_bounds(last, location.zone)[1],
        more=and_what_is_open,
    )
    for session in found:
        session.location = location
    return made_whole(found)


@cache
def _of_days(of_one: bool, and_what_is_open: bool) -> Prepared[Session]:
    """At a `location`, `since` and `until`; those of one `practitioner`."""

    def described() -> QuerySet[Session, Any]:
        wanted = Q(state__in=ON_THE_DAY, starts_at__gte=Given("since"), starts_at__lt=Given("until"))
        if and_what_is_open:
            wanted |= Q(state__in=OPEN, ends_at__lte=Given("since")) | Q(is_one_of("pk", "more"))
        sessions = Session.objects.filter(wanted, location=Given("location"))
        if of_one:
            held = Reservation.objects.filter(session=OuterRef("pk"), resource=Given("practitioner"))
            sessions = sessions.filter(Exists(held))
        return with_rows_below(sessions.order_by("starts_at", "pk"))

    return Prepared(described)


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
