"""What keeps sessions from being booked or begun: consent and screening, a pure function of what stands in the record.

One function decides, whoever asks: a booking, a move, the board, Today. It says that something is missing, never what
a patient answered: the front desk reads it too.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from zoneinfo import ZoneInfo

from clinic.localtime import local_date
from patients.choices import ScreeningEffect
from patients.screening_rules import ImpossibleDate, Verdict
from planner.choices import SessionState
from planner.models import ProtocolVersion, Session
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


@dataclass(frozen=True, slots=True)
class TreatmentDay:
    """A day on which a series treats, or would: by which protocol, which sites, and when it treated last.

    `treated_on` is the day of the session before it, if that is done.
    """

    day: date
    version: ProtocolVersion
    sites: Collection[str]
    treated_on: date | None


def lacks_of(
    sessions: Sequence[Session], records: Mapping[int, PatientRecord], zone: ZoneInfo, *, today: date
) -> dict[int, tuple[Lack, ...]]:
    """By session: what has to be settled before it can begin; sessions that lack nothing are left out.

    The sessions come with series, protocol and areas, the records by patient.
    """
    found = {
        each.pk: tuple(_lacks(each, records[each.patient_id], zone, today))
        for each in sessions
        if each.starts_at and each.state != SessionState.DONE
    }
    return {pk: lacks for pk, lacks in found.items() if lacks}


def _lacks(session: Session, record: PatientRecord, zone: ZoneInfo, today: date) -> Iterator[Lack]:
    assert session.starts_at is not None
    before = record.treated_before(session.series_id, session.starts_at)
    planned = TreatmentDay(
        day=local_date(session.starts_at, zone),
        version=session.series.protocol_version,
        sites=_sites(session),
        treated_on=local_date(before, zone) if before else None,
    )
    return lacks_on(planned, record, zone, today=today)


def lacks_on(planned: TreatmentDay, record: PatientRecord, zone: ZoneInfo, *, today: date) -> Iterator[Lack]:
    """What has to be settled before that day."""
    yield from _consent(record.consents, planned.day, today)
    if record.screened_at is None:
        yield Lack(Missing.NOT_SCREENED)
        return
    if _lapsed(planned, local_date(record.screened_at, zone)):
        yield Lack(Missing.SCREEN_ANEW)
    yield from _screening(planned, record)


def _consent(consents: Iterable[tuple[date, date]], day: date, today: date) -> Iterator[Lack]:
    if any(since <= day <= until for since, until in consents):
        return
    last = max((until for since, until in consents if since <= today <= until), default=None)
    yield Lack(Missing.CONSENT_ENDS, last) if last else Lack(Missing.NO_CONSENT)


def _lapsed(planned: TreatmentDay, screened_on: date) -> bool:
    """Too long since the last treatment, and no full screening on a day after it."""
    treated_on = planned.treated_on
    if treated_on is None or screened_on > treated_on:
        return False
    return (planned.day - treated_on).days > planned.version.lapse_days


def _screening(planned: TreatmentDay, record: PatientRecord) -> Iterator[Lack]:
    modality = planned.version.protocol.modality
    try:
        verdict = record.verdict(planned.day, sites=planned.sites, modality=modality)
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
    modality = session.series.protocol_version.protocol.modality
    return record.verdict(day, sites=_sites(session), modality=modality)


def _sites(session: Session) -> set[str]:
    return {area.site for area in session.series.areas.all()}
