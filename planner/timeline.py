"""Preparation and aftercare steps as data, and when each is due.

Steps come from `data/steps.yaml` or from the clinic's own rows; nothing here reads a clock or a database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from clinic.localtime import at_local, before_quiet, clamp_out_of_quiet, is_quiet, local_date
from patients.choices import Certainty, SkinType

SHIPPED_STEPS = Path(__file__).parent / "data" / "steps.yaml"


class Anchor(StrEnum):
    BOOKING = "booking"
    SESSION_START = "session_start"
    SESSION_END = "session_end"
    LAST_SESSION_END = "last_session_end"


@dataclass(frozen=True, slots=True)
class Wait:
    """What to leave, until so many hours after the session's end; without hours, until the session itself."""

    what: tuple[str, ...]
    until_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One message of a protocol: `offset_days` at a local wall-clock time, or `offset_hours` real hours.

    Negative offsets lie before the anchor. `subject` and `title` may hold `{clinic}`; the subject tells nobody
    what the visit is for. Never sent later than `expires_after_hours` after it was due.
    """

    code: str
    anchor: Anchor
    title: str
    subject: str
    normal: str
    source: str
    certainty: Certainty
    expires_after_hours: int
    offset_days: int | None = None
    offset_hours: int | None = None
    at_local_time: time | None = None
    only_skin_types: frozenset[SkinType] = frozenset()
    do: tuple[str, ...] = ()
    wait: tuple[Wait, ...] = ()
    call: tuple[str, ...] = ()
    emergency: str = ""

    def __post_init__(self) -> None:
        if (self.offset_days is None) == (self.offset_hours is None):
            raise ValueError(f"{self.code}: give offset_days or offset_hours, not both")
        if (self.offset_days is None) != (self.at_local_time is None):
            raise ValueError(f"{self.code}: days need at_local_time, hours have none")
        if self.expires_after_hours <= 0:
            raise ValueError(f"{self.code}: expires_after_hours must be positive")

    @property
    def is_preparation(self) -> bool:
        return self.anchor is Anchor.SESSION_START


@dataclass(frozen=True, slots=True)
class Visit:
    """The session a step belongs to, and how its location counts time."""

    starts_at: datetime
    ends_at: datetime
    booked_at: datetime
    zone: ZoneInfo
    quiet_from: time
    quiet_to: time

    def is_quiet(self, instant: datetime) -> bool:
        return is_quiet(instant, self.zone, self.quiet_from, self.quiet_to)


def steps_for(steps: Iterable[Step], *, skin_type: SkinType | None, is_last: bool) -> tuple[Step, ...]:
    """The steps that one session of a series has; an unknown skin type gets the cautious ones too."""
    return tuple(
        step
        for step in steps
        if (is_last or step.anchor is not Anchor.LAST_SESSION_END)
        and (skin_type is None or not step.only_skin_types or skin_type in step.only_skin_types)
    )


def due_at(step: Step, visit: Visit) -> datetime | None:
    """When the step is to be sent (UTC), or nothing when its moment has passed or no good one is left.

    A step whose moment lies before the booking is left out. An answer to a booking goes at once. In quiet hours
    a step waits for their end, unless the visit has begun or the step has expired by then: then it goes before they
    begin, though never before the booking or, for aftercare, before the session is over.
    """
    wanted = _wanted_at(step, visit)
    if wanted < visit.booked_at:
        return None
    if step.anchor is Anchor.BOOKING:
        return wanted
    later = clamp_out_of_quiet(wanted, visit.zone, visit.quiet_from, visit.quiet_to)
    if later < _limit(step, wanted, visit):
        return later
    return _earlier(step, min(wanted, _limit(step, wanted, visit)), visit)


def expires_at(step: Step, due: datetime, visit: Visit) -> datetime:
    """After this the step is dropped with a note; preparation never outlives the session's start."""
    late = due + timedelta(hours=step.expires_after_hours)
    return min(late, visit.starts_at) if step.is_preparation else late


def _wanted_at(step: Step, visit: Visit) -> datetime:
    anchor = {Anchor.BOOKING: visit.booked_at, Anchor.SESSION_START: visit.starts_at}.get(
        step.anchor, visit.ends_at
    )
    if step.offset_days is None or step.at_local_time is None:
        return anchor + timedelta(hours=step.offset_hours or 0)
    day = local_date(anchor, visit.zone) + timedelta(days=step.offset_days)
    return at_local(day, step.at_local_time, visit.zone)


def _limit(step: Step, wanted: datetime, visit: Visit) -> datetime:
    return visit.starts_at if step.is_preparation else wanted + timedelta(hours=step.expires_after_hours)


def _earlier(step: Step, latest: datetime, visit: Visit) -> datetime | None:
    """Before the quiet hours that hold `latest` or come just before it."""
    floor = visit.booked_at if step.is_preparation else max(visit.booked_at, visit.ends_at)
    sooner = before_quiet(latest, visit.zone, visit.quiet_from, visit.quiet_to)
    moment = max(sooner, floor)
    return None if moment >= latest or visit.is_quiet(moment) else moment


def load_steps(path: Path = SHIPPED_STEPS) -> tuple[Step, ...]:
    shared: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(_step({**shared["defaults"], **entry}, shared) for entry in shared["steps"])
