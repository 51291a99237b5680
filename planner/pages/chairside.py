"""What must be true before the needle, and how deep it goes."""

from dataclasses import dataclass
from datetime import datetime

from clinic.localtime import local_date
from patients.models import Area, Consent
from patients.screening_rules import Verdict
from planner.models import Session, SiteDepth
from planner.protocols.recommendation import DepthAdvice, depth_for
from planner.treatment import treat


@dataclass(frozen=True, slots=True)
class DayChecks:
    """What is known on the day: whether today's questions were asked, what they mean, the consent, today's pictures."""

    asked_today: bool
    verdict: Verdict
    consent: Consent | None
    photos_today: int


def checks_on_the_day(session: Session, now: datetime) -> DayChecks:
    """What must be true before the needle: today's questions, consent, pictures."""
    ready, today = treat.readiness(session, now), local_date(now, session.location.zone)
    photos = session.patient.photos.filter(taken_at__date=today).count()
    return DayChecks(ready.asked_today, ready.verdict, ready.consent, photos)


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
