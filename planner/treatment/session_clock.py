"""A session in time: its phases by the clock, and where its patient is now. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from clinic.models import ResourceKind
from planner.choices import SessionState

WAITING, READY, OVER = "waiting", "ready", "over"
ZERO = timedelta()


class TimedPhase(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def minutes(self) -> int: ...
    @property
    def needs(self) -> Sequence[str]: ...


class Stay(Protocol):
    """What a session tells of its patient's stay; instants in UTC."""

    @property
    def state(self) -> str: ...
    @property
    def arrived_at(self) -> datetime | None: ...
    @property
    def treatment_began_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Span:
    """One phase by the clock; `is_attended` while the practitioner is needed."""

    kind: str
    starts_at: datetime
    ends_at: datetime
    is_attended: bool

    def later(self, by: timedelta) -> "Span":
        return replace(self, starts_at=self.starts_at + by, ends_at=self.ends_at + by)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What happens to a patient now: a phase's kind, or waiting before it, ready for the next, over time."""

    kind: str
    since: datetime
    until: datetime
    now: datetime

    @property
    def minutes(self) -> int:
        return max((self.until - self.since) // timedelta(minutes=1), 1)

    @property
    def minutes_gone(self) -> int:
        return min(max((self.now - self.since) // timedelta(minutes=1), 0), self.minutes)

    @property
    def minutes_left(self) -> int:
        """Begun minutes; 0 once `until` is past."""
        return max(-((self.now - self.until) // timedelta(minutes=1)), 0)


def spans(starts_at: datetime, phases: Iterable[TimedPhase]) -> tuple[Span, ...]:
    """The phases, in order, back to back from `starts_at`."""
    laid = []
    for phase in phases:
        ends_at = starts_at + timedelta(minutes=phase.minutes)
        laid.append(Span(phase.kind, starts_at, ends_at, ResourceKind.PRACTITIONER in phase.needs))
        starts_at = ends_at
    return tuple(laid)


def treatment_of(planned: Sequence[Span]) -> Span:
    """The first phase with the practitioner; of a session that needs none, the first."""
    return next((span for span in planned if span.is_attended), planned[0])


def step_now(session: Stay, planned: Sequence[Span], now: datetime) -> Whereabouts:
    """Where the patient of a session that is here stands.

    Numbing begins with the planned start or, for a late patient, on arrival; the treatment when it was begun.
    """
    if session.state == SessionState.IN_TREATMENT and session.treatment_began_at:
        began = session.treatment_began_at
        shifted = _shifted(planned, began - treatment_of(planned).starts_at)
        return _within([span for span in shifted if span.starts_at >= began], now, OVER)
    begins = planned[0].starts_at
    arrived = session.arrived_at or begins
    if now < begins:
        return Whereabouts(WAITING, min(arrived, now), begins, now)
    shifted = _shifted(planned, max(arrived - begins, ZERO))
    before = [span for span in shifted if span.ends_at <= treatment_of(shifted).starts_at]
    if not before:
        return Whereabouts(READY, arrived, now, now)
    return _within(before, now, READY)


def _shifted(planned: Sequence[Span], by: timedelta) -> list[Span]:
    return [span.later(by) for span in planned]


def _within(candidates: Sequence[Span], now: datetime, after: str) -> Whereabouts:
    for span in candidates:
        if now < span.ends_at:
            return Whereabouts(span.kind, span.starts_at, span.ends_at, now)
    return Whereabouts(after, candidates[-1].ends_at, now, now)
