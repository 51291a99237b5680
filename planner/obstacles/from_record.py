"""What keeps booked sessions from beginning: consent and screening, as a pure function of what stands in the record.

Says that something is missing, never what a patient answered: the front desk reads it too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo

from clinic.localtime import local_date
from patients.choices import ScreeningEffect
from patients.screening_rules import ImpossibleDate, Verdict
from planner.choices import SessionState
from planner.models import Session
from planner.obstacles.patient_record import PatientRecord


class Missing(StrEnum):
    NO_CONSENT = "no_consent"
    CONSENT_ENDS = "consent_ends"
    NOT_SCREENED = "not_screened"
    SCREEN_ANEW = "screen_anew"
    BLOCKED = "blocked"
    WAITS = "waits"
    ON_HOLD = "on_hold"


@dataclass(frozen=True, slots=True)
class Lack:
    """`day`: the last day of a consent, or the first on which treatment is possible."""

    kind: Missing
    day: date | None = None


def lacks_of(
    sessions: Sequence[Session], records: Mapping[int, PatientRecord], zone: ZoneInfo, *, today: date
) -> dict[int, tuple[Lack, ...]]:
    """By session: what has to be settled before it can begin; sessions that lack nothing are left out.

    The sessions come with series, protocol and areas, the records by patient.
    """
    open_ones = [each for each in sessions if each.starts_at and each.state != SessionState.DONE]
    found = {each.pk: tuple(_lacks(each, records[each.patient_id], zone, today)) for each in open_ones}
    return {pk: lacks for pk, lacks in found.items() if lacks}


def _lacks(session: Session, record: PatientRecord, zone: ZoneInfo, today: date) -> Iterator[Lack]:
    assert session.starts_at is not None
    day = local_date(session.starts_at, zone)
    yield from _consent(record.consents, day, today)
    if record.screened_at is None:
        yield Lack(Missing.NOT_SCREENED)
        return
    treated_at = record.treated_at.get(session.series_id)
    lapse_days = session.series.protocol_version.lapse_days
    if (
        treated_at
        and (day - local_date(treated_at, zone)).days > lapse_days
        and record.screened_at <= treated_at
    ):
        yield Lack(Missing.SCREEN_ANEW)
    yield from _screening(session, record, day)


def _consent(consents: Iterable[tuple[date, date]], day: date, today: date) -> Iterator[Lack]:
    if any(since <= day <= until for since, until in consents):
        return
    last = max((until for since, until in consents if since <= today <= until), default=None)
    yield Lack(Missing.CONSENT_ENDS, last) if last else Lack(Missing.NO_CONSENT)


def _screening(session: Session, record: PatientRecord, day: date) -> Iterator[Lack]:
    try:
        verdict = verdict_for(session, record, day)
    except ImpossibleDate:
        yield Lack(Missing.ON_HOLD)
        return
    if verdict.effect == ScreeningEffect.BLOCK:
        yield Lack(Missing.BLOCKED)
    elif verdict.effect == ScreeningEffect.POSTPONE:
        yield Lack(Missing.WAITS, verdict.earliest)
    elif verdict.effect == ScreeningEffect.HOLD:
        yield Lack(Missing.ON_HOLD)


def verdict_for(session: Session, record: PatientRecord, day: date) -> Verdict:
    """What the patient's answers mean for the areas and the method of this session."""
    sites = {area.site for area in session.series.areas.all()}
    modality = session.series.protocol_version.protocol.modality
    return record.verdict(day, sites=sites, modality=modality)
