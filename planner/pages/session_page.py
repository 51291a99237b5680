"""A session's page as a value: where it stands, what was done, what comes next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import uuid4

from django.db.models import QuerySet
from django.forms import BaseForm

from clinic.localtime import local_date
from clinic.models import Resource, StaffMember
from clinic.permissions import Right
from clinic.prepared import Given, Prepared
from patients.models import Patient
from planner.choices import CAN_MOVE, PhaseKind, SessionState
from planner.models import Series, Session, SessionEvent, TreatmentRecord
from planner.obstacles.of_sessions import surroundings_of
from planner.pages.chairside import DayChecks, checks_on_the_day
from planner.pages.obstacle_strip import ObstacleStrip, obstacle_strip
from planner.treatment.session_clock import Span, spans
from planner.treatment.treat import is_left_from_an_earlier_day

STILL_TO_TREAT = (
    SessionState.BOOKED,
    SessionState.CONFIRMED,
    SessionState.ARRIVED,
    SessionState.IN_TREATMENT,
)
CHIP_LOOKS: dict[str, str] = {
    SessionState.ARRIVED: " chip--accent",
    SessionState.IN_TREATMENT: " chip--accent",
    SessionState.BROKEN_OFF: " chip--warn",
    SessionState.NO_SHOW: " chip--warn",
    SessionState.RELEASED: " chip--warn",
    SessionState.CANCELLED: " chip--warn",
}
HERE_LOOKS = {PhaseKind.NUMBING: "clock__numb"}


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """One phase of the visit by the clock; `look` while the patient is in it."""

    span: Span
    word: str
    look: str


@dataclass(frozen=True, slots=True)
class SessionPage:
    """`own` and `last` are the records of this session and of the one before, for those who may see them.

    `is_left`: its day is over, and nobody said how it ended.
    """

    session: Session
    series: Series
    patient: Patient
    phases: tuple[PhaseLine, ...]
    used: Mapping[str, Resource]
    events: tuple[SessionEvent, ...]
    sessions: tuple[Session, ...]
    own: TreatmentRecord | None
    last: TreatmentRecord | None
    form: BaseForm | None
    rows: tuple[object, ...]
    checks: DayChecks | None
    strip: ObstacleStrip
    refusal: str
    is_today: bool
    is_left: bool
    has_begun: bool
    key: str

    @property
    def look(self) -> str:
        return CHIP_LOOKS.get(self.session.state, "")

    @property
    def shows_record(self) -> bool:
        is_written = (
            self.session.state in (SessionState.IN_TREATMENT, SessionState.BROKEN_OFF) or self.is_left
        )
        return bool(self.rows) and (is_written or self.own is not None)

    @property
    def is_expected(self) -> bool:
        return self.session.state in (SessionState.BOOKED, SessionState.CONFIRMED)

    @property
    def is_open(self) -> bool:
        return self.session.state in CAN_MOVE


class RecordShown(Protocol):
    """What is shown of the record to those who may see it; the rows are `AreaRow`s of planner.forms.record."""

    @property
    def own(self) -> TreatmentRecord | None: ...
    @property
    def last(self) -> TreatmentRecord | None: ...
    @property
    def form(self) -> BaseForm: ...
    @property
    def rows(self) -> tuple[object, ...]: ...


@Prepared
def _events() -> QuerySet[SessionEvent]:
    return SessionEvent.objects.filter(session=Given("session")).select_related("by__staff")


@Prepared
def _of_series() -> QuerySet[Session]:
    return Session.objects.filter(series=Given("series")).order_by("number")


def session_page(
    session: Session, staff: StaffMember, record: RecordShown | None, now: datetime, refusal: str = ""
) -> SessionPage:
    starts_at, zone = session.starts_at, session.location.zone
    is_open = session.state in STILL_TO_TREAT and staff.may(Right.SEE_RECORD)
    around = surroundings_of([session], session.location, now=now)
    known = around.records[session.patient_id]
    return SessionPage(
        session=session,
        series=session.series,
        patient=session.patient,
        phases=phase_lines(session, now),
        used={held.resource.kind: held.resource for held in session.reservations.all() if held.is_active},
        events=tuple(_events(session=session.pk)),
        sessions=tuple(_of_series(series=session.series_id)),
        own=record.own if record else None,
        last=record.last if record else None,
        form=record.form if record else None,
        rows=record.rows if record else (),
        checks=checks_on_the_day(session, now, known) if is_open else None,
        strip=obstacle_strip([session], around, staff),
        refusal=refusal,
        is_today=starts_at is not None and local_date(starts_at, zone) == local_date(now, zone),
        is_left=is_left_from_an_earlier_day(session, now),
        has_begun=starts_at is not None and starts_at <= now,
        key=uuid4().hex,
    )


def phase_lines(session: Session, now: datetime) -> tuple[PhaseLine, ...]:
    """Empty without a time."""
    if session.starts_at is None:
        return ()
    is_here = session.state in (SessionState.ARRIVED, SessionState.IN_TREATMENT)
    return tuple(
        PhaseLine(
            span,
            str(PhaseKind(span.kind).label),
            HERE_LOOKS.get(PhaseKind(span.kind), "clock__needle")
            if is_here and span.starts_at <= now < span.ends_at
            else "",
        )
        for span in spans(session.starts_at, session.series.protocol_version.phases.all())
    )
