"""Today as values: for the front desk who is here and what needs them, for a clinician the next patient."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import uuid4

from clinic.localtime import local_date
from clinic.models import Location, Resource, StaffMember
from clinic.permissions import Role
from patients.models import Area
from planner.choices import HOLDS_TIME, NEEDLED, WITHOUT_TIME, SessionState
from planner.models import Session, TreatmentRecord
from planner.obstacles.of_sessions import surroundings_of
from planner.obstacles.patient_record import PatientRecord
from planner.pages.chairside import DayChecks, checks_on_the_day, depth_advice
from planner.pages.day_row import DayRow, around_those, is_open, rows_of
from planner.pages.day_shown import DayShown, day_shown
from planner.pages.desk_tasks import AHEAD, DeskTask, DeskTasks, decisions, needs_of_the_desk
from planner.protocols.recommendation import DepthAdvice
from planner.schedule.drift import adrift
from planner.schedule.sessions import ON_THE_DAY, OPEN, sessions_on, with_what_is_open
from planner.treatment.records import last_record
from planner.treatment.session_clock import treatment_of

NEXT_FIRST = (
    (SessionState.IN_TREATMENT,),
    (SessionState.ARRIVED,),
    (SessionState.BOOKED, SessionState.CONFIRMED),
)
"""In treatment before those who are here, before those who come."""


@dataclass(frozen=True, slots=True)
class HerePart:
    """Who is in the house: asked for again every minute."""

    here: tuple[DayRow, ...]
    now: datetime

    def patient_ids(self) -> set[int]:
        return _patients_of(self.here)


@dataclass(frozen=True, slots=True)
class DeskDayPage:
    """Everybody's day. `placeless` counts the series under way in which a session has no time."""

    today: date
    shown: DayShown
    city: str
    rows: tuple[DayRow, ...]
    here: tuple[DayRow, ...]
    to_come: tuple[DayRow, ...]
    done: tuple[DayRow, ...]
    missed: tuple[DayRow, ...]
    placeless: int
    needs: DeskTasks
    has_own_day: bool
    key: str
    now: datetime

    def patient_ids(self) -> set[int]:
        return _patients_of((*self.rows, *self.to_come)) | self.needs.patient_ids()


@dataclass(frozen=True, slots=True)
class Chairside:
    """The next patient: what was done last time, what the protocol says for each area, what must be true."""

    row: DayRow
    age: int
    last: TreatmentRecord | None
    last_days_ago: int | None
    advice: tuple[tuple[Area, DepthAdvice], ...]
    checks: DayChecks
    needle_at: datetime
    minutes_to_needle: int


@dataclass(frozen=True, slots=True)
class OwnDayPage:
    """A clinician's own day: `next` is who is next, `chair` what is known of them, `after` the others."""

    today: date
    shown: DayShown
    own: Resource
    mine: tuple[DayRow, ...]
    done: tuple[DayRow, ...]
    missed: tuple[DayRow, ...]
    next: DayRow | None
    chair: Chairside | None
    after: tuple[DayRow, ...]
    decisions: tuple[DeskTask, ...]
    key: str

    def patient_ids(self) -> set[int]:
        return _patients_of((*self.mine, *self.after)) | {each.patient.pk for each in self.decisions}


@dataclass(frozen=True, slots=True)
class RefusedPage:
    """Nothing was changed, and why; `back` leads to where the button was."""

    session: Session
    refusal: str
    back: str
    key: str

    @property
    def has_lost_its_time(self) -> bool:
        """What it held has gone to somebody else; it may come back without a time, or find another."""
        return self.session.state == SessionState.CANCELLED

    @property
    def may_find_another(self) -> bool:
        return self.session.state in WITHOUT_TIME


def _patients_of(rows: Iterable[DayRow]) -> set[int]:
    return {row.session.patient_id for row in rows}


def own_column(staff: StaffMember) -> Resource | None:
    """The practitioner that a clinician is."""
    own: Resource | None = getattr(staff.user, "practitioner", None)
    is_theirs = (
        staff.role == Role.CLINICIAN and own and own.is_active and own.location_id == staff.location_id
    )
    return own if is_theirs else None


def here_part(location: Location, now: datetime) -> HerePart:
    today = local_date(now, location.zone)
    sessions = sessions_on(location, today, today)
    return HerePart(_here(rows_of(sessions, around_those(sessions, location, now))), now)


