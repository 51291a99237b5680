"""Preparation and aftercare steps as data, when each is due, and the dates its words may name.

Steps come from `data/steps.yaml` or are the clinic's own rows; nothing here reads a clock or a database.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

import yaml

from clinic.localtime import (
    at_local,
    before_quiet,
    clamp_out_of_quiet,
    is_quiet,
    local_date,
    long_day_label,
    long_moment_label,
)
from patients.choices import Certainty, SkinType
from planner.choices import Anchor

SHIPPED_STEPS = Path(__file__).parent / "data" / "steps.yaml"
MINUTES_A_DAY = 24 * 60
NOTICE = timedelta(hours=1)
"""Preparation that would arrive later than this before the session is of no use."""
AFTER_THE_SESSION = (Anchor.SESSION_END, Anchor.LAST_SESSION_END)


class StepTiming(Protocol):
    """What a step says about when it is sent; the clinic's own rows have the same fields."""

    @property
    def anchor(self) -> str: ...
    @property
    def offset_minutes(self) -> int: ...
    @property
    def at_local_time(self) -> time | None: ...
    @property
    def expires_after_hours(self) -> int: ...
    @property
    def only_dark_skin(self) -> bool: ...


TimedStep = TypeVar("TimedStep", bound=StepTiming)


@dataclass(frozen=True, slots=True)
class ShippedStep:
    """One message of a protocol, in the fields of the clinic's own rows.

    Sent `offset_minutes` after the anchor (negative: before), or, with `at_local_time`, so many whole days
    after the anchor's day at that wall-clock time; never later than `expires_after_hours` after it was due.
    `do`, `wait` and `call` hold one line per fact; `fill` puts dates into them. The subject says nothing of
    what the visit is for.
    """

    code: str
    anchor: Anchor
    offset_minutes: int
    at_local_time: time | None
    expires_after_hours: int
    only_dark_skin: bool
    subject: str
    title: str
    normal: str
    do: str
    wait: str
    call: str
    source: str
    certainty: Certainty

    def __post_init__(self) -> None:
        if self.at_local_time is not None and self.offset_minutes % MINUTES_A_DAY:
            raise ValueError(f"{self.code}: a step at a fixed time is whole days away")
        if self.expires_after_hours <= 0:
            raise ValueError(f"{self.code}: expires_after_hours must be positive")


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """The session a step belongs to, and how its location counts time.

    `planned_at` is when it was booked, moved or cancelled. Instants are in UTC.
    """

    starts_at: datetime
    ends_at: datetime
    planned_at: datetime
    zone: ZoneInfo
    quiet_from: time
    quiet_to: time

    def is_quiet(self, instant: datetime) -> bool:
        return is_quiet(instant, self.zone, self.quiet_from, self.quiet_to)


def steps_for(steps: Iterable[TimedStep], *, skin_type: int | None, is_last: bool) -> tuple[TimedStep, ...]:
    """The steps of one session of a series; an unknown skin type gets those for dark skin, too."""
    is_dark = skin_type is None or SkinType(skin_type).is_dark
    return tuple(
        step
        for step in steps
        if (is_dark or not step.only_dark_skin) and (is_last or step.anchor != Anchor.LAST_SESSION_END)
    )


def due_at(step: StepTiming, visit: SessionTimes) -> datetime | None:
    """When the step is to be sent, in UTC; nothing when its moment lay before `visit.planned_at`.

    A step that falls into quiet hours waits for their end. Where that is too late (less than an hour before
    the session for preparation, past its expiry for aftercare) it goes half an hour before they begin, though
    not before it was planned or the session ended; where no such moment is left it is left out. News of a
    booking, a move or a cancellation that cannot wait goes at once.
    """
    wanted = _wanted_at(step, visit)
    if wanted < visit.planned_at:
        return None
    later = clamp_out_of_quiet(wanted, visit.zone, visit.quiet_from, visit.quiet_to)
    limit = _latest_at(step, wanted, visit)
    if later <= limit:
        return later
    if _counts_from(step, visit) == visit.planned_at:
        return wanted
    return _earlier(step, min(wanted, limit), visit)


