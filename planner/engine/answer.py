"""What the planner answers, as plain values, and their form as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from planner.engine.problem import DEVICE, KINDS, PRACTITIONER, ROOM


@dataclass(frozen=True, slots=True)
class Placement:
    """One planned session. Minutes are local wall-clock minutes since midnight; an unneeded kind is absent."""

    index: int
    date: date
    start_minute: int
    end_minute: int
    resources: Mapping[str, str]

    @property
    def practitioner(self) -> str | None:
        return self.resources.get(PRACTITIONER)

    @property
    def room(self) -> str | None:
        return self.resources.get(ROOM)

    @property
    def device(self) -> str | None:
        return self.resources.get(DEVICE)


@dataclass(frozen=True, slots=True)
class Breakdown:
    gap: int = 0
    start: int = 0
    change: int = 0
    prefer: int = 0
    time: int = 0
    move: int = 0

    @property
    def total(self) -> int:
        return self.gap + self.start + self.change + self.prefer + self.time + self.move


@dataclass(frozen=True, slots=True)
class Proposal:
    cost: int
    breakdown: Breakdown
    sessions: tuple[Placement, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why `session` (1-based) cannot be placed."""

    code: str
    session: int
    message: str


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A change to the request (JSON path -> new value, None removes it) that alone makes it feasible at `cost`."""

    set: Mapping[str, Any]
    cost: int
    message: str


@dataclass(frozen=True, slots=True)
class Result:
    """`status` is "planned" (with proposals, best first) or "infeasible" (with reasons and relaxations)."""

    request: str
    status: str
    optimal: bool = False
    proposals: tuple[Proposal, ...] = ()
    reasons: tuple[Reason, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()


@dataclass(frozen=True, slots=True)
class Total:
    """Joint mode: the cost of all planned requests together and a proved lower bound on it."""

    cost: int
    bound: int
    optimal: bool


@dataclass(frozen=True, slots=True)
class Timing:
    load_ms: float
    solve_ms: float
    repeat: int


@dataclass(frozen=True, slots=True)
class Answer:
    results: tuple[Result, ...]
    total: Total | None = None
    timing: Timing | None = None

    def to_json(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"version": 1, "results": [_result(result) for result in self.results]}
        if self.total:
            answer["total"] = asdict(self.total)
        if self.timing:
            answer["timing"] = asdict(self.timing)
        return answer


def _result(result: Result) -> dict[str, Any]:
    head = {"request": result.request, "status": result.status}
    if result.status == "planned":
        return {**head, "optimal": result.optimal, "proposals": [_proposal(p) for p in result.proposals]}
    return {
        **head,
        "reasons": [asdict(reason) for reason in result.reasons],
        "relaxations": [
            {"set": dict(change.set), "cost": change.cost, "message": change.message}
            for change in result.relaxations
        ],
    }


def _proposal(proposal: Proposal) -> dict[str, Any]:
    return {
        "cost": proposal.cost,
        "breakdown": asdict(proposal.breakdown),
        "sessions": [_placement(placement) for placement in proposal.sessions],
    }


def _placement(placement: Placement) -> dict[str, Any]:
    return {
        "index": placement.index,
        "date": placement.date.isoformat(),
        "start": clock(placement.start_minute),
        "end": clock(placement.end_minute),
        "resources": {kind: placement.resources[kind] for kind in KINDS if kind in placement.resources},
    }


def clock(minute: int) -> str:
    """Minutes since midnight as HH:MM; the end of the day is 24:00."""
    return f"{minute // 60:02}:{minute % 60:02}"
