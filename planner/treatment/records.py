"""Treatment records as pages read them."""

from django.db.models import Prefetch

from planner.models import AreaTreatment, Session, TreatmentRecord


def last_record(session: Session) -> TreatmentRecord | None:
    """What was done last time on this series, to carry forward."""
    earlier = TreatmentRecord.objects.filter(
        session__series=session.series_id, session__number__lt=session.number
    )
    with_areas = earlier.select_related("session").prefetch_related(treated_areas())
    return with_areas.order_by("-session__number").first()


def treated_areas() -> "Prefetch[str]":
    """A record's `areas`, each with the area itself."""
    return Prefetch("areas", AreaTreatment.objects.select_related("area"))
