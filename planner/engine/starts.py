"""Where each session may start, and its cheapest start for every practitioner and day.

What a start costs on its own (preferences, a move, and for the first session its distance to `earliest` or to
the previous session) is settled here; the search in `series` only adds what lies between two sessions.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, reduce
from operator import or_

import numpy as np
from numpy.typing import NDArray

from planner.engine.cost import stays, time_steps
from planner.engine.grid import Bits, FreeTime, Horizon, erode, patient_bits, set_bits
from planner.engine.problem import (
    DEVICE,
    MAX_HORIZON_DAYS,
    PRACTITIONER,
    ROOM,
    Current,
    Gap,
    PatientTime,
    Request,
)

Costs = NDArray[np.signedinteger]
Steps = NDArray[np.integer]
Days = NDArray[np.bool_]  # one per day from the request's earliest date


@dataclass(frozen=True, slots=True)
class Use:
    """What one resource of a kind does in a session: `steps` from `first`, idle phases in between included."""

    skills: frozenset[str]
    first: int
    steps: int


def uses(request: Request, grid_minutes: int) -> dict[str, Use]:
    found: dict[str, Use] = {}
    at = 0
    for phase in request.phases:
        end = at + phase.minutes // grid_minutes
        for need in phase.needs:
            before = found.get(need.kind, Use(frozenset(), at, 0))
            found[need.kind] = Use(before.skills | need.skills, before.first, end - before.first)
        at = end
    return found


class Starts:
    """The free starts of one request within its own dates, as bits per practitioner (by id)."""

    def __init__(self, free: FreeTime, request: Request) -> None:
        self.request = request
        self.free = free
        self.uses = uses(request, free.horizon.grid_minutes)
        self.horizon = replace(
            free.horizon, first=request.earliest, days=(request.latest - request.earliest).days + 1
        )
        self.offset = free.horizon.day(request.earliest) * free.horizon.steps_per_day
        self.steps = request.minutes // free.horizon.grid_minutes
        self.session_bits = self._session_bits()
        self.practitioners, self.bits = self._practitioner_bits()

    def _session_bits(self) -> Bits:
        """Starts at which the patient, some room and some device are free."""
        bits = self.free.session_starts(self.steps) >> self.offset
        if self.request.patient != PatientTime():
            bits &= erode(patient_bits(self.request.patient, self.horizon), self.steps)
        for kind in (ROOM, DEVICE):
            if kind in self.uses:
                use = self.uses[kind]
                bits &= self.free.any_start(kind, use.skills, use.steps) >> (self.offset + use.first)
        return bits & ((1 << self.horizon.steps) - 1)

    def _practitioner_bits(self) -> tuple[tuple[str | None, ...], list[Bits]]:
        if PRACTITIONER not in self.uses:
            return (None,), [self.session_bits]
        use = self.uses[PRACTITIONER]
        starts = self.free.starts(PRACTITIONER, use.skills, use.steps)
        shift = self.offset + use.first
        found = [(name, self.session_bits & (bits >> shift)) for name, bits in starts]
        found = [(name, bits) for name, bits in found if bits]
        return tuple(name for name, _ in found), [bits for _, bits in found]

    def days(self) -> Days:
        """The days on which anybody has a start."""
        size = self.horizon.steps_per_day // 8
        raw = reduce(or_, self.bits, 0).to_bytes(self.horizon.days * size, "little")
        days = np.frombuffer(raw, dtype=np.uint8).reshape(self.horizon.days, size)
        return np.asarray(days.any(axis=1), dtype=np.bool_)

    def day_bits(self, practitioner: int, day: int) -> Bits:
        size = self.horizon.steps_per_day
        return (self.bits[practitioner] >> (day * size)) & ((1 << size) - 1)


def a_gap_after(days: Days, gap: Gap) -> Days:
    """The days that lie a right gap after any of these."""
    before = np.concatenate(([0], days.cumsum()))
    since = np.arange(len(days)) - gap.max
    until = np.arange(len(days)) - gap.min + 1
    return np.asarray(before[until.clip(0)] > before[since.clip(0)])


def a_gap_before(days: Days, gap: Gap) -> Days:
    """The days after which any of these follows at a right gap."""
    return a_gap_after(days[::-1], gap)[::-1]


Allowed = Mapping[
    tuple[int, int, int], Bits
]  # (session, practitioner, day) -> the starts still allowed there


class Cells:
    """Cheapest start and its cost for each session, practitioner and day: arrays [session, practitioner, day].

    A cost of `none` or more says that there is no start.
    """

    def __init__(self, starts: Starts) -> None:
        self.starts = starts
        self.request = starts.request
        self.booked = {booking.index - 1: booking for booking in self.request.current}
        self.dtype, self.none = _number_type(self.request)
        shape = (self.request.sessions, len(starts.practitioners), starts.horizon.days)
        cost, step = self._any_session()
        self.step: Steps = np.broadcast_to(step, shape)
        self.cost: Costs = np.broadcast_to(cost, shape)
        self.allowed: dict[tuple[int, int, int], Bits] = {}
        if self.request.pins or self.request.current:
            self.step, self.cost = self.step.copy(), self.cost.copy()
            self._add_moves()
            self._keep_pins()
        self.cost = self._with_first_terms()

    def _any_session(self) -> tuple[Costs, Steps]:
        """Cheapest starts by preference alone, the earliest among equals."""
        ranking = _ranking(self.starts.horizon.grid_minutes, self._windows)
        rank = ranking.best(self.starts.bits, self.starts.horizon)
        by_rank = np.append(ranking.quarters * self.request.weights.time, self.none).astype(self.dtype)
        cost = by_rank.take(rank) + self._preference[:, None]
        return np.minimum(cost, self.none), ranking.order.take(rank)

    @cached_property
    def _windows(self) -> tuple[tuple[int, int], ...]:
        return self.request.prefer.time if self.request.weights.time else ()

    @cached_property
    def _preference(self) -> Costs:
        wanted = self.request.prefer.practitioner
        missed = [wanted not in (None, name) for name in self.starts.practitioners]
        return np.array(missed, dtype=self.dtype) * self.request.weights.prefer

    def _add_moves(self) -> None:
        for session, booking in self.booked.items():
            if session < self.request.sessions:
                self.cost[session] += self.request.weights.leaving(booking)
                day = self.starts.horizon.day(booking.date)
                if 0 <= day < self.starts.horizon.days:
                    self._set_cells(session, day)

    def _keep_pins(self) -> None:
        for pin in self.request.pins:
            session, day = pin.index - 1, self.starts.horizon.day(pin.date)
            elsewhere = np.arange(self.starts.horizon.days) != day
            self.cost[session][:, elsewhere] = self.none
            for who, name in enumerate(self.starts.practitioners):
                if pin.practitioner not in (None, name):
                    self.cost[session, who] = self.none
                elif pin.start is not None:
                    self.allowed[session, who, day] = 1 << (pin.start // self.starts.horizon.grid_minutes)
                    self.cost[session, who, day], self.step[session, who, day] = self.cell(
                        session, who, day, self.allowed
                    )

    def _set_cells(self, session: int, day: int) -> None:
        for who in range(len(self.starts.practitioners)):
            self.cost[session, who, day], self.step[session, who, day] = self.cell(session, who, day, {})

    def cell(self, session: int, who: int, day: int, allowed: Allowed) -> tuple[int, int]:
        """Cheapest (cost, step) of one cell among the starts still allowed, looked at one by one."""
        return min(self._choices(session, who, day, allowed), default=(self.none, 0))

    def cheapest(self, session: int, who: int, day: int, allowed: Allowed) -> Bits:
        """All the starts of one cell that cost as little as its cheapest; there is one."""
        if not self._windows and session not in self.booked:
            return self._bits(session, who, day, allowed)
        choices = list(self._choices(session, who, day, allowed))
        least = min(choices)[0]
        return sum(1 << step for cost, step in choices if cost == least)

    def _choices(self, session: int, who: int, day: int, allowed: Allowed) -> Iterator[tuple[int, int]]:
        steps = set_bits(self._bits(session, who, day, allowed))
        return ((self._cost_of(session, who, day, step), step) for step in steps)

    def _bits(self, session: int, who: int, day: int, allowed: Allowed) -> Bits:
        return self.starts.day_bits(who, day) & allowed.get((session, who, day), -1)

    def _cost_of(self, session: int, who: int, day: int, step: int) -> int:
        minute = step * self.starts.horizon.grid_minutes
        booking = self.booked.get(session)
        cost = int(self._preference[who])
        cost += self.request.weights.time * time_steps(self._windows, minute)
        if booking and not self._stays(booking, who, day, minute):
            cost += self.request.weights.leaving(booking)
        return cost

    def _stays(self, booking: Current, who: int, day: int, minute: int) -> bool:
        return stays(booking, self.starts.horizon.date_of(day), minute, self.starts.practitioners[who])

    def _with_first_terms(self) -> Costs:
        """Adds what only the first session pays: its wait, or its gap and change after the previous one."""
        cost = self.cost.copy()
        request, days = self.request, np.arange(self.starts.horizon.days)
        if request.previous is None:
            cost[0] += (request.weights.start * days).astype(self.dtype)
            return np.minimum(cost, self.none)
        gaps = days + (request.earliest - request.previous.date).days
        far = (gaps < request.gap.min) | (gaps > request.gap.max)
        terms = np.where(far, self.none, request.weights.gap * np.abs(gaps - request.gap.target))
        cost[0] += np.minimum(terms, self.none).astype(self.dtype)
        if request.previous.practitioner is not None:
            changed = [name != request.previous.practitioner for name in self.starts.practitioners]
            cost[0] += (request.weights.change * np.array(changed, dtype=self.dtype))[:, None]
        return np.minimum(cost, self.none)


def _number_type(request: Request) -> tuple[type[np.signedinteger], int]:
    """32-bit integers where the dearest plan fits them with room to spare, 64-bit ones otherwise."""
    weights = request.weights
    days = max(MAX_HORIZON_DAYS, abs(request.gap.max), request.gap.target) + 1
    session = weights.gap * days + weights.change + weights.prefer + 96 * weights.time
    session += max(weights.move, weights.move_planned)
    dearest = request.sessions * session + weights.start * days
    return (np.int32, 1 << 28) if dearest < 1 << 28 else (np.int64, 1 << 58)


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The steps of a day from the most to the least preferred, and a table to find the best of a byte of starts.

    `order[rank]` is the step, `quarters[rank]` its distance to the preferred windows;
    `table[byte, bits]` is the best rank among the starts set in that byte of the day.
    """

    order: Steps
    quarters: Steps
    table: Steps

    def best(self, starts: list[Bits], horizon: Horizon) -> Steps:
        """Best rank per practitioner and day; one past the last rank where nothing is free."""
        bytes_per_day = horizon.steps_per_day // 8
        raw = b"".join(bits.to_bytes(horizon.steps // 8, "little") for bits in starts)
        by_byte = np.frombuffer(raw, dtype=np.uint8).reshape(-1, bytes_per_day).T
        some = reduce(or_, starts, 0).to_bytes(horizon.steps // 8, "little")
        used = np.flatnonzero(np.frombuffer(some, dtype=np.uint8).reshape(-1, bytes_per_day).any(axis=0))
        places = by_byte[used] + (256 * used[:, None]).astype(np.uint16)
        best = self.table.take(places).min(axis=0, initial=horizon.steps_per_day)
        return np.asarray(best.reshape(len(starts), horizon.days))


@lru_cache(maxsize=256)
def _ranking(grid_minutes: int, windows: tuple[tuple[int, int], ...]) -> Ranking:
    steps = 24 * 60 // grid_minutes
    quarters = np.array([time_steps(windows, step * grid_minutes) for step in range(steps)])
    order = np.argsort(quarters, kind="stable")
    rank = np.empty(steps, dtype=np.uint16)
    rank[order] = np.arange(steps)
    table = np.full((steps // 8, 256), steps, dtype=np.uint16)
    for bit, ranks in enumerate(rank.reshape(-1, 8).T):
        table[:, 1 << bit : 2 << bit] = np.minimum(table[:, : 1 << bit], ranks[:, None])
    return Ranking(np.append(order, 0), quarters[order], table)
