"""The clinic, its location, and its practitioners, rooms and devices. A resource is put out of use, never deleted:
its past sessions name it."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from clinic.actor import Actor
from clinic.errors import Refusal
from clinic.models import Clinic, Location, Resource
from clinic.services.once import Edited, once
from clinic.services.versions import take_turn


class ResourceNameTaken(Refusal):
    code = "resource_name_taken"
    sentence = _("There is a {kind} called {name} already. Nothing was changed.")
    next_step = _("Give it another name, or put the other one back into use.")


def _keep(resource: Resource) -> Resource:
    try:
        with transaction.atomic():
            resource.save()
    except IntegrityError as error:
        if "resource_name_unique" not in str(error):
            raise
        raise ResourceNameTaken(kind=resource.get_kind_display().lower(), name=resource.name) from error
    return resource


@once
def add_resource(resource: Resource, *, by: Actor, key: str, now: datetime) -> Resource:
    """Keep a new practitioner, room or device; refuses a name its kind has at the location already."""
    return _keep(resource)


@once
def change_resource(resource: Edited[Resource], *, by: Actor, key: str, now: datetime) -> Resource:
    """Keep what was changed; refuses as `add_resource` does, and an outdated row. Its booked sessions stay."""
    take_turn(resource.row)
    return _keep(resource.row)


@once
def change_location(
    location: Edited[Location], clinic: Edited[Clinic], *, by: Actor, key: str, now: datetime
) -> Location:
    """Keep the location and the clinic it belongs to; refuses when either was saved meanwhile."""
    take_turn(clinic.row)
    take_turn(location.row)
    clinic.row.save()
    location.row.save()
    return location.row
