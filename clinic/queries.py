"""What the settings pages show."""

from datetime import date, datetime, timedelta

import holidays
from django.db.models import Q, QuerySet

from clinic.models import Absence, Clinic, ExtraHours, Location, Resource, StaffMember, WeeklyHours

YEAR = timedelta(days=365)


def coming_holidays(location: Location, today: date) -> list[tuple[date, str]]:
    """The public holidays of the location's country and region from `today` for a year, in order."""
    last = today + YEAR
    known = holidays.country_holidays(
        location.country, subdiv=location.subdivision or None, years=range(today.year, last.year + 1)
    )
    return [(day, name) for day, name in sorted(known.items()) if today <= day <= last]


def weekly_hours_of(owner: Location | Resource) -> QuerySet[WeeklyHours]:
    """In the week's order, without those that ended before anyone would ask."""
    return owner.hours.order_by("weekday", "opens", "valid_from")


def coming_absences(location: Location, now: datetime) -> QuerySet[Absence]:
    return location.absences.filter(ends_at__gt=now).select_related("resource").order_by("starts_at", "pk")


def coming_extra_hours(location: Location, now: datetime) -> QuerySet[ExtraHours]:
    return location.extra_hours.filter(ends_at__gt=now).select_related("resource").order_by("starts_at", "pk")


def resources_of(location: Location) -> QuerySet[Resource]:
    """Those in use first, each kind in the board's order."""
    return location.resources.select_related("user__staff").order_by("-is_active", "position", "name")


def staff_of(clinic: Clinic) -> QuerySet[StaffMember]:
    members = StaffMember.objects.filter(location__clinic=clinic)
    return members.select_related("user", "location").order_by("-is_active", "name", "pk")


def clinicians_for(practitioner: Resource) -> QuerySet[StaffMember]:
    """Members of the clinic who may still be named as the person behind `practitioner`."""
    is_free = Q(user__practitioner__isnull=True) | Q(user__practitioner=practitioner.pk)
    clinic = practitioner.location.clinic
    return StaffMember.objects.filter(is_free, location__clinic=clinic, is_active=True).order_by("name")


def practitioner_of(member: StaffMember) -> Resource | None:
    """Whom sessions are booked with, if they treat."""
    return Resource.objects.filter(user=member.user_id).first()
