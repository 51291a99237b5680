"""The day of a session, from the needle to the aftercare: start, record, finish."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from clinic.actor import Actor
from clinic.localtime import local_date
from clinic.services.once import once
from clinic.services.versions import Stale
from patients.screening_rules import Verdict
from planner.choices import NEEDLED, OVER, Endpoint, Reaction, SeriesState, SessionState
from planner.models import AreaTreatment, Series, Session, SessionEvent, TreatmentRecord
from planner.obstacles.from_record import verdict_for
from planner.obstacles.patient_record import PatientRecord, records_of
from planner.outbox.plan_messages import messages_for_completion
from planner.schedule.locking import lock, with_patience
from planner.schedule.refusals import NoConsent, WrongState, changed_meanwhile
from planner.treatment.refusals import (
    AreaNotInSeries,
    CartridgeExpired,
    NotCheckedToday,
    NotClearToday,
    NothingRecorded,
    TooDeep,
)

LEFT_OPEN = (SessionState.BOOKED, SessionState.CONFIRMED, SessionState.ARRIVED, SessionState.NO_SHOW)
"""Of an earlier day: what may be recorded although nobody said then that it began."""


@dataclass(frozen=True, slots=True)
class AreaEntry:
    """One treated area: depth 0.25 to 3.5 mm, 1 to 12 passes, bleeding 0 (none) to 3 (sheet)."""

    area_id: int
    depth_mm: Decimal
    passes: int
    endpoint: Endpoint
    bleeding: int


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """What the clinician writes down; pain 0 to 10, grams and minutes of the numbing cream."""

    areas: Sequence[AreaEntry]
    cartridge_lot: str
    cartridge_expires_on: date
    cartridge: str = ""
    anaesthetic: str = ""
    anaesthetic_lot: str = ""
    anaesthetic_grams: Decimal | None = None
    anaesthetic_minutes: int | None = None
    pain: int | None = None
    reaction: Reaction = Reaction.NONE
    note: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What must be true on the day before the needle: the page shows it, and the start asks for it."""

    asked_today: bool
    verdict: Verdict
    consent_until: date | None


def readiness(session: Session, now: datetime, record: PatientRecord | None = None) -> Readiness:
    """Today's questions, what the answers mean for this session's areas, and until when the consent of today is good.

    The `record` is the patient's where it has been read already.
    """
    zone = session.location.zone
    today = local_date(now, zone)
    known = record or records_of([session.patient])[session.patient_id]
    return Readiness(
        asked_today=known.asked_at is not None and local_date(known.asked_at, zone) == today,
        verdict=verdict_for(session, known, today),
        consent_until=known.consent_until(today),
    )


@with_patience
@once
def start_treatment(session_id: int, *, by: Actor, key: str, version: int, now: datetime) -> Session:
    """Arrived → in treatment. Refuses without today's questions or a valid consent, or if an answer forbids it."""
    session = _locked(session_id, version)
    _refuse_unless(session, SessionState.ARRIVED)
    _refuse_unfit(session, now)
    _enter(session, SessionState.IN_TREATMENT, SessionEvent.Kind.STARTED, by, now)
    session.treatment_began_at = now
    session.save()
    return session


@with_patience
@once
def save_record(
    session_id: int, entry: RecordEntry, *, by: Actor, key: str, version: int, now: datetime
) -> TreatmentRecord:
    """Write or correct what was done, in treatment or afterwards; `version` is the record's, 0 before the first."""
    session = _locked(session_id)
    _refuse_unless(session, SessionState.IN_TREATMENT, *NEEDLED)
    return _write_record(session, entry, by, version, now)


@with_patience
@once
def finish(
    session_id: int,
    entry: RecordEntry,
    *,
    by: Actor,
    key: str,
    version: int,
    record_version: int = 0,
    now: datetime,
) -> Session:
    """In treatment → done, with its record. Plans the aftercare mails; the last session completes the series.

    A session of an earlier day that nobody checked in is recorded as of its own day; the history says who did it when.
    """
    session = _locked(session_id, version)
    if not is_left_from_an_earlier_day(session, now):
        _refuse_unless(session, SessionState.IN_TREATMENT)
    _write_record(session, entry, by, record_version, now)
    return _end(session, SessionState.DONE, by, now)


