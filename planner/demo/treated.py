"""Sessions of days that are past, many at once: people came, were asked, treated, and went home.

The rows are those that arriving, starting and finishing leave one by one; whoever books, moves or stops goes through
the schedule's own door.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from clinic.models import StaffMember
from patients.models import Area
from planner.choices import OVER, Endpoint, Reaction, SeriesState, SessionState
from planner.demo.people import Person
from planner.models import AreaTreatment, Series, Session, SessionEvent, SiteDepth, TreatmentRecord
from planner.outbox.plan_messages import messages_for_completion
from planner.protocols.recommendation import depth_for
from planner.treatment.treat import AreaEntry, RecordEntry

NUMBING = timedelta(minutes=45)
LONGEST_AFTERCARE, LONGEST_AFTER_THE_LAST = timedelta(days=35), timedelta(days=180)
Kind = SessionEvent.Kind


@dataclass(frozen=True, slots=True)
class Treated:
    """A session that is to be over, with the areas it treats."""

    session: Session
    person: Person
    areas: Sequence[Area]
    depths: dict[str, SiteDepth]


def entry_for(treated: Treated, expires_on: date, random: Random) -> RecordEntry:
    """A record as a clinician would write it: by the protocol, with small differences."""
    number = treated.session.number
    return RecordEntry(
        areas=tuple(_area_entry(treated, area, random) for area in treated.areas),
        cartridge="16-needle",
        cartridge_lot=f"KN-{2200 + number * 37 + (treated.session.pk or 0) % 30}",
        cartridge_expires_on=expires_on,
        anaesthetic="Lidocaine 4%",
        anaesthetic_lot="LX-8804",
        anaesthetic_grams=Decimal("18.0"),
        anaesthetic_minutes=45,
        pain=random.randint(2, 6),
        reaction=random.choice((Reaction.NONE, Reaction.NONE, Reaction.NONE, Reaction.BRUISING)),
        note=random.choice(("", "", "Tolerated well.", "Redness gone on day 4 last time.")),
    )


def _area_entry(treated: Treated, area: Area, random: Random) -> AreaEntry:
    number = min(treated.session.number, 2)
    advice = depth_for(
        treated.depths[area.site],
        area.stria_type,
        skin_type=treated.person.skin_type,
        session_number=number,
    )
    passes, endpoint = advice.passes_min + number - 1, Endpoint(advice.endpoint)
    return AreaEntry(area.pk, advice.target_mm, passes, endpoint, random.choice((1, 1, 2)))


def write_treated(
    treated: Sequence[Treated], *, doctor: StaffMember, desk: StaffMember, expires_on: date, random: Random
) -> None:
    sessions = [each.session for each in treated]
    for session in sessions:
        assert session.starts_at is not None
        session.state, session.arrived_at = SessionState.DONE, session.starts_at
        session.treatment_began_at, session.done_at = session.starts_at + NUMBING, session.ends_at
    Session.objects.bulk_update(
        sessions, ["state", "arrived_at", "treatment_began_at", "done_at"], batch_size=500
    )
    SessionEvent.objects.bulk_create(
        event for session in sessions for event in _events(session, doctor, desk)
    )
    entries = [entry_for(each, expires_on, random) for each in treated]
    records = TreatmentRecord.objects.bulk_create(
        _record(session, entry, doctor) for session, entry in zip(sessions, entries, strict=True)
    )
    AreaTreatment.objects.bulk_create(
        AreaTreatment(
            record=record,
            area_id=area.area_id,
            depth_mm=area.depth_mm,
            passes=area.passes,
            endpoint=area.endpoint,
            bleeding=area.bleeding,
        )
        for record, entry in zip(records, entries, strict=True)
        for area in entry.areas
    )
    open_states = set(SessionState) - {*OVER}
    whole = Series.objects.filter(state=SeriesState.ACTIVE).exclude(sessions__state__in=open_states)
    whole.update(state=SeriesState.DONE)


def _events(session: Session, doctor: StaffMember, desk: StaffMember) -> list[SessionEvent]:
    at, began, done = session.starts_at, session.treatment_began_at, session.done_at
    assert at is not None
    assert began is not None
    assert done is not None
    return [
        SessionEvent(session=session, kind=Kind.ARRIVED, at=at, by=desk.user, was_at=at),
        SessionEvent(session=session, kind=Kind.STARTED, at=began, by=doctor.user, now_at=at),
        SessionEvent(session=session, kind=Kind.DONE, at=done, by=doctor.user, now_at=at),
    ]


def _record(session: Session, entry: RecordEntry, by: StaffMember) -> TreatmentRecord:
    assert session.done_at is not None
    return TreatmentRecord(
        session=session,
        recorded_by=by.user,
        recorded_at=session.done_at,
        cartridge=entry.cartridge,
        cartridge_lot=entry.cartridge_lot,
        cartridge_expires_on=entry.cartridge_expires_on,
        anaesthetic=entry.anaesthetic,
        anaesthetic_lot=entry.anaesthetic_lot,
        anaesthetic_grams=entry.anaesthetic_grams,
        anaesthetic_minutes=entry.anaesthetic_minutes,
        pain=entry.pain,
        reaction=entry.reaction,
        note=entry.note,
    )


def plan_aftercare(treated: Sequence[Treated], now: datetime) -> None:
    """The mails after sessions so late that one of them is still of interest."""
    for each in treated:
        session = each.session
        assert session.done_at is not None
        is_last = session.number == session.series.sessions_planned
        if session.done_at > now - (LONGEST_AFTER_THE_LAST if is_last else LONGEST_AFTERCARE):
            messages_for_completion(session, now=session.done_at)
