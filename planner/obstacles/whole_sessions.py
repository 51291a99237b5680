"""Sessions with all that pages say of them and that their obstacles are found by: two statements, however many."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from django.db.models import Func, OuterRef, QuerySet

from clinic.models import Resource
from clinic.nested import Row, keep, kept, nested, revived
from clinic.prepared import Prepared, is_one_of
from patients.models import Area
from planner.models import ProtocolPhase, ProtocolVersion, Reservation, Series, Session, SiteDepth

AREA_FIELDS = ("id", "site", "side", "stria_type")
HELD_FIELDS = ("id", "session_id", "resource_id", "is_active")
RESOURCE_FIELDS = {
    "kind": "resource__kind",
    "name": "resource__name",
    "max_depth_mm": "resource__max_depth_mm",
}
"""Of what serves: what a page says of it."""


def with_everything(sessions: QuerySet[Session]) -> list[Session]:
    """With patient, series, areas, protocol, phases, depths and whoever and whatever serves: two statements."""
    return made_whole(list(with_rows_below(sessions)))


def with_rows_below(sessions: QuerySet[Session]) -> QuerySet[Session, Any]:
    """For whoever asks by a `Prepared` statement and has the sessions `made_whole`."""
    return sessions.select_related("patient", "series").annotate(**_children())


def made_whole(rows: list[Any]) -> list[Session]:
    """What many sessions share is made once, and not for every row."""
    versions = _versions({row.series.protocol_version_id for row in rows})
    resources: dict[int, Resource] = {}
    for row in rows:
        row.series.protocol_version = versions[row.series.protocol_version_id]
        keep(row.series, "areas", [revived(Area, each) for each in row.its_areas])
        keep(row, "reservations", [_reservation(each, resources) for each in row.its_reservations])
    return rows


def by_their_series(sessions: Iterable[Session]) -> Mapping[int, list[Session]]:
    by_series: defaultdict[int, list[Session]] = defaultdict(list)
    for session in sessions:
        by_series[session.series_id].append(session)
    return by_series


def whole_series(several: Sequence[Series]) -> Sequence[Series]:
    """Each with its sessions in order, and these `with_everything`: two statements."""
    by_series = by_their_series(made_whole(_of_several(series=[series.pk for series in several])))
    for series in several:
        keep(series, "sessions", by_series[series.pk])
        for session in by_series[series.pk]:
            keep(series, "areas", session.series.areas.all())
            session.series.location = series.location
    return several


@Prepared
def _of_several() -> QuerySet[Session, Any]:
    return with_rows_below(Session.objects.filter(is_one_of("series", "series"))).order_by("number")


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
    rows: list[Any] = _described_versions(versions=list(wanted))
    for row in rows:
        keep(row, "phases", [revived(ProtocolPhase, each) for each in row.its_phases])
        keep(row, "depths", [revived(SiteDepth, each) for each in row.its_depths])
    return {row.pk: row for row in rows}


@Prepared
def _described_versions() -> QuerySet[ProtocolVersion, Any]:
    phases = ProtocolPhase.objects.filter(version=OuterRef("pk")).order_by("position")
    depths = SiteDepth.objects.filter(version=OuterRef("pk")).order_by("pk")
    found = ProtocolVersion.objects.filter(is_one_of("pk", "versions")).select_related("protocol")
    return found.annotate(
        its_phases=nested(phases, "id", "kind", "minutes", "needs"),
        its_depths=nested(depths, *(field.attname for field in SiteDepth._meta.concrete_fields)),
    )


def served_by(session: Session) -> dict[str, Resource]:
    """By kind, what the session holds; what it held, if it was missed."""
    return {held.resource.kind: held.resource for held in kept(session, "reservations")}