@with_patience
@once
def break_off(session_id: int, *, by: Actor, key: str, version: int, now: datetime, reason: str) -> Session:
    """In treatment → broken off: the skin was needled, so it rests and is cared for as after any other session.

    What was done may be recorded before or after. The series goes on with its next session.
    """
    session = _locked(session_id, version)
    _refuse_unless(session, SessionState.IN_TREATMENT)
    return _end(session, SessionState.BROKEN_OFF, by, now, reason)


def _end(session: Session, state: SessionState, by: Actor, now: datetime, reason: str = "") -> Session:
    if session.state != SessionState.IN_TREATMENT:
        session.arrived_at = session.arrived_at or session.starts_at
        session.treatment_began_at, session.done_at = session.starts_at, session.ends_at
        session.version += session.state == SessionState.NO_SHOW
    else:
        session.done_at = now
    _enter(session, state, SessionEvent.Kind(state.value), by, now, reason)
    session.save()
    _complete_series(session)
    messages_for_completion(session, now=now)
    return session


def is_left_from_an_earlier_day(session: Session, now: datetime) -> bool:
    """Whether its day is over and nobody said that it began; one that was missed may have been here after all."""
    zone = session.location.zone
    return (
        session.state in LEFT_OPEN
        and session.starts_at is not None
        and local_date(session.starts_at, zone) < local_date(now, zone)
    )


def _locked(session_id: int, version: int | None = None) -> Session:
    """The session, locked with its patient, its series and the series' other sessions, in every writer's order."""
    locked = lock(Session.objects.values_list("series_id", flat=True).get(pk=session_id))
    session = locked.session(session_id)
    if version is not None and session.version != version:
        raise changed_meanwhile(session, seen=version)
    return session


def _refuse_unless(session: Session, *states: SessionState) -> None:
    if session.state not in states:
        wanted = SessionState(states[0]).label
        raise WrongState(number=session.number, state=session.get_state_display(), wanted=wanted)


def _refuse_unfit(session: Session, now: datetime) -> None:
    ready = readiness(session, now)
    if not ready.asked_today:
        raise NotCheckedToday(number=session.number)
    if not ready.verdict.may_book:
        raise NotClearToday(number=session.number)
    if ready.consent_until is None:
        raise NoConsent(number=session.number, at=local_date(now, session.location.zone))


def _enter(
    session: Session,
    state: SessionState,
    kind: SessionEvent.Kind,
    by: Actor,
    now: datetime,
    reason: str = "",
) -> None:
    session.state = state
    SessionEvent.objects.create(
        session=session, kind=kind, at=now, by=by.user, now_at=session.starts_at, reason=reason
    )


def _write_record(
    session: Session, entry: RecordEntry, by: Actor, version: int, now: datetime
) -> TreatmentRecord:
    _refuse_wrong_entry(session, entry, now)
    record = TreatmentRecord.objects.filter(session=session).first() or TreatmentRecord(
        session=session, version=0
    )
    if record.version != version:
        raise Stale()
    for name, value in asdict(entry).items():
        if name != "areas":
            setattr(record, name, value)
    record.recorded_by, record.recorded_at, record.version = by.user, now, version + 1
    record.save()
    record.areas.all().delete()
    AreaTreatment.objects.bulk_create(AreaTreatment(record=record, **asdict(area)) for area in entry.areas)
    return record


def _refuse_wrong_entry(session: Session, entry: RecordEntry, now: datetime) -> None:
    if not entry.areas:
        raise NothingRecorded(number=session.number)
    used_on = local_date(session.treatment_began_at or now, session.location.zone)
    if entry.cartridge_expires_on < used_on:
        raise CartridgeExpired(expires_on=entry.cartridge_expires_on)
    own = {area.pk: area for area in session.series.areas.all()}
    limit = _label_limit(session)
    for treated in entry.areas:
        if treated.area_id not in own:
            raise AreaNotInSeries(area=_("That area"))
        if limit is not None and treated.depth_mm > limit:
            raise TooDeep(depth_mm=treated.depth_mm, area=str(own[treated.area_id]), deepest_mm=limit)


def _label_limit(session: Session) -> Decimal | None:
    """The deepest setting on the label of the session's device, in mm."""
    devices = session.reservations.filter(is_active=True, resource__kind="device")
    return devices.values_list("resource__max_depth_mm", flat=True).first()


def _complete_series(session: Session) -> None:
    open_states = set(SessionState) - {*OVER}
    if not session.series.sessions.filter(state__in=open_states).exists():
        Series.objects.filter(pk=session.series_id).update(state=SeriesState.DONE)
