"""What a session that is here keeps longer than planned today, so that the one after it has to wait.

Pure, but for the description of what is read. Nothing is said of less than `LEAST`, which a turnaround absorbs.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Func, OuterRef

from clinic.localtime import day_bounds, local_date
from clinic.models import Location, ResourceKind
from clinic.nested import Row, nested
from clinic.prepared import Given
from planner.choices import HERE
from planner.models import Reservation
from planner.obstacles.obstacle import Obstacle, ObstacleCode
from planner.obstacles.resource_use import ResourceUse

LEAST = timedelta(minutes=5)
ONE_MINUTE = timedelta(minutes=1)
NONE = timedelta()


@dataclass(frozen=True, slots=True)
class LateUse:
    """A resource that was to be taken from `starts_at`, and is not ready again before `free_at`."""

    starts_at: datetime
    free_at: datetime


LateUses = Mapping[int, Sequence[LateUse]]
"""By resource."""


@dataclass(frozen=True, slots=True)
class _Held:
    session_id: int
    resource_id: int
    is_practitioner: bool
    starts_at: datetime
    used_until: datetime
    ends_at: datetime
    due_at: datetime
    arrived_at: datetime
    began_at: datetime | None

    @classmethod
    def of(cls, row: Row) -> "_Held":
        at = {name: row[name] and datetime.fromisoformat(row[name]) for name in _MOMENTS}
        return cls(
            row["session_id"],
            row["resource_id"],
            row["kind"] == ResourceKind.PRACTITIONER,
            **at | {"arrived_at": at["arrived_at"] or at["due_at"]},
        )


_MOMENTS = ("starts_at", "used_until", "ends_at", "due_at", "arrived_at", "began_at")


def held_by_those_here(location: Location, now: datetime) -> dict[str, Any]:
    """For `resources_and_calendar`: what today's sessions hold whose patients have come and not gone."""
    since, until = day_bounds(local_date(now, location.zone), location.zone)
    return {"more": _here, "since": since, "until": until}


def _here() -> dict[str, Func]:
    held = Reservation.objects.filter(
        session__location=OuterRef("pk"),
        session__state__in=HERE,
        session__starts_at__gte=Given("since"),
        session__starts_at__lt=Given("until"),
        is_active=True,
    )
    here = nested(
        held.order_by("session_id", "starts_at", "pk"),
        "session_id",
        "resource_id",
        "starts_at",
        "used_until",
        "ends_at",
        kind="resource__kind",
        due_at="session__starts_at",
        arrived_at="session__arrived_at",
        began_at="session__treatment_began_at",
    )
    return {"here": here}


def late_uses(rows: Iterable[Row], now: datetime) -> LateUses:
    """Of `held_by_those_here`."""
    late: defaultdict[int, list[LateUse]] = defaultdict(list)
    for _session, several in groupby(rows, key=itemgetter("session_id")):
        held = [_Held.of(each) for each in several]
        attended = next((each for each in held if each.is_practitioner), held[0])
        delay = _delay(attended, now)
        for each in held:
            has_left = each.began_at is not None and each.used_until <= attended.starts_at
            if delay >= LEAST and not has_left:
                late[each.resource_id].append(LateUse(each.starts_at, each.ends_at + delay))
    return late


def _delay(attended: _Held, now: datetime) -> timedelta:
    """How much later than planned the treatment began, or ends; before it began, how much later it will at least."""
    if attended.began_at:
        return max(attended.began_at - attended.starts_at, now - attended.used_until, NONE)
    return max(attended.arrived_at - attended.due_at, now - attended.starts_at, NONE)


def why_it_begins_late(uses: Iterable[ResourceUse], late: LateUses) -> Obstacle | None:
    """By the resource it waits for longest."""
    waits = [
        (before.free_at - use.starts_at, use.resource.pk, use.resource.name, before.free_at)
        for use in uses
        for before in late.get(use.resource.pk, ())
        if before.starts_at < use.starts_at and before.free_at - use.starts_at >= LEAST
    ]
    if not waits:
        return None
    wait, _pk, name, free_at = max(waits)
    facts = {"resource": name, "minutes": wait // ONE_MINUTE, "free_at": free_at}
    return Obstacle(ObstacleCode.BEGINS_LATE, facts=facts)