def desk_day(staff: StaffMember, now: datetime) -> DeskDayPage:
    location = staff.location
    today = local_date(now, location.zone)
    keys = set(adrift(location, today=today))
    sessions = with_what_is_open(location, today, today + AHEAD, keys)
    around = surroundings_of(
        [each for each in sessions if is_open(each) or each.pk in keys], location, now=now
    )
    left, of_the_days = _left_and_of_the_days(sessions, today, location)
    coming = rows_of(of_the_days, around)
    rows, _later = _split(coming, today, location)
    shown = day_shown(coming, location, now)
    drifting = [each for each in sessions if each.pk in keys]
    return DeskDayPage(
        today=today,
        shown=shown,
        city=location.timezone.rsplit("/")[-1].replace("_", " "),
        rows=tuple(rows),
        here=_here(rows),
        to_come=tuple(shown.to_come),
        done=_in_states(rows, *NEEDLED),
        missed=_in_states(rows, SessionState.NO_SHOW),
        placeless=sum(each.state not in HOLDS_TIME for each in drifting),
        needs=needs_of_the_desk(staff, left, drifting, coming, around),
        has_own_day=own_column(staff) is not None,
        key=uuid4().hex,
        now=now,
    )


def own_day(staff: StaffMember, own: Resource, now: datetime) -> OwnDayPage:
    """Only what is hers is read, however many work beside her."""
    location = staff.location
    today = local_date(now, location.zone)
    sessions = with_what_is_open(location, today, today + AHEAD, practitioner=own)
    around = around_those(sessions, location, now)
    left, of_the_days = _left_and_of_the_days(sessions, today, location)
    coming = [row for row in rows_of(of_the_days, around) if row.practitioner == own]
    mine, _later = _split(coming, today, location)
    shown = day_shown(coming, location, now, own=own)
    following = None if shown.is_over else _next(mine)
    after = [row for row in mine if row != following and (row.is_here or row.is_to_come)]
    return OwnDayPage(
        today=today,
        shown=shown,
        own=own,
        mine=tuple(mine),
        done=_in_states(mine, *NEEDLED),
        missed=_in_states(mine, SessionState.NO_SHOW),
        next=following,
        chair=_chairside(following, around.records, location, now) if following else None,
        after=tuple(shown.to_come if shown.is_over else after),
        decisions=tuple(decisions(staff, left, coming, around)),
        key=uuid4().hex,
    )


def _left_and_of_the_days(
    sessions: Iterable[Session], today: date, location: Location
) -> tuple[list[Session], list[Session]]:
    """Those of earlier days that are still open, and those from today on; of all with a time."""
    timed = [(each, local_date(each.starts_at, location.zone)) for each in sessions if each.starts_at]
    left = [each for each, day in timed if day < today and each.state in OPEN]
    return left, [each for each, day in timed if today <= day <= today + AHEAD and each.state in ON_THE_DAY]


def _split(rows: list[DayRow], today: date, location: Location) -> tuple[list[DayRow], list[DayRow]]:
    """Those of today, and the later ones."""
    later = [row for row in rows if local_date(row.starts_at, location.zone) > today]
    return rows[: len(rows) - len(later)], later


def _here(rows: Iterable[DayRow]) -> tuple[DayRow, ...]:
    return tuple(row for row in rows if row.is_here)


def _in_states(rows: Iterable[DayRow], *states: SessionState) -> tuple[DayRow, ...]:
    return tuple(row for row in rows if row.session.state in states)


def _next(mine: Sequence[DayRow]) -> DayRow | None:
    """Each group in the order of time."""
    return next((row for states in NEXT_FIRST for row in mine if row.session.state in states), None)


def _chairside(
    row: DayRow, records: Mapping[int, PatientRecord], location: Location, now: datetime
) -> Chairside:
    session = row.session
    session.location = location
    depths = {depth.site: depth for depth in session.series.protocol_version.depths.all()}
    areas = [area for area in session.series.areas.all() if area.site in depths]
    last, needle_at = last_record(session), treatment_of(row.spans).starts_at
    today = local_date(now, location.zone)
    treated_at = last.session.starts_at if last else None
    return Chairside(
        row=row,
        age=session.patient.age_on(today),
        last=last,
        last_days_ago=(today - local_date(treated_at, location.zone)).days if treated_at else None,
        advice=tuple((area, depth_advice(session, area, depths[area.site])) for area in areas),
        checks=checks_on_the_day(session, now, records[session.patient_id]),
        needle_at=needle_at,
        minutes_to_needle=max((needle_at - now) // timedelta(minutes=1), 0),
    )
