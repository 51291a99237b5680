"""Treatment records as pages read them."""

from typing import Any

from django.db.models import Func, OuterRef, QuerySet

from clinic.nested import Row, keep, nested, revived
from clinic.prepared import Given, Prepared
from patients.models import Area
from planner.models import AreaTreatment, Session, TreatmentRecord

TREATED = ("id", "record_id", "area_id", "depth_mm", "passes", "endpoint", "bleeding")
WHERE = {"site": "area__site", "side": "area__side"}


def last_record(session: Session) -> TreatmentRecord | None:
    """What was done last time on this series, to carry forward."""
    return own_and_last(session)[1]


def own_and_last(session: Session) -> tuple[TreatmentRecord | None, TreatmentRecord | None]:
    """What was done in this session, and last time on its series, each with its areas: one statement."""
    newest: list[Any] = _newest_two(series=session.series_id, number=session.number)
    for record in newest:
        keep(record, "areas", [treated(row) for row in record.its_areas])
    own = next((record for record in newest if record.session_id == session.pk), None)
    return own, next((record for record in newest if record.session_id != session.pk), None)


@Prepared
def _newest_two() -> QuerySet[TreatmentRecord, Any]:
    of_series = {"session__series": Given("series"), "session__number__lte": Given("number")}
    records = TreatmentRecord.objects.filter(**of_series).select_related("session", "recorded_by__staff")
    return records.annotate(its_areas=areas_treated()).order_by("-session__number")[:2]


def areas_treated() -> Func:
    """The areas of each record, for `annotate`; `treated` makes rows of them."""
    return nested(AreaTreatment.objects.filter(record=OuterRef("pk")), *TREATED, **WHERE)


def treated(row: Row) -> AreaTreatment:
    found = revived(AreaTreatment, {name: row[name] for name in TREATED})
    found.area = revived(Area, {"id": row["area_id"], "site": row["site"], "side": row["side"]})
    return found
