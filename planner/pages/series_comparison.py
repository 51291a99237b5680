"""A series as a chain of sessions with the days between them, as it is and as a plan would make it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from clinic.localtime import local_date
from planner.choices import HOLDS_TIME, NEEDLED, SessionState
from planner.models import Session
from planner.schedule.session_place import SessionPlace


@dataclass(frozen=True, slots=True)
class Link:
    """One session: where it would be (`at`), where it was (`was_at`, when that changes), and the days to the next.

    `who` is the practitioner of a plan. `gap_tone` is ok, warn at the edge of what is allowed, stop outside it;
    empty where either has no time.
    """

    session: Session
    at: datetime | None
    was_at: datetime | None
    who: str
    is_changed: bool
    is_here: bool
    gap_days: int | None
    was_gap_days: int | None
    gap_tone: str

    @property
    def is_done(self) -> bool:
        return self.session.state in NEEDLED

    @property
    def is_edge(self) -> bool:
        return self.gap_tone == "warn"

    @property
    def is_outside(self) -> bool:
        return self.gap_tone == "stop"

    @property
    def look(self) -> str:
        """The class of its number."""
        return " chain__n--done" if self.is_done else " chain__n--here" if self.is_here else ""


def chain(
    sessions: Sequence[Session],
    visits: Iterable[SessionPlace],
    *,
    here: Session,
    gap: tuple[int, int],
    zone: ZoneInfo,
    names: Mapping[int, str],
) -> list[Link]:
    """Every session that is not cancelled; `gap` is the shortest and the longest allowed, in days.

    `names` are those of the practitioners in `visits`.
    """
    wanted = {visit.number: visit for visit in visits}
    line = [each for each in sessions if each.state != SessionState.CANCELLED]
    held = [each.starts_at if each.state in HOLDS_TIME else None for each in line]
    planned = [
        wanted[each.number].starts_at if each.number in wanted else at
        for each, at in zip(line, held, strict=True)
    ]
    gaps, were = _gaps(planned, zone), _gaps(held, zone)
    return [
        Link(
            session=session,
            at=planned[n],
            was_at=session.starts_at if planned[n] not in (held[n], session.starts_at) else None,
            who=_who(wanted.get(session.number), names),
            is_changed=planned[n] != held[n],
            is_here=session.pk == here.pk,
            gap_days=gaps[n],
            was_gap_days=were[n],
            gap_tone=_tone(gaps[n], *gap),
        )
        for n, session in enumerate(line)
    ]


def _who(visit: SessionPlace | None, names: Mapping[int, str]) -> str:
    return names.get(visit.practitioner_id or 0, "") if visit else ""


def _gaps(times: Sequence[datetime | None], zone: ZoneInfo) -> list[int | None]:
    """From each to the next; the last has none."""
    return [_days(before, after, zone) for before, after in pairwise([*times, None])]


def _days(before: datetime | None, after: datetime | None, zone: ZoneInfo) -> int | None:
    return (local_date(after, zone) - local_date(before, zone)).days if before and after else None


def _tone(days: int | None, shortest: int, longest: int) -> str:
    if days is None:
        return ""
    if not shortest <= days <= longest:
        return "stop"
    return "warn" if days in (shortest, longest) else "ok"
