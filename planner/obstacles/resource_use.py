"""Why a resource does not serve a session, or is not free for it.

The same reading as the engine's: open for all of its use; not away, not taken for its use and turnaround.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import formats
from django.utils.translation import gettext as _t

from clinic.localtime import at_local
from clinic.models import Location, Resource, ResourceKind
from clinic.opening_hours import Away, Calendar, Intervals, covers
from planner.models import ProtocolPhase, ProtocolVersion, Reservation, Session
from planner.obstacles.obstacle import Obstacle, ObstacleCode

LONGEST_RESERVATION = timedelta(days=2)
"""More than any: a session ends on the day it begins, a turnaround takes at most four hours."""


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """What session `number`, asked for `at`, takes of a resource: `starts_at` to `used_until`, ready at `ends_at`."""

    number: int
    at: datetime
    resource: Resource
    starts_at: datetime
    used_until: datetime
    ends_at: datetime


def length(phases: Iterable[ProtocolPhase]) -> timedelta:
    return timedelta(minutes=sum(phase.minutes for phase in phases))


def kinds_needed(phases: Iterable[ProtocolPhase]) -> tuple[ResourceKind, ...]:
    """In the order practitioner, room, device."""
    needed = {kind for phase in phases for kind in phase.needs}
    return tuple(kind for kind in ResourceKind if kind in needed)


def use_of(
    resource: Resource, number: int, starts_at: datetime, phases: Sequence[ProtocolPhase]
) -> ResourceUse:
    """From the first to the end of the last phase that needs its kind; `phases` are in order."""
    needing = [at for at, phase in enumerate(phases) if resource.kind in phase.needs]
    begins = starts_at + length(phases[: needing[0]])
    used_until = starts_at + length(phases[: needing[-1] + 1])
    turnaround = timedelta(minutes=resource.turnaround_minutes)
    return ResourceUse(number, starts_at, resource, begins, used_until, used_until + turnaround)


def taken_by_others(
    uses: Iterable[ResourceUse], releasing: Collection[Session]
) -> Mapping[int, tuple[Reservation, ...]]:
    """Whatever holds one of the resources during its use, except what `releasing` gives up: one query."""
    during = Q(pk=None)
    for use in uses:
        during |= Q(
            resource=use.resource,
            starts_at__gt=use.starts_at - LONGEST_RESERVATION,
            starts_at__lt=use.ends_at,
            ends_at__gt=use.starts_at,
        )
    held: defaultdict[int, list[Reservation]] = defaultdict(list)
    for reservation in Reservation.objects.filter(during, is_active=True).exclude(session__in=releasing):
        held[reservation.resource_id].append(reservation)
    return {resource_id: tuple(reservations) for resource_id, reservations in held.items()}


def why_not_open(use: ResourceUse, location: Location, calendar: Calendar) -> Obstacle | None:
    """The first thing that keeps the resource from being there for this use; nothing when it is."""
    return _away(use, location, calendar) or _not_open(use, location, calendar)


def _away(use: ResourceUse, location: Location, calendar: Calendar) -> Obstacle | None:
    for away in calendar.absences_of(use.resource.pk):
        since, until = _instant(away.starts, location.zone), _instant(away.ends, location.zone)
        if since < use.ends_at and until > use.starts_at:
            return _absence(use, away, location, since, until)
    return None


def _absence(use: ResourceUse, away: Away, location: Location, since: datetime, until: datetime) -> Obstacle:
    facts, ends_on = {"since": since, "until": until}, away.ends.date()
    if away.resource_id is None:
        return Obstacle(ObstacleCode.CLOSED, ends_on, {"location": location.name, **facts})
    return Obstacle(ObstacleCode.ON_LEAVE, ends_on, {"resource": use.resource.name, **facts})


def _not_open(use: ResourceUse, location: Location, calendar: Calendar) -> Obstacle | None:
    zone = location.zone
    day = use.starts_at.astimezone(zone).date()
    intervals = calendar.open_on(use.resource.pk, day)
    instants = tuple((_instant(a, zone), _instant(b, zone)) for a, b in intervals)
    if covers(instants, use.starts_at, use.used_until):
        return None
    if day in calendar.holidays and not intervals:
        facts: dict[str, Any] = {"location": location.name, "holiday": calendar.holidays[day]}
        return Obstacle(ObstacleCode.PUBLIC_HOLIDAY, day + timedelta(days=1), facts)
    if not intervals:
        weekday = formats.date_format(day, "l")
        return Obstacle(
            ObstacleCode.NOT_OPEN_THAT_DAY, facts={"resource": use.resource.name, "weekday": weekday}
        )
    length = length_words(use.used_until - use.starts_at)
    facts = {"resource": use.resource.name, "open": _in_words(intervals), "length": length}
    return Obstacle(ObstacleCode.OUTSIDE_HOURS, facts=facts)


@lru_cache(maxsize=4096)
def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    return at_local(local.date(), local.time(), zone)


def length_words(span: timedelta) -> str:
    """`45 min`, `1 h 45`, `2 h`."""
    hours, minutes = divmod(int(span.total_seconds()) // 60, 60)
    if not hours:
        return _t("%(minutes)s min") % {"minutes": minutes}
    if not minutes:
        return _t("%(hours)s h") % {"hours": hours}
    return _t("%(hours)s h %(minutes)s") % {"hours": hours, "minutes": f"{minutes:02}"}


def _in_words(intervals: Intervals) -> list[str]:
    span = _t("%(opens)s to %(closes)s")
    return [span % {"opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}"} for opens, closes in intervals]


def skills_needed(version: ProtocolVersion, kind: str) -> frozenset[str]:
    return frozenset(getattr(version, f"{kind}_skills"))


def why_it_does_not_serve(
    resource: Resource, version: ProtocolVersion, needed_mm: Decimal | None
) -> Obstacle | None:
    """In use, with the skills the protocol asks of its kind, and deep enough by its label."""
    facts: dict[str, Any] = {"resource": resource.name}
    if not resource.is_active:
        return Obstacle(ObstacleCode.RESOURCE_INACTIVE, facts=facts)
    missing = sorted(skills_needed(version, resource.kind) - set(resource.skills))
    if missing:
        is_person = resource.kind == ResourceKind.PRACTITIONER
        code = ObstacleCode.NOT_QUALIFIED if is_person else ObstacleCode.LACKS_WHAT_IS_NEEDED
        return Obstacle(code, facts={**facts, "missing": missing})
    deepest = resource.max_depth_mm
    if resource.kind == ResourceKind.DEVICE and needed_mm and deepest is not None and deepest < needed_mm:
        facts |= {"deepest_mm": deepest, "needed_mm": needed_mm}
        return Obstacle(ObstacleCode.DEVICE_TOO_SHALLOW, facts=facts)
    return None
