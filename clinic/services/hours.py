"""Weekly hours, absences and extra hours of a location or one of its resources.

An absence may lie over sessions that are booked: they stay until someone moves them. What is added is handed
back with its start and end, for the page to point the board at.
"""

from datetime import date, datetime
from math import gcd

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.actor import Actor
from clinic.errors import Refusal
from clinic.localtime import monday_of
from clinic.models import Absence, ExtraHours, Location, ResourceKind, WeeklyHours
from clinic.models.hours import MIDNIGHT
from clinic.services.once import Edited, once
from clinic.services.versions import take_turn


class HoursOverlap(Refusal):
    code = "hours_overlap"
    sentence = _("{weekday} {opens} to {closes} is open already. Nothing was changed.")
    next_step = _("Change those hours, or let them end before these begin.")


class OnlyPractitionersAreOnLeave(Refusal):
    code = "only_practitioners_are_on_leave"
    sentence = _("Only a practitioner can be on leave or sick. Nothing was changed.")
    next_step = _("Choose who, or say that the place is closed or something needs upkeep.")


def _let_one_change_at_a_time(hours: WeeklyHours) -> None:
    location = hours.resource.location if hours.resource else hours.location
    assert location is not None
    Location.objects.select_for_update(no_key=True).get(pk=location.pk)


def _refuse_overlap(hours: WeeklyHours) -> None:
    others = WeeklyHours.objects.filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=hours.valid_to or date.max),
        Q(valid_to__isnull=True) | Q(valid_to__gte=hours.valid_from or date.min),
        Q(closes__gt=hours.opens) | Q(closes=MIDNIGHT),
        Q() if hours.closes == MIDNIGHT else Q(opens__lt=hours.closes),
        location=hours.location,
        resource=hours.resource,
        weekday=hours.weekday,
    )
    if other := next((each for each in others.exclude(pk=hours.pk) if _weeks_meet(hours, each)), None):
        raise HoursOverlap(
            weekday=other.get_weekday_display(),
            opens=f"{other.opens:%H:%M}",
            closes=f"{other.closes:%H:%M}",
        )


def _weeks_meet(one: WeeklyHours, other: WeeklyHours) -> bool:
    """Whether both count in some week; those of every second week may take turns."""
    shared = gcd(one.every_weeks, other.every_weeks)
    if shared == 1 or one.valid_from is None or other.valid_from is None:
        return True
    return (monday_of(one.valid_from) - monday_of(other.valid_from)).days // 7 % shared == 0


def _keep_weekly(hours: WeeklyHours) -> WeeklyHours:
    _let_one_change_at_a_time(hours)
    _refuse_overlap(hours)
    hours.save()
    return hours


@once
def add_weekly_hours(hours: WeeklyHours, *, by: Actor, key: str, now: datetime) -> WeeklyHours:
    """Keep one more opening interval; refuses one that overlaps another of the same owner and weekday."""
    return _keep_weekly(hours)


@once
def change_weekly_hours(hours: Edited[WeeklyHours], *, by: Actor, key: str, now: datetime) -> WeeklyHours:
    """Keep what was changed; refuses as `add_weekly_hours` does, and an outdated row."""
    take_turn(hours.row)
    return _keep_weekly(hours.row)


@once
def remove_weekly_hours(hours: WeeklyHours, *, by: Actor, key: str, now: datetime) -> Location:
    """Where they were. Refuses when somebody changed them meanwhile."""
    take_turn(hours)
    hours.delete()
    return by.location


@once
def add_absence(absence: Absence, *, by: Actor, key: str, now: datetime) -> Absence:
    """Keep that somebody or something is away. Refuses leave of what is no practitioner."""
    is_person = absence.resource is not None and absence.resource.kind == ResourceKind.PRACTITIONER
    if absence.kind in (Absence.Kind.LEAVE, Absence.Kind.SICK) and not is_person:
        raise OnlyPractitionersAreOnLeave()
    absence.save()
    return absence


@once
def remove_absence(absence: Absence, *, by: Actor, key: str, now: datetime) -> Location:
    """Where it was."""
    absence.delete()
    return by.location


@once
def add_extra_hours(extra: ExtraHours, *, by: Actor, key: str, now: datetime) -> ExtraHours:
    extra.save()
    return extra


@once
def remove_extra_hours(extra: ExtraHours, *, by: Actor, key: str, now: datetime) -> Location:
    """Where they were."""
    extra.delete()
    return by.location
