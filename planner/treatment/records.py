"""Treatment records as pages read them."""

from typing import Any

from django.db.models import OuterRef, Prefetch

from clinic.nested import Row, keep, nested, revived
from patients.models import Area
from planner.models import AreaTreatment, Session, TreatmentRecord

TREATED = ("id", "record_id", "area_id", "depth_mm", "passes", "endpoint", "bleeding")
WHERE = {"site": "area__site", "side": "area__side"}


def last_record(session: Session) -> TreatmentRecord | None:
    """What was done last time on this series, to carry forward."""
    return own_and_last(session)[1]


def own_and_last(session: Session) -> tuple[TreatmentRecord | None, TreatmentRecord | None]:
    """What was done in this session, and last time on its series, each with its areas: one statement."""
    treated = AreaTreatment.objects.filter(record=OuterRef("pk"))
    records = TreatmentRecord.objects.filter(
        session__series=session.series_id, session__number__lte=session.number
    ).select_related("session", "recorded_by__staff")
    with_areas = records.annotate(its_areas=nested(treated, *TREATED, **WHERE))
    newest: list[Any] = list(with_areas.order_by("-session__number")[:2])
    for record in newest:
        keep(record, "areas", [_treated(row) for row in record.its_areas])
    own = next((record for record in newest if record.session_id == session.pk), None)
    return own, next((record for record in newest if record.session_id != session.pk), None)


def _treated(row: Row) -> AreaTreatment:
    treated = revived(AreaTreatment, {name: row[name] for name in TREATED})
    treated.area = revived(Area, {"id": row["area_id"], "site": row["site"], "side": row["side"]})
    return treated


def treated_areas() -> "Prefetch[str]":
    """A record's `areas`, each with the area itself."""
    return Prefetch("areas", AreaTreatment.objects.select_related("area"))
