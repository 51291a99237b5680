"""What pages read of series, sessions and messages: a fixed number of queries, however many rows."""

from collections.abc import Collection
from datetime import date
from functools import cache
from typing import Any

from django.db.models import Exists, Func, OuterRef, Prefetch, Q, QuerySet

from clinic.localtime import day_bounds
from clinic.models import Location, Resource, ResourceKind
from clinic.nested import Row, keep, nested, revived
from patients.models import Area
from planner.choices import HERE, HOLDS_TIME, SessionState
from planner.models import ProtocolPhase, ProtocolVersion, Reservation, Session, SiteDepth

ON_THE_DAY = (*HOLDS_TIME, SessionState.NO_SHOW)
OPEN = (SessionState.BOOKED, SessionState.CONFIRMED, *HERE)
AREA_FIELDS = ("id", "site", "side", "stria_type")
HELD_FIELDS = ("id", "session_id", "resource_id", "is_active")
RESOURCE_FIELDS = {
    "kind": "resource__kind",
    "name": "resource__name",
    "max_depth_mm": "resource__max_depth_mm",
}
"""Of what serves: what a page says of it."""


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


def with_everything(sessions: QuerySet[Session]) -> list[Session]:
    """With patient, series, areas, protocol, phases, depths and whoever and whatever serves: two statements.

    What many sessions share is made once, and not for every row.
    """
    rows: list[Any] = list(sessions.select_related("patient", "series").annotate(**_children()))
    versions = _versions({row.series.protocol_version_id for row in rows})
    resources: dict[int, Resource] = {}
    for row in rows:
        row.series.protocol_version = versions[row.series.protocol_version_id]
        keep(row.series, "areas", [revived(Area, each) for each in row.its_areas])
        keep(row, "reservations", [_reservation(each, resources) for each in row.its_reservations])
    return rows


@cache
def _children() -> dict[str, Func]:
    """Described once: that takes as long as asking for a session."""
    areas = Area.objects.filter(series=OuterRef("series")).order_by("pk")
    held = Reservation.objects.filter(session=OuterRef("pk")).order_by("pk")
    return {
        "its_areas": nested(areas, *AREA_FIELDS),
        "its_reservations": nested(held, *HELD_FIELDS, **RESOURCE_FIELDS),
    }


def _reservation(row: Row, resources: dict[int, Resource]) -> Reservation:
    pk = row["resource_id"]
    if pk not in resources:
        resources[pk] = revived(Resource, {"id": pk} | {name: row[name] for name in RESOURCE_FIELDS})
    held = revived(Reservation, {name: row[name] for name in HELD_FIELDS})
    held.resource = resources[pk]
    return held


def _versions(wanted: set[int]) -> dict[int, ProtocolVersion]:
    rows: list[Any] = list(_described_versions().filter(pk__in=wanted))
    for row in rows:
        keep(row, "phases", [revived(ProtocolPhase, each) for each in row.its_phases])
        keep(row, "depths", [revived(SiteDepth, each) for each in row.its_depths])
    return {row.pk: row for row in rows}


@cache
def _described_versions() -> QuerySet[ProtocolVersion, Any]:
    """Never evaluated itself."""
    phases = ProtocolPhase.objects.filter(version=OuterRef("pk")).order_by("position")
    depths = SiteDepth.objects.filter(version=OuterRef("pk")).order_by("pk")
    return ProtocolVersion.objects.select_related("protocol").annotate(
        its_phases=nested(phases, "id", "kind", "minutes", "needs"),
        its_depths=nested(depths, *(field.attname for field in SiteDepth._meta.concrete_fields)),
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


def practitioners(location: Location) -> QuerySet[Resource]:
    return location.resources.filter(kind=ResourceKind.PRACTITIONER, is_active=True)


def held() -> "Prefetch[str]":
    """A session's `reservations`, each with who or what is reserved."""
    return Prefetch("reservations", Reservation.objects.select_related("resource"))
