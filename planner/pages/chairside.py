"""What must be true before the needle, and how deep it goes."""

from dataclasses import dataclass
from datetime import date, datetime

from clinic.localtime import day_bounds, local_date
from patients.models import Area
from patients.screening_rules import Verdict
from planner.models import Session, SiteDepth
from planner.obstacles.patient_record import PatientRecord
from planner.protocols.recommendation import DepthAdvice, depth_for
from planner.treatment import treat


@dataclass(frozen=True, slots=True)
class DayChecks:
    """What is known on the day: were today's questions asked, what do they mean, the consent, today's pictures."""

    asked_today: bool
    verdict: Verdict
    consent_until: date | None
    photos_today: int


def checks_on_the_day(session: Session, now: datetime, record: PatientRecord | None = None) -> DayChecks:
    """What must be true before the needle; the `record` is the patient's where it has been read already."""
    ready, zone = treat.readiness(session, now, record), session.location.zone
    since, until = day_bounds(local_date(now, zone), zone)
    photos = session.patient.photos.filter(taken_at__gte=since, taken_at__lt=until).count()
    return DayChecks(ready.asked_today, ready.verdict, ready.consent_until, photos)


def depth_advice(session: Session, area: Area, depth: SiteDepth) -> DepthAdvice:
    devices = [r.resource for r in session.reservations.all() if r.is_active and r.resource.kind == "device"]
    return depth_for(
        depth,
        area.stria_type,
        skin_type=session.patient.skin_type or 1,
        session_number=session.number,
        modality=session.series.protocol_version.protocol.modality,
        device_max_mm=devices[0].max_depth_mm if devices else None,
    )