def expires_at(step: StepTiming, due: datetime, visit: SessionTimes) -> datetime:
    """From here on the step is dropped with a note; preparation never outlives the session's start."""
    late = due + timedelta(hours=step.expires_after_hours)
    return min(late, visit.starts_at) if step.anchor == Anchor.SESSION_START else late


def _counts_from(step: StepTiming, visit: SessionTimes) -> datetime:
    if step.anchor == Anchor.SESSION_START:
        return visit.starts_at
    return visit.ends_at if step.anchor in AFTER_THE_SESSION else visit.planned_at


def _wanted_at(step: StepTiming, visit: SessionTimes) -> datetime:
    anchor, offset = _counts_from(step, visit), timedelta(minutes=step.offset_minutes)
    if step.at_local_time is None:
        return anchor + offset
    return at_local(local_date(anchor, visit.zone) + offset, step.at_local_time, visit.zone)


def _latest_at(step: StepTiming, wanted: datetime, visit: SessionTimes) -> datetime:
    if step.anchor in AFTER_THE_SESSION:
        return wanted + timedelta(hours=step.expires_after_hours)
    return visit.starts_at - NOTICE


def _earlier(step: StepTiming, latest: datetime, visit: SessionTimes) -> datetime | None:
    over = visit.ends_at if step.anchor in AFTER_THE_SESSION else visit.planned_at
    sooner = before_quiet(latest, visit.zone, visit.quiet_from, visit.quiet_to)
    moment = max(sooner, over, visit.planned_at)
    return None if moment > latest or visit.is_quiet(moment) else moment


def fill(text: str, visit: SessionTimes, *, clinic: str, emergency: str) -> str:
    """`text` with its blanks filled: {clinic}, {emergency}, {session}, {after_N_hours}, {after_N_days}.

    Hours and days count from the session's end. A blank that is none of these stays as it is written.
    """
    known = {
        "clinic": clinic,
        "emergency": emergency,
        "session": long_moment_label(visit.starts_at, visit.zone),
    }
    return re.sub(r"\{(\w+)\}", lambda blank: known.get(blank[1]) or _after(blank, visit), text)


def _after(blank: re.Match[str], visit: SessionTimes) -> str:
    span = re.fullmatch(r"after_(\d{1,3})_(hours|days)", blank[1])
    if not span:
        return blank[0]
    if span[2] == "hours":
        return long_moment_label(visit.ends_at + timedelta(hours=int(span[1])), visit.zone)
    return long_day_label(local_date(visit.ends_at, visit.zone) + timedelta(days=int(span[1])))


def load_steps(path: Path = SHIPPED_STEPS) -> tuple[ShippedStep, ...]:
    """The shipped steps; the `red_flags` stand at the end of `call` in every step after a session."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(_step(entry, data["red_flags"]) for entry in data["steps"])


def _step(entry: dict[str, Any], red_flags: list[str]) -> ShippedStep:
    anchor = Anchor(entry["anchor"])
    at = entry.get("at_local_time")
    call = entry.get("call", []) + (red_flags if anchor in AFTER_THE_SESSION else [])
    return ShippedStep(
        code=entry["code"],
        anchor=anchor,
        offset_minutes=timedelta(**entry["offset"]) // timedelta(minutes=1),
        at_local_time=time.fromisoformat(at) if at else None,
        expires_after_hours=entry["expires_after_hours"],
        only_dark_skin=entry.get("only_dark_skin", False),
        subject=entry["subject"],
        title=entry["title"],
        normal=entry["normal"],
        do="\n".join(entry.get("do", [])),
        wait="\n".join(entry.get("wait", [])),
        call="\n".join(call),
        source=entry["source"],
        certainty=Certainty(entry["certainty"]),
    )
