"""What pages read of series, sessions and messages: a fixed number of queries, however many rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter

from django.db.models import Prefetch, QuerySet

from clinic.localtime import day_bounds, local_date
from clinic.models import Location, Resource, ResourceKind
from planner.choices import HOLDS_TIME, MessageState, SeriesState, SessionState
from planner.models import AreaTreatment, Message, ProtocolVersion, Reservation, Session, TreatmentRecord

ON_THE_DAY = (*HOLDS_TIME, SessionState.NO_SHOW)
HERE = (SessionState.ARRIVED, SessionState.IN_TREATMENT)


def sessions_on(location: Location, first: date, last: date) -> QuerySet[Session]:
    """Everything that has or had a time from `first` to `last`, included, with what a page says of it."""
    since, until = day_bounds(first, location.zone)[0], day_bounds(last, location.zone)[1]
    return with_details(
        location.sessions.filter(state__in=ON_THE_DAY, starts_at__gte=since, starts_at__lt=until)
    )


def with_details(sessions: QuerySet[Session]) -> QuerySet[Session]:
    """In the order of their times, with patient, series, areas, phases and whoever and whatever serves.

    What many sessions share is prefetched, so that it is made once and not for every row.
    """
    oldest_first = Reservation.objects.order_by("pk")
    versions = ProtocolVersion.objects.select_related("protocol")
    return (
        sessions.select_related("patient", "series")
        .prefetch_related(
            Prefetch("reservations", queryset=oldest_first),
            "reservations__resource",
            "series__areas",
            Prefetch("series__protocol_version", queryset=versions),
            "series__protocol_version__phases",
        )
        .order_by("starts_at", "pk")
    )


def served_by(session: Session) -> dict[str, Resource]:
    """By kind, what the session holds; what it held, if it was missed."""
    return {held.resource.kind: held.resource for held in session.reservations.all()}


def left_open(location: Location, before: datetime, *, practitioner: Resource | None = None) -> list[Session]:
    """Sessions of earlier days of which nobody said how they ended, oldest first."""
    open_states = (SessionState.BOOKED, SessionState.CONFIRMED, *HERE)
    sessions = Session.objects.filter(location=location, state__in=open_states, ends_at__lte=before)
    if practitioner:
        sessions = sessions.filter(reservations__resource=practitioner, reservations__is_active=True)
    return list(sessions.select_related("patient", "series").order_by("starts_at", "pk"))


@dataclass(frozen=True, slots=True)
class Drift:
    """A session that should have a time, or an earlier one.

    `last_day` is the last day within the series' longest gap, where a session before it has a day; `days_left` may
    be negative. A session that has a time drifts only when that lies after `last_day`.
    """

    session: Session
    last_day: date | None
    days_left: int | None

    @property
    def has_time(self) -> bool:
        return self.session.state in HOLDS_TIME


def drifts(location: Location, *, today: date) -> list[Drift]:
    """In each series under way: its first session to come without a time, or beyond the longest gap.

    Most urgent first; those no session precedes come last.
    """
    last_days = dict(_adrift(location, today))
    sessions = Session.objects.select_related("patient", "series").in_bulk(last_days)
    found = [
        Drift(sessions[pk], last_day, (last_day - today).days if last_day else None)
        for pk, last_day in last_days.items()
    ]
    return sorted(found, key=lambda drift: (drift.last_day or date.max, drift.session.pk))


def _adrift(location: Location, today: date) -> Iterator[tuple[int, date | None]]:
    """Key and last day of each drifting session; reads every session under way, so no more of it than needed."""
    under_way = Session.objects.filter(location=location, series__state=SeriesState.ACTIVE)
    rows = under_way.exclude(state=SessionState.CANCELLED).order_by("series_id", "number")
    lines = rows.values_list("series_id", "pk", "state", "starts_at", "series__gap_max_days")
    for _series_id, line in groupby(lines, key=itemgetter(0)):
        previous: date | None = None
        for _series_id, pk, state, starts_at, gap_max_days in line:
            last_day = previous + timedelta(days=gap_max_days) if previous else None
            day = local_date(starts_at, location.zone) if state in HOLDS_TIME and starts_at else None
            is_late = day and last_day and day > max(last_day, today) and state != SessionState.DONE
            if day is None or is_late:
                yield pk, last_day
                break
            previous = day


def failed_messages(location: Location, since: datetime) -> QuerySet[Message]:
    """Mails that could not be sent, newest first."""
    failed = Message.objects.filter(location=location, state=MessageState.FAILED, closed_at__gte=since)
    return failed.select_related("patient").order_by("-closed_at", "-pk")


def practitioners(location: Location) -> QuerySet[Resource]:
    return location.resources.filter(kind=ResourceKind.PRACTITIONER, is_active=True)


def last_record(session: Session) -> TreatmentRecord | None:
    """What was done last time on this series, to carry forward."""
    earlier = TreatmentRecord.objects.filter(
        session__series=session.series_id, session__number__lt=session.number
    )
    with_areas = earlier.select_related("session").prefetch_related(treated_areas())
    return with_areas.order_by("-session__number").first()


def treated_areas() -> "Prefetch[str]":
    """A record's `areas`, each with the area itself."""
    return Prefetch("areas", AreaTreatment.objects.select_related("area"))


def held() -> "Prefetch[str]":
    """A session's `reservations`, each with who or what is reserved."""
    return Prefetch("reservations", Reservation.objects.select_related("resource"))


def mails_to_come(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Those still waiting, in the order they go, with no more of them than a list shows."""
    waiting = messages.filter(state=MessageState.WAITING).order_by("due_at")
    return waiting.select_related("step").only("due_at", "patient", "series", "step__title")
