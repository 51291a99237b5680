"""Locks in one order, and patience with those who hold them.

Everybody who changes the schedule locks resources by id, then the patient, the series and its sessions. So nobody
waits in a circle; the database's own constraints stay the last word.
"""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, IntegrityError, OperationalError, connection

from clinic.errors import Refusal
from clinic.models import Resource
from patients.models import Patient
from planner.models import Series, Session
from planner.schedule.refusals import Busy, JustTaken

LOCK_TIMEOUT = "5s"
RETRIES = 3
LONGEST_PAUSE_SECONDS = 0.15
NO_LOCK_IN_TIME = "55P03"
WAITED_IN_VAIN = {"40P01", "40001", NO_LOCK_IN_TIME}
"""PostgreSQL's codes for a deadlock, a serialization failure and a lock that was not to be had in time."""
NO_OVERLAP = {"resource_free", "patient_free"}
P = ParamSpec("P")
Written = TypeVar("Written")


@dataclass(frozen=True, slots=True)
class Locked:
    """A series with its patient and all its sessions by number, and resources by id, none of which others change."""

    series: Series
    sessions: tuple[Session, ...]
    resources: dict[int, Resource]

    def session(self, session_id: int) -> Session:
        return next(session for session in self.sessions if session.pk == session_id)


def lock(series_id: int, resource_ids: Iterable[int] = ()) -> Locked:
    """Lock and read anew. Needs a transaction; gives up after five seconds of waiting for one lock."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    wanted = Resource.objects.filter(pk__in=set(resource_ids)).order_by("pk")
    resources = {resource.pk: resource for resource in wanted.select_for_update(no_key=True)}
    patient_id = Series.objects.values_list("patient_id", flat=True).get(pk=series_id)
    patient = Patient.objects.select_for_update(no_key=True).get(pk=patient_id)
    series = (
        Series.objects.select_related("location", "protocol_version__protocol")
        .prefetch_related("protocol_version__phases", "areas")
        .select_for_update(no_key=True, of=("self",))
        .get(pk=series_id)
    )
    series.patient = patient
    sessions = tuple(series.sessions.order_by("number").select_for_update(no_key=True, of=("self",)))
    return Locked(series, sessions, resources)


def with_patience(write: Callable[P, Written]) -> Callable[P, Written]:
    """Let a whole transaction that locks with `lock` run again when it lost a race.

    It refuses as busy, or as just taken, after three retries. Whoever waited its full time for one lock does not wait
    again: a web server has few threads to wait with. Stands outside `once`, which makes the transaction.
    """

    @wraps(write)
    def patiently(*args: P.args, **kwargs: P.kwargs) -> Written:
        for attempt in range(RETRIES + 1):
            try:
                return write(*args, **kwargs)
            except DatabaseError as error:
                refusal = _lost_race(error)
                if refusal is None:
                    raise
                if attempt == RETRIES or _pgcode(error) == NO_LOCK_IN_TIME:
                    raise refusal from error
                time.sleep(random.uniform(0.01, LONGEST_PAUSE_SECONDS))  # noqa: S311
        raise AssertionError("the last attempt returns or raises")

    return patiently


def _lost_race(error: DatabaseError) -> Refusal | None:
    if isinstance(error, OperationalError) and _pgcode(error) in WAITED_IN_VAIN:
        return Busy()
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    if isinstance(error, IntegrityError) and constraint in NO_OVERLAP:
        return JustTaken()
    return None


def _pgcode(error: DatabaseError) -> str | None:
    return getattr(error.__cause__, "pgcode", None)
