"""A series' page as a value: its card, and its sessions with the days between them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import uuid4

from django.db.models import OuterRef, Prefetch

from clinic.localtime import local_date
from clinic.nested import nested
from patients.models import Patient
from planner.choices import NEEDLED, SeriesState, SessionState
from planner.models import Message, Reservation, Series, Session
from planner.outbox.message_lists import mails_to_come
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
    used: Mapping[str, str]
    slack: Slack | None


@dataclass(frozen=True, slots=True)
class SeriesPage:
    card: SeriesCard
    series: Series
    patient: Patient
    rows: tuple[SessionLine, ...]
    to_come: tuple[Message, ...]
    refusal: str
    key: str

    @property
    def is_stopped(self) -> bool:
        return self.series.state == SeriesState.STOPPED

    @property
    def is_open(self) -> bool:
        return self.series.state in (SeriesState.DRAFT, SeriesState.ACTIVE)


def sessions_with_users() -> "Prefetch[str]":
    """A series' sessions in order, each with the names of who and what serves it: one statement."""
    held = Reservation.objects.filter(session=OuterRef("pk"), is_active=True).order_by("starts_at", "pk")
    names = nested(held, kind="resource__kind", name="resource__name")
    return Prefetch("sessions", Session.objects.order_by("number").annotate(served_by=names))


def series_page(series: Series, *, now: datetime, refusal: str = "") -> SeriesPage:
    """The series comes with its areas and `sessions_with_users`."""
    card = series_card(series, local_date(now, series.location.zone))
    return SeriesPage(
        card=card,
        series=series,
        patient=series.patient,
        rows=tuple(_lines(series, card.next, now=now)),
        to_come=tuple(mails_to_come(series.messages.all())[:MAILS]),
        refusal=refusal,
        key=uuid4().hex,
    )


def _lines(series: Series, following: Session | None, *, now: datetime) -> Iterator[SessionLine]:
    sessions: list[Any] = list(series.sessions.all())
    gaps = _gaps(series, sessions)
    slacks = (
        {each.number: each for each in slack(series, now=now)} if series.state == SeriesState.ACTIVE else {}
    )
    for session in sessions:
        is_next = "chain__n--here" if session == following else ""
        gap = gaps.get(session.number)
        yield SessionLine(
            session=session,
            look="chain__n--done" if session.state in NEEDLED else is_next,
            gap=gap,
            off_target=0 if gap is None else gap - series.gap_target_days,
            used={row["kind"]: row["name"] for row in session.served_by},
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
