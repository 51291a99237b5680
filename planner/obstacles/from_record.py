"""What keeps sessions from being booked or begun: consent and screening, a pure function of what stands in the record.

One function decides, whoever asks: a booking, a move, the board, Today. It says that something is missing, never what
a patient answered: the front desk reads it too.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from clinic.localtime import local_date
from clinic.nested import kept
from patients.choices import ScreeningEffect
from patients.screening_rules import ImpossibleDate, Verdict
from planner.models import ProtocolVersion, Session
from planner.obstacles.obstacle import Obstacle, ObstacleCode
from planner.obstacles.patient_record import PatientRecord


@dataclass(frozen=True, slots=True)
class TreatmentDay:
    """A day on which a series treats, or would: by which protocol, which sites, and when it treated last.

    `treated_on` is the day of the session before it, if that is done.
    """

    day: date
    version: ProtocolVersion
    sites: Collection[str]
    treated_on: date | None


def of_session(session: Session, record: PatientRecord, zone: ZoneInfo, *, today: date) -> Iterator[Obstacle]:
    """What has to be settled before this session can begin; it has a time, and comes with series and protocol."""
    assert session.starts_at is not None
    before = record.treated_before(session.series_id, session.starts_at)
    planned = TreatmentDay(
        day=local_date(session.starts_at, zone),
        version=session.series.protocol_version,
        sites=_sites(session),
        treated_on=local_date(before, zone) if before else None,
    )
    return of_day(planned, record, zone, today=today)


def of_day(
    planned: TreatmentDay, record: PatientRecord, zone: ZoneInfo, *, today: date
) -> Iterator[Obstacle]:
    """What has to be settled before that day."""
    yield from _consent(record.consents, planned.day, today)
    if record.screened_at is None:
        yield Obstacle(ObstacleCode.NOT_SCREENED)
        return
    if _lapsed(planned, local_date(record.screened_at, zone)):
        facts = {"last_day": planned.treated_on, "allowed": planned.version.lapse_days}
        yield Obstacle(ObstacleCode.RESCREEN_NEEDED, facts=facts)
    yield from _screening(planned, record)


def stopping_day(
    planned: TreatmentDay, record: PatientRecord, zone: ZoneInfo, *, today: date
) -> Iterator[Obstacle]:
    """As `of_day`, without what is only to be known."""
    yield from (each for each in of_day(planned, record, zone, today=today) if each.stops)


def _consent(consents: Iterable[tuple[date, date]], day: date, today: date) -> Iterator[Obstacle]:
    if any(since <= day <= until for since, until in consents):
        return
    last = max((until for since, until in consents if since <= today <= until), default=None)
    if last:
        yield Obstacle(ObstacleCode.CONSENT_ENDS, facts={"until": last})
    else:
        yield Obstacle(ObstacleCode.NO_CONSENT)


def _lapsed(planned: TreatmentDay, screened_on: date) -> bool:
    """Too long since the last treatment, and no full screening on a day after it."""
    treated_on = planned.treated_on
    if treated_on is None or screened_on > treated_on:
        return False
    return (planned.day - treated_on).days > planned.version.lapse_days


def _screening(planned: TreatmentDay, record: PatientRecord) -> Iterator[Obstacle]:
    modality = planned.version.protocol.modality
    try:
        verdict = record.verdict(planned.day, sites=planned.sites, modality=modality)
    except ImpossibleDate:
        yield Obstacle(ObstacleCode.SCREENING_HOLDS)
        return
    if verdict.effect in _OF_EFFECT:
        yield Obstacle(_OF_EFFECT[verdict.effect], verdict.earliest)
    asides = {answer.question.code: aside for answer, aside in record.told if aside}
    for finding in verdict.findings:
        if finding.overridden:
            aside = asides[finding.code]
            facts = {"by": aside.by, "on": aside.at}
            yield Obstacle(ObstacleCode.SET_ASIDE, aside.until, facts, of_record=finding.sentence)


_OF_EFFECT: Mapping[ScreeningEffect, ObstacleCode] = {
    ScreeningEffect.UNASKED: ObstacleCode.NOT_SCREENED,
    ScreeningEffect.BLOCK: ObstacleCode.SCREENING_BLOCKS,
    ScreeningEffect.POSTPONE: ObstacleCode.SCREENING_POSTPONES,
    ScreeningEffect.HOLD: ObstacleCode.SCREENING_HOLDS,
}


def verdict_for(session: Session, record: PatientRecord, day: date) -> Verdict:
    """What the patient's answers mean for the areas and the method of this session."""
    modality = session.series.protocol_version.protocol.modality
    return record.verdict(day, sites=_sites(session), modality=modality)


def _sites(session: Session) -> set[str]:
    return {area.site for area in kept(session.series, "areas")}
