"""Locks in one order, and patience with those who hold them.

Everybody who changes the schedule locks resources by id, then the patient, the series and its sessions. So nobody
waits in a circle; the database's own constraints stay the last word.
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, IntegrityError, OperationalError

from clinic.errors import Refusal
from clinic.faults import WAITED_IN_FULL, WAITED_IN_VAIN, pgcode
from clinic.models import Resource
from patients.models import Patient
from planner.models import Series, Session
from planner.schedule.refusals import Busy, JustTaken
from planner.schedule.series_facts import SeriesFacts, facts_of

RETRIES = 3
LONGEST_PAUSE_SECONDS = 0.15
NO_OVERLAP = {"resource_free", "patient_free"}
P = ParamSpec("P")
Written = TypeVar("Written")


@dataclass(frozen=True, slots=True)
class Locked:
    """A series with its patient and all its sessions by number, and resources by id, none of which others change."""

    facts: SeriesFacts
    resources: Mapping[int, Resource]

    @property
    def series(self) -> Series:
        return self.facts.series

    @property
    def sessions(self) -> tuple[Session, ...]:
        return self.facts.sessions

    def session(self, session_id: int) -> Session:
        return next(session for session in self.sessions if session.pk == session_id)


def lock(series_id: int, resource_ids: Iterable[int] = ()) -> Locked:
    """Lock, then read anew what a proposal reads. Needs a transaction; the connection says how long it waits."""
    wanted = Resource.objects.filter(pk__in=set(resource_ids)).order_by("pk")
    resources = {resource.pk: resource for resource in wanted.select_for_update(no_key=True)}
    patients = Patient.objects.select_for_update(no_key=True, of=("self",))
    patient = patients.only("pk").get(series=series_id)
    Series.objects.select_for_update(no_key=True).only("pk").get(pk=series_id)
    sessions = Session.objects.filter(series=series_id).order_by("number")
    list(sessions.select_for_update(no_key=True).only("pk"))
    (facts,) = facts_of({series_id: patient.pk})
    return Locked(facts, resources)


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
                if attempt == RETRIES or pgcode(error) in WAITED_IN_FULL:
                    raise refusal from error
                time.sleep(random.uniform(0.01, LONGEST_PAUSE_SECONDS))  # noqa: S311
        raise AssertionError("the last attempt returns or raises")

    return patiently


def _lost_race(error: DatabaseError) -> Refusal | None:
    if isinstance(error, OperationalError) and pgcode(error) in WAITED_IN_VAIN:
        return Busy()
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    if isinstance(error, IntegrityError) and constraint in NO_OVERLAP:
        return JustTaken()
    return None
