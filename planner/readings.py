"""The one door to series, sessions, messages and protocols: found in the reader's clinic, otherwise 404, and noted.

`read` adds what a page wants to know of the row: each asks for its own, and none for what another shows.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from clinic.actor import Actor
from clinic.models import Resource
from clinic.prepared import Given, Prepared
from clinic.readings import opened, the_one
from planner.models import AftercareStep, Message, Protocol, ProtocolVersion, Series, Session
from planner.obstacles.whole_sessions import made_whole, whole_series, with_rows_below

Row = TypeVar("Row", bound=Model)
Read = Callable[[QuerySet[Row]], Iterable[Row]]


def _as_it_is(rows: QuerySet[Row]) -> Iterable[Row]:
    return rows


def open_series(
    by: Actor, series_id: int, *, now: datetime, what: str = "series", whole: bool = False
) -> Series:
    """`whole` is with its sessions, as of `whole_series`."""
    found = _series(series=series_id, clinic=by.location.clinic_id)
    return opened(by, whole_series(found) if whole else found, what, now=now)


@Prepared
def _series() -> QuerySet[Series]:
    found = Series.objects.filter(pk=Given("series"), patient__clinic=Given("clinic"))
    return found.select_related(
        "patient", "location__clinic", "protocol_version__protocol", "recommended_version__protocol"
    )


def open_whole_session(by: Actor, session_id: int, *, now: datetime) -> Session:
    """`with_everything`."""
    found = _whole_session(session=session_id, clinic=by.location.clinic_id)
    return opened(by, made_whole(found), "session", now=now)


@Prepared
def _whole_session() -> QuerySet[Session, Any]:
    found = Session.objects.filter(pk=Given("session"), patient__clinic=Given("clinic"))
    return with_rows_below(found).select_related("location")


def open_session(by: Actor, session_id: int, *, now: datetime, read: Read[Session] = _as_it_is) -> Session:
    sessions = Session.objects.select_related("patient", "location")
    found = sessions.filter(pk=session_id, patient__clinic=by.location.clinic_id)
    return opened(by, read(found), "session", now=now)


def open_message(by: Actor, message_id: int, *, now: datetime) -> Message:
    found = _message(message=message_id, clinic=by.location.clinic_id)
    return opened(by, found, "message", now=now)


@Prepared
def _message() -> QuerySet[Message]:
    related = ("patient", "step", "series", "session__location", "location__clinic")
    found = Message.objects.filter(pk=Given("message"), patient__clinic=Given("clinic"))
    return found.select_related(*related).prefetch_related("events")


# What a clinic works by: nobody's record, so nothing is noted


def open_protocol(by: Actor, protocol_id: int, *, read: Read[Protocol] = _as_it_is) -> Protocol:
    return the_one(read(Protocol.objects.filter(pk=protocol_id, clinic=by.location.clinic_id)))


def open_step(by: Actor, protocol_id: int, step_id: int) -> AftercareStep:
    steps = AftercareStep.objects.select_related("version__protocol")
    clinic = by.location.clinic_id
    return the_one(steps.filter(pk=step_id, version__protocol=protocol_id, version__protocol__clinic=clinic))


def version_to_follow(by: Actor, version_id: int) -> ProtocolVersion:
    """Any version of the clinic's protocols."""
    versions = ProtocolVersion.objects.select_related("protocol")
    return the_one(versions.filter(pk=version_id, protocol__clinic=by.location.clinic_id))


def resource_to_prefer(by: Actor, resource_id: int) -> Resource:
    """At any of the clinic's locations."""
    return the_one(Resource.objects.filter(pk=resource_id, location__clinic=by.location.clinic_id))
