"""A series' page as a value: its card, and its sessions with the days between them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import uuid4

from clinic.localtime import local_date
from clinic.models import Resource, StaffMember
from clinic.opening_hours import Calendar
from patients.models import Patient
from planner.choices import NEEDLED, SeriesState, SessionState
from planner.models import Message, Series, Session
from planner.obstacles.of_sessions import Surroundings, surroundings_of
from planner.obstacles.words import Chip
from planner.outbox.message_lists import mails_to_come
from planner.pages.obstacle_strip import ObstacleStrip, obstacle_strip
from planner.pages.series_card import SeriesCard, series_card
from planner.schedule.slack import Slack, slack

MAILS = 6


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session with who and what serves it, the days since the one before, and how far it can still slip."""

    session: Session
    look: str
    gap: int | None
    off_target: int
    used: Mapping[str, Resource]
    chips: Sequence[Chip]
    slack: Slack | None


@dataclass(frozen=True, slots=True)
class SeriesPage:
    card: SeriesCard
    series: Series
    patient: Patient
    rows: tuple[SessionLine, ...]
    strip: ObstacleStrip
    to_come: tuple[Message, ...]
    refusal: str
    key: str

    @property
    def is_stopped(self) -> bool:
        return self.series.state == SeriesState.STOPPED

    @property
    def is_open(self) -> bool:
        return self.series.state in (SeriesState.DRAFT, SeriesState.ACTIVE)


def series_page(series: Series, staff: StaffMember, *, now: datetime, refusal: str = "") -> SeriesPage:
    """The series comes as one of `whole_series`."""
    card = series_card(series, local_date(now, series.location.zone))
    around = _surroundings(series, now)
    strip = obstacle_strip(series.sessions.all(), around, staff)
    return SeriesPage(
        card=card,
        series=series,
        patient=series.patient,
        rows=tuple(_lines(series, card.next, strip, around.calendar, now=now)),
        strip=strip,
        to_come=tuple(mails_to_come(series.messages.all())[:MAILS]),
        refusal=refusal,
        key=uuid4().hex,
    )


def _surroundings(series: Series, now: datetime) -> Surroundings:
    """With a calendar that reaches as far as the sessions to come can slip."""
    zone, sessions = series.location.zone, list(series.sessions.all())
    today = local_date(now, zone)
    held = [local_date(each.starts_at, zone) for each in sessions if each.starts_at]
    last = max([today, *held]) + timedelta(days=series.gap_max_days * (len(sessions) + 1) + 2)
    return surroundings_of(sessions, series.location, now=now, days=(today, last))


def _lines(
    series: Series, following: Session | None, strip: ObstacleStrip, calendar: Calendar, *, now: datetime
) -> Iterator[SessionLine]:
    sessions = list(series.sessions.all())
    gaps, slacks = _gaps(series, sessions), {}
    if series.state == SeriesState.ACTIVE:
        slacks = {each.number: each for each in slack(series, now=now, calendar=calendar)}
    for session in sessions:
        is_next = "chain__n--here" if session == following else ""
        gap = gaps.get(session.number)
        yield SessionLine(
            session=session,
            look="chain__n--done" if session.state in NEEDLED else is_next,
            gap=gap,
            off_target=0 if gap is None else gap - series.gap_target_days,
            used={held.resource.kind: held.resource for held in session.reservations.all() if held.is_active},
            chips=strip.chips.get(session.pk, ()),
            slack=slacks.get(session.number),
        )


def _gaps(series: Series, sessions: Sequence[Session]) -> dict[int, int]:
    """By the number of the later one."""
    zone = series.location.zone
    dated = [
        (each.number, local_date(each.starts_at, zone))
        for each in sessions
        if each.starts_at and each.state != SessionState.CANCELLED
    ]
    return {number: (day - before).days for (_number, before), (number, day) in pairwise(dated)}
