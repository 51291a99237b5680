"""Random days at the desk, against a model small enough to be believed."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from planner.choices import SessionState
from planner.models import Reservation, Session, SessionEvent
from planner.schedule.refusals import BookingRefusal
from planner.schedule.session_place import SessionPlace
from tests.makers import make_room
from tests.planner.desk import Desk, open_desk

HOLDS = {"booked", "confirmed", "arrived", "done"}
MOVES = {"planned", "booked", "confirmed", "no_show"}
NEXT = {
    "booked": {"confirmed", "arrived", "no_show", "cancelled"},
    "confirmed": {"arrived", "no_show", "cancelled"},
    "arrived": {"cancelled"},
    "no_show": {"cancelled"},
    "planned": {"cancelled"},
    "done": set(),
    "cancelled": set(),
}
CLOSED_DAYS = {date(2027, 3, 26), date(2027, 3, 29), date(2027, 5, 3), date(2027, 5, 31)}
MONDAY = date(2027, 1, 11)
# When each kind is used, in minutes from the start, its turnaround included; and until when it has to be open.
USE = {"practitioner": (45, 90), "room": (0, 120), "device": (45, 105)}


@dataclass
class Plan:
    """One session as the model sees it, in local time; `before` are the states that can be gone back to."""

    number: int
    state: str = "planned"
    at: datetime | None = None
    room: int = 0
    before: list[str] = field(default_factory=list)

    def become(self, state: str) -> None:
        self.before.append(self.state)
        self.state = state

    def uses(self) -> list[tuple[object, datetime, datetime]]:
        owners = {"practitioner": "practitioner", "room": self.room, "device": "device"}
        return [
            (owners[kind], self.at + timedelta(minutes=a), self.at + timedelta(minutes=b))
            for kind, (a, b) in USE.items()
        ]


@dataclass
class Model:
    now: datetime = datetime(2027, 1, 11, 9)
    series: list[list[Plan]] = field(
        default_factory=lambda: [[Plan(number) for number in (1, 2, 3)] for _ in range(3)]
    )

    def allows(self, series: int, wishes: dict[int, tuple[datetime, int]]) -> bool:
        placed = [Plan(number, "booked", at, room) for number, (at, room) in wishes.items()]
        return (
            all(each.at >= self.now and self.is_open(each.at) for each in placed)
            and not any(self.clashes(each, series, wishes) for each in placed)
            and self.in_step(series, placed)
        )

    def is_open(self, at: datetime) -> bool:
        works = time(8, 15) <= at.time() <= time(15, 30)
        return works and at.weekday() < 5 and at.date() not in CLOSED_DAYS

    def clashes(self, wish: Plan, series: int, wishes: dict[int, tuple[datetime, int]]) -> bool:
        others = [
            use
            for index, plans in enumerate(self.series)
            for plan in plans
            if plan.state in HOLDS and not (index == series and plan.number in wishes)
            for use in plan.uses()
        ]
        return any(
            mine == theirs and a < d and c < b for mine, a, b in wish.uses() for theirs, c, d in others
        )

    def in_step(self, series: int, placed: list[Plan]) -> bool:
        plans = self.series[series]
        numbers = {plan.number for plan in placed}
        stay = [plan for plan in plans if plan.state in HOLDS and plan.number not in numbers]
        line = sorted([*stay, *placed], key=lambda plan: plan.number)
        return all(
            self.gap_is_right(one, other, plans)
            for one, other in pairwise(line)
            if {one.number, other.number} & numbers
        )

    def gap_is_right(self, one: Plan, other: Plan, plans: list[Plan]) -> bool:
        days = (other.at.date() - one.at.date()).days
        open_between = [
            plan
            for plan in plans
            if one.number < plan.number < other.number and plan.state in {"planned", "no_show"}
        ]
        longest = 56 * (1 + len(open_between))
        is_lost = one.at.date() + timedelta(longest) < self.now.date()
        return days >= 28 and (days <= longest or is_lost) and not (one.state == "done" and days > 84)

    def may_become(self, plan: Plan, state: str, series: int) -> bool:
        if state not in NEXT[plan.state] or ((state == "cancelled") is False and plan.at is None):
            return False
        if state == "arrived":
            return plan.at.date() <= self.now.date()
        return state != "no_show" or plan.at <= self.now

    def may_go_back(self, plan: Plan, series: int) -> bool:
        if plan.state not in {"confirmed", "arrived", "no_show", "cancelled"}:
            return False
        needs_its_time = plan.state in {"no_show", "cancelled"} and plan.before[-1] in HOLDS
        return not needs_its_time or self.can_be_as_it_was(plan, series)

    def can_be_as_it_was(self, plan: Plan, series: int) -> bool:
        wishes = {plan.number: (plan.at, plan.room)}
        placed = [Plan(plan.number, "booked", plan.at, plan.room)]
        return not self.clashes(placed[0], series, wishes) and self.in_step(series, placed)

    def is_under_way(self, series: int) -> bool:
        plans = self.series[series]
        return any(plan.at for plan in plans) and any(
            plan.state not in {"done", "cancelled"} for plan in plans
        )


SERIES = st.integers(0, 2)
NUMBERS = st.integers(1, 3)
ROOMS = st.integers(0, 1)
GOOD_TIMES = [time(8, 15), time(10), time(11), time(11, 15), time(13), time(15, 30)]
TIMES = st.sampled_from([*GOOD_TIMES, *GOOD_TIMES, time(8), time(16)])
GAPS = st.sampled_from([27, 28, 29, 35, 35, 35, 56, 57])
SHIFTS = st.sampled_from([-8, -7, -1, 0, 0, 1, 2, 6, 7, 7, 14, 28])


class DaysAtTheDesk(RuleBasedStateMachine):
    desk: Desk
    rooms: list[int]

    def __init__(self) -> None:
        super().__init__()
        self.rollback = transaction.atomic()
        self.rollback.__enter__()
        self.model = Model()
        self.series = [self.desk.series(sessions_planned=3) for _ in range(3)]

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.rollback.__exit__(None, None, None)

    def row(self, series: int, number: int) -> Session:
        return self.series[series].sessions.get(number=number)

    @property
    def now(self) -> datetime:
        return self.desk.at(self.model.now)

    def visits(self, wishes: dict[int, tuple[datetime, int]]) -> list[SessionPlace]:
        return [
            self.desk.visit(number, at, room_id=self.rooms[room]) for number, (at, room) in wishes.items()
        ]

    def expect(self, allowed: bool, act: Any) -> None:
        if allowed:
            act()
        else:
            with pytest.raises(BookingRefusal):
                act()

    def settle(self, series: int, wishes: dict[int, tuple[datetime, int]]) -> None:
        for plan in self.model.series[series]:
            if plan.number in wishes and (
                plan.state not in HOLDS or (plan.at, plan.room) != wishes[plan.number]
            ):
                plan.state, (plan.at, plan.room), plan.before = "booked", wishes[plan.number], []

    @initialize(times=st.lists(st.sampled_from(GOOD_TIMES), min_size=2, max_size=2, unique=True))
    def two_series_are_booked(self, times: Any) -> None:
        for series, at in enumerate(times):
            self.book(series, 1 + series, [at] * 3, 35, series)

    @rule(
        series=SERIES,
        day=st.integers(0, 20),
        times=st.lists(TIMES, min_size=3, max_size=3),
        gap=GAPS,
        room=ROOMS,
    )
    def book(self, series: int, day: Any, times: Any, gap: Any, room: Any) -> None:
        plans = self.model.series[series]
        wanted = [plan.number for plan in plans if plan.state == "planned"]
        first = self.model.now.date() + timedelta(day)
        wishes = {
            number: (datetime.combine(first + timedelta(gap * step), at), room)
            for step, (number, at) in enumerate(zip(wanted, times, strict=False))
        }
        is_open = any(plan.state not in {"done", "cancelled"} for plan in plans)
        allowed = is_open and bool(wanted) and self.model.allows(series, wishes)
        self.expect(allowed, lambda: self.desk.book(self.series[series], self.visits(wishes), now=self.now))
        if allowed:
            self.settle(series, wishes)

    @rule(
        series=SERIES,
        number=NUMBERS,
        days=SHIFTS,
        at=TIMES,
        room=ROOMS,
        with_later=st.booleans(),
    )
    def move(self, series: int, number: Any, days: Any, at: Any, room: Any, with_later: Any) -> None:
        plans = self.model.series[series]
        base = plans[number - 1].at or self.model.now
        wishes = {number: (datetime.combine(base.date() + timedelta(days), at), room)}
        for later in plans[number:] if with_later else []:
            if later.state in MOVES and later.at:
                wishes[later.number] = (later.at + timedelta(days), later.room)
        changed = {
            each: wish
            for each, wish in wishes.items()
            if plans[each - 1].state not in HOLDS or (plans[each - 1].at, plans[each - 1].room) != wish
        }
        allowed = self.model.is_under_way(series) and (
            not changed
            or (
                all(plans[each - 1].state in MOVES for each in changed) and self.model.allows(series, changed)
            )
        )
        session = self.row(series, number)
        self.expect(allowed, lambda: self.desk.move(session, *self.visits(wishes), now=self.now))
        if allowed:
            self.settle(series, changed)

    @rule(series=SERIES, number=NUMBERS, sure=st.sampled_from([True, False, False]))
    def cancel(self, series: int, number: Any, sure: Any) -> None:
        if not sure:
            return
        plan, session = self.model.series[series][number - 1], self.row(series, number)
        allowed = self.model.may_become(plan, "cancelled", series)
        self.expect(allowed, lambda: self.desk.cancel(session, now=self.now))
        if allowed:
            plan.become("cancelled")

    @rule(series=SERIES, number=NUMBERS)
    def take_back(self, series: int, number: Any) -> None:
        plan, session = self.model.series[series][number - 1], self.row(series, number)
        allowed = self.model.may_go_back(plan, series)
        self.expect(allowed, lambda: self.desk.take_back(session, now=self.now))
        if allowed:
            plan.state = plan.before.pop()

    @rule(series=SERIES, number=NUMBERS, state=st.sampled_from(["confirmed", "arrived", "no_show"]))
    def mark(self, series: int, number: Any, state: Any) -> None:
        plan, session = self.model.series[series][number - 1], self.row(series, number)
        allowed = self.model.may_become(plan, state, series)
        self.expect(allowed, lambda: self.desk.mark(session, SessionState(state), now=self.now))
        if allowed:
            plan.become(state)

    @rule(series=SERIES, number=NUMBERS, outcome=st.sampled_from(["arrived", "done", "no_show", "no_show"]))
    def come_to_the_day(self, series: int, number: Any, outcome: Any) -> None:
        plan = self.model.series[series][number - 1]
        if plan.at is None or plan.at < self.model.now:
            return
        self.model.now = plan.at
        self.mark(series, number, "arrived" if outcome == "done" else outcome)
        if outcome == "done" and plan.state == "arrived":
            self.series[series].sessions.filter(number=number).update(state="done")
            plan.state = "done"

    @rule(days=st.integers(1, 20))
    def wait(self, days: Any) -> None:
        self.model.now += timedelta(days)

    @invariant()
    def rows_say_what_the_model_says(self) -> None:
        for series, plans in zip(self.series, self.model.series, strict=True):
            rows = series.sessions.order_by("number")
            assert [(row.number, row.state, row.starts_at) for row in rows] == [
                (plan.number, plan.state, plan.at and self.desk.at(plan.at)) for plan in plans
            ]

    @invariant()
    def exactly_what_takes_place_is_held(self) -> None:
        held = Reservation.objects.filter(is_active=True).values_list(
            "session__series", "session__number", "resource"
        )
        assert sorted(held) == sorted(
            (series.pk, plan.number, resource)
            for series, plans in zip(self.series, self.model.series, strict=True)
            for plan in plans
            if plan.state in HOLDS
            for resource in (self.desk.practitioner.pk, self.desk.device.pk, self.rooms[plan.room])
        )

    @invariant()
    def every_change_of_time_is_in_the_history(self) -> None:
        for series in self.series:
            for row in series.sessions.all():
                last = row.events.filter(kind__in=["booked", "moved"]).last()
                assert (last and last.now_at) == row.starts_at


@pytest.mark.django_db
def test_many_days_at_the_desk_agree_with_the_model() -> None:
    desk = open_desk()
    DaysAtTheDesk.desk = desk
    DaysAtTheDesk.rooms = [desk.room.pk, make_room(desk.location).pk]
    run_state_machine_as_test(
        DaysAtTheDesk,
        settings=settings(
            max_examples=15,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert SessionEvent.objects.count() == 0
