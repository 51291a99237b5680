"""Whole plans side by side: each with its line, all on one time axis, and its sessions with the days between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from clinic.localtime import local_date
from clinic.models import Resource
from planner.choices import NEEDLED
from planner.models import Series
from planner.pages.series_line import Rail, Stop, draw
from planner.schedule.proposals import ProposedPlan
from planner.schedule.session_place import SessionPlace, token_of


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One session of a plan. `gap` are the days to the next, `off` how far that is from the best gap."""

    visit: SessionPlace
    practitioner: str
    gap: int | None
    off: int | None
    token: str


@dataclass(frozen=True, slots=True)
class RoomToSlip:
    """How many days the tightest session of a plan can slip, and its last safe date."""

    days: int | None
    last_safe_date: date | None


@dataclass(frozen=True, slots=True)
class PlanCard:
    """One plan: the day it ends, how many days it takes, its line, its sessions."""

    plan: ProposedPlan
    ends: date
    days: int
    rail: Rail
    slack: RoomToSlip
    rows: tuple[PlanRow, ...]


def plan_cards(series: Series, plans: tuple[ProposedPlan, ...], *, today: date) -> list[PlanCard]:
    if not plans:
        return []
    zone = series.location.zone
    names = dict(
        Resource.objects.filter(location=series.location, kind="practitioner").values_list("pk", "name")
    )
    done = [
        Stop(each.number, local_date(each.starts_at, zone), "done")
        for each in series.sessions.filter(state__in=NEEDLED)
        if each.starts_at
    ]
    ends = [local_date(plan.visits[-1].starts_at, zone) for plan in plans]
    first = min([today, *(stop.day for stop in done)]) - timedelta(days=8)
    last = max(ends) + timedelta(days=10)
    cards = []
    for plan, end in zip(plans, ends, strict=True):
        days = [local_date(visit.starts_at, zone) for visit in plan.visits]
        stops = done + [Stop(visit.number, day) for visit, day in zip(plan.visits, days, strict=True)]
        cards.append(
            PlanCard(
                plan=plan,
                ends=end,
                days=(days[-1] - days[0]).days,
                rail=draw(stops, first=first, last=last),
                slack=RoomToSlip(plan.slack_days, plan.last_safe_date),
                rows=tuple(_rows(series, plan, days, names)),
            )
        )
    return cards


def _rows(series: Series, plan: ProposedPlan, days: list[date], names: dict[int, str]) -> Iterator[PlanRow]:
    gaps = [*((after - before).days for before, after in pairwise(days)), None]
    for visit, gap in zip(plan.visits, gaps, strict=True):
        off = None if gap is None else gap - series.gap_target_days
        yield PlanRow(visit, names.get(visit.practitioner_id or 0, ""), gap, off, token_of(visit))
