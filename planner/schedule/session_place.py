from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from clinic.localtime import at_local, time_exists
from planner.engine.answer import Proposal
from planner.schedule.refusals import NoSuchTime


@dataclass(frozen=True, slots=True)
class SessionPlace:
    """Where one session of a series is wanted: its number, its start (aware), and who and what serves it.

    A kind that no phase needs stays `None`.
    """

    number: int
    starts_at: datetime
    practitioner_id: int | None
    room_id: int | None
    device_id: int | None

    @property
    def resource_ids(self) -> tuple[int, ...]:
        chosen = (self.practitioner_id, self.room_id, self.device_id)
        return tuple(each for each in chosen if each is not None)


def token_of(visit: SessionPlace) -> str:
    """As one form value: number, start in seconds since 1970, practitioner, room and device; `VisitField` reads it."""
    ids = (visit.practitioner_id, visit.room_id, visit.device_id)
    parts = (visit.number, int(visit.starts_at.timestamp()), *ids)
    return ".".join("" if part is None else str(part) for part in parts)


def starts_at_local(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant a form's day and time mean; refuses a time that the clocks skip that day."""
    if not time_exists(day, at, zone):
        raise NoSuchTime(day=day, time=f"{at:%H:%M}")
    return at_local(day, at, zone)


def visits_of(proposal: Proposal, numbers: Sequence[int], zone: ZoneInfo) -> tuple[SessionPlace, ...]:
    """The engine's sessions as visits; `numbers` are those of the sessions it planned, in order."""
    return tuple(
        SessionPlace(
            number=number,
            starts_at=at_local(placed.date, time(*divmod(placed.start_minute, 60)), zone),
            practitioner_id=_number(placed.practitioner),
            room_id=_number(placed.room),
            device_id=_number(placed.device),
        )
        for number, placed in zip(numbers, proposal.sessions, strict=True)
    )


def _number(engine_id: str | None) -> int | None:
    return int(engine_id) if engine_id else None
