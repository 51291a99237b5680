"""What the planner is asked, as plain values: the clinic's resources and the series to plan.

All times are local wall-clock times of the problem's zone. Times of day are minutes since midnight;
a week is seven tuples of half-open minute intervals, Monday first. `reading.parse` makes these from JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

PRACTITIONER, ROOM, DEVICE = "practitioner", "room", "device"
KINDS = (PRACTITIONER, ROOM, DEVICE)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_PER_DAY = 24 * 60
MAX_HORIZON_DAYS = 1830

Week = tuple[tuple[tuple[int, int], ...], ...]
Moments = tuple[tuple[datetime, datetime], ...]
CLOSED: Week = ((),) * 7


class ProblemError(ValueError):
    """The problem was not understood: where (a JSON path) and why."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path
        self.message = message


@dataclass(frozen=True, slots=True)
class Need:
    kind: str
    skills: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Phase:
    name: str
    minutes: int
    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Days between the dates of consecutive sessions."""

    min: int
    target: int
    max: int


@dataclass(frozen=True, slots=True)
class ProblemResource:
    """`busy` is what is taken already, its own turnaround included; it need not be on the grid."""

    id: str
    kind: str
    skills: frozenset[str] = frozenset()
    open: Week = CLOSED
    extra_open: Moments = ()
    busy: Moments = ()
    turnaround_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Pin:
    """Session `index` (1-based) must be here. `start` in minutes since midnight; None leaves it open."""

    index: int
    date: date
    start: int | None = None
    practitioner: str | None = None


@dataclass(frozen=True, slots=True)
class Current:
    """Where session `index` is booked now, and whether the patient counts on it. An absent practitioner matches any."""

    index: int
    date: date
    start: int
    practitioner: str | None = None
    promised: bool = True


@dataclass(frozen=True, slots=True)
class Previous:
    date: date
    practitioner: str | None = None


@dataclass(frozen=True, slots=True)
class Prefer:
    practitioner: str | None = None
    time: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Weights:
    gap: int = 10
    start: int = 2
    change: int = 60
    prefer: int = 40
    time: int = 1
    move: int = 200
    move_planned: int = 50

    def leaving(self, booking: Current) -> int:
        """What it costs not to be where one is booked."""
        return self.move if booking.promised else self.move_planned


@dataclass(frozen=True, slots=True)
class PatientTime:
    """When the patient can come: `open` None is any time."""

    open: Week | None = None
    busy: Moments = ()


@dataclass(frozen=True, slots=True)
class Request:
    id: str
    sessions: int
    gap: Gap
    earliest: date
    latest: date
    phases: tuple[Phase, ...]
    patient: PatientTime = PatientTime()
    previous: Previous | None = None
    pins: tuple[Pin, ...] = ()
    current: tuple[Current, ...] = ()
    prefer: Prefer = Prefer()
    weights: Weights = Weights()

    @property
    def minutes(self) -> int:
        return sum(phase.minutes for phase in self.phases)


@dataclass(frozen=True, slots=True)
class Problem:
    """`usual_minutes`: of the kinds that are short, the length of the visit that usually takes them; for ties alone."""

    timezone: str
    grid_minutes: int
    resources: tuple[ProblemResource, ...]
    requests: tuple[Request, ...]
    mode: str = "independent"
    alternatives: int = 3
    usual_minutes: Mapping[str, int] = field(default_factory=dict)
