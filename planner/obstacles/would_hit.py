"""What a change puts in the way of sessions to come: looked at before and after it, within one transaction."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import QuerySet

from clinic.localtime import day_bounds, local_date, moment_label
from clinic.models import Location
from clinic.services.sessions_hit import ChangeScope, SessionHit
from planner.choices import HERE
from planner.models import Reservation, Session
from planner.obstacles.obstacle import Obstacle
from planner.obstacles.of_sessions import EXPECTED, obstacles_of, surroundings_of
from planner.obstacles.patient_record import PatientRecord, records_of
from planner.obstacles.whole_sessions import with_everything
from planner.obstacles.words import cause_of, n_of_m, sentence_of

LONGEST_TURNAROUND = timedelta(hours=4)
Found = Mapping[int, tuple[Obstacle, ...]]


class SessionWatch:
    """Of the sessions that a change may hit; only what stops them counts.

    Records are read again only where the change is one of a record.
    """

    def __init__(self, scope: ChangeScope, now: datetime) -> None:
        self._scope, self._now = scope, now
        self._read()
        self._before = self._found(self._location())

    def newly_hit(self) -> tuple[SessionHit, ...]:
        """By day and time."""
        if self._scope.patient_id is not None:
            self._read()
        location = self._location()
        after, today = self._found(location), local_date(self._now, location.zone)
        return tuple(
            SessionHit(
                session.pk,
                session.patient,
                obstacle.code.value,
                obstacle.until,
                f"{n_of_m(session)} · {moment_label(session.starts_at, location.zone)}",
                sentence_of(obstacle, session, location.zone, today=today),
                cause_of(obstacle, session, location.zone),
            )
            for session in self._sessions
            for obstacle in after.get(session.pk, ())
            if session.starts_at and obstacle.stops and not self._stood(session, obstacle)
        )

    def _stood(self, session: Session, obstacle: Obstacle) -> bool:
        of = obstacle.code, obstacle.facts.get("resource")
        return of in {(each.code, each.facts.get("resource")) for each in self._before.get(session.pk, ())}

    def _read(self) -> None:
        self._sessions = with_everything(_coming(self._scope, self._now).order_by("starts_at", "pk"))
        self._records: Mapping[int, PatientRecord] = records_of(each.patient for each in self._sessions)

    def _location(self) -> Location:
        """As the database has it: a form may have written into the one that was given."""
        return Location.objects.select_related("clinic").get(pk=self._scope.location.pk)

    def _found(self, location: Location) -> Found:
        if not self._sessions:
            return {}
        around = surroundings_of(self._sessions, location, now=self._now, records=self._records)
        return obstacles_of(self._sessions, around)


def _coming(scope: ChangeScope, now: datetime) -> QuerySet[Session]:
    """Expected from the beginning of today on, within the scope."""
    since = day_bounds(local_date(now, scope.location.zone), scope.location.zone)[0]
    sessions = Session.objects.filter(
        location=scope.location, state__in=[*EXPECTED, *HERE], starts_at__gte=since
    )
    if scope.patient_id is not None:
        sessions = sessions.filter(patient=scope.patient_id)
    if scope.resource is not None:
        held = Reservation.objects.filter(resource=scope.resource, is_active=True)
        sessions = sessions.filter(pk__in=held.values("session"))
    if scope.starts_at:
        sessions = sessions.filter(ends_at__gt=scope.starts_at - LONGEST_TURNAROUND)
    return sessions.filter(starts_at__lt=scope.ends_at) if scope.ends_at else sessions
