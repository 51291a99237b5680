"""The one door to what an address names: found in the reader's own clinic, otherwise 404, and the reading noted.

Each app has its own `readings`, with one function for each kind of thing. A view or an endpoint looks up nothing by
itself.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from operator import attrgetter
from typing import TypeVar

from django.db.models import Model, Q
from django.http import Http404

from clinic.actor import Actor
from clinic.models import Absence, ExtraHours, Resource, StaffMember, WeeklyHours
from clinic.queries import staff_of
from clinic.services.audit import note_reading

Row = TypeVar("Row", bound=Model)
PATIENT: Callable[[Model], int] = attrgetter("patient_id")


def the_one(found: Iterable[Row]) -> Row:
    """404 if there is none."""
    for row in found:
        return row
    raise Http404


def opened(
    by: Actor, found: Iterable[Row], what: str, *, now: datetime, of: Callable[[Row], int] = PATIENT
) -> Row:
    """The one that was found, and a note that `by` looked at it; `of` tells whose it is."""
    row = the_one(found)
    note_reading(by, what, [of(row)], now=now, object_id=row.pk)
    return row


# What a clinic is: nobody's record, so nothing is noted


def open_resource(by: Actor, resource_id: int) -> Resource:
    rows = Resource.objects.select_related("location__clinic", "user__staff")
    return the_one(rows.filter(pk=resource_id, location=by.location))


def open_member(by: Actor, staff_id: int) -> StaffMember:
    return the_one(staff_of(by.location.clinic).filter(pk=staff_id))


def open_hours(by: Actor, hours_id: int) -> WeeklyHours:
    """Of the location, or of one of its resources."""
    rows = WeeklyHours.objects.select_related("location", "resource__location")
    here = Q(location=by.location) | Q(resource__location=by.location)
    return the_one(rows.filter(here, pk=hours_id))


def open_absence(by: Actor, absence_id: int) -> Absence:
    return the_one(Absence.objects.filter(pk=absence_id, location=by.location))


def open_extra_hours(by: Actor, extra_id: int) -> ExtraHours:
    return the_one(ExtraHours.objects.filter(pk=extra_id, location=by.location))
