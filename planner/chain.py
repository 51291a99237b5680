"""A series as a chain of sessions with the days between them, as it is and as a plan would make it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from clinic.localtime import local_date
from planner.choices import HOLDS_TIME, SessionState
from planner.models import Session
from planner.services.visits import Visit


@dataclass(frozen=True, slots=True)
class Link:
    """One session: where it would be (`at`), where it was (`was_at`, when that changes), and the days since the last.

    `gap_tone` is ok, warn at the edge of what is allowed, stop outside it; empty for the first, or without a time.
    """

    session: Session
    at: datetime | None
    was_at: datetime | None
    visit: Visit | None
    is_here: bool
    gap_days: int | None
    was_gap_days: int | None
    gap_tone: str

    @property
    def is_changed(self) -> bool:
        return self.visit is not None

    @property
    def is_done(self) -> bool:
        return self.session.state == SessionState.DONE


def chain(
    sessions: Sequence[Session],
    visits: Iterable[Visit],
    *,
    here: Session,
    gap: tuple[int, int],
    zone: ZoneInfo,
) -> list[Link]:
    """Every session that is not cancelled; `gap` is the shortest and the longest allowed, in days."""
    wanted = {visit.number: visit for visit in visits}
    links: list[Link] = []
    before: datetime | None = None
    was_before: datetime | None = None
    for session in sessions:
        if session.state == SessionState.CANCELLED:
            continue
        held = session.starts_at if session.state in HOLDS_TIME else None
        visit = wanted.get(session.number)
        at = visit.starts_at if visit else held
        days = _days(before, at, zone)
        links.append(
            Link(
                session=session,
                at=at,
                was_at=session.starts_at if visit and session.starts_at != at else None,
                visit=visit,
                is_here=session.pk == here.pk,
                gap_days=days,
                was_gap_days=_days(was_before, held, zone),
                gap_tone=_tone(days, *gap),
            )
        )
        before, was_before = at or before, held or was_before
    return links


def _days(before: datetime | None, after: datetime | None, zone: ZoneInfo) -> int | None:
    return (local_date(after, zone) - local_date(before, zone)).days if before and after else None


def _tone(days: int | None, shortest: int, longest: int) -> str:
    if days is None:
        return ""
    if not shortest <= days <= longest:
        return "stop"
    return "warn" if days in (shortest, longest) else "ok"
