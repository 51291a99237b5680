"""What changed in the dates of a series since its patient was last told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Min, Q

from planner.choices import HOLDS_TIME, Anchor, MessageState, SessionState
from planner.models import Series, Session, SessionEvent

Kind = SessionEvent.Kind
_CHANGES = (Kind.BOOKED, Kind.MOVED, Kind.CANCELLED, Kind.TAKEN_BACK)


@dataclass(frozen=True, slots=True)
class DateChange:
    """One session's time as the patient knows it, and as it is; nothing stands for no time."""

    was: datetime | None
    now: datetime | None


def dates_to_come(series: Series, now: datetime) -> tuple[Session, ...]:
    sessions = Session.objects.filter(series=series, state__in=HOLDS_TIME, starts_at__gt=now)
    return tuple(sessions.select_related("location").order_by("starts_at"))


def moves_untold(series: Series, now: datetime) -> tuple[DateChange, ...]:
    """Sessions still to come whose time is not the one the patient knows."""
    known = _known_times(series, Anchor.SESSION_MOVED)
    known |= dict.fromkeys(known.keys() & _told_to_be_cancelled(series))
    dates = [session for session in dates_to_come(series, now) if session.pk in known]
    return _changes((known[session.pk], session.starts_at) for session in dates)


def cancellations_untold(series: Series) -> tuple[DateChange, ...]:
    known = _known_times(series, Anchor.SESSION_CANCELLED)
    gone = Session.objects.filter(pk__in=known, state=SessionState.CANCELLED).order_by("number")
    return _changes((known[session.pk] or session.starts_at, None) for session in gone)


def _changes(times: Iterable[tuple[datetime | None, datetime | None]]) -> tuple[DateChange, ...]:
    return tuple(DateChange(was, now) for was, now in times if was != now)


def _known_times(series: Series, anchor: Anchor) -> dict[int, datetime | None]:
    """Of each session that changed since: the time before its first change."""
    events = SessionEvent.objects.filter(_since(series, anchor), session__series=series, kind__in=_CHANGES)
    known: dict[int, datetime | None] = {}
    for event in events.order_by("at", "id"):
        known.setdefault(event.session_id, event.was_at)
    return known


def _told_to_be_cancelled(series: Series) -> set[int]:
    """Sessions of which the last that was told is that they are cancelled; they may have been restored since."""
    news = series.messages.filter(session=None, state=MessageState.SENT)
    told = news.filter(step__anchor=Anchor.SESSION_CANCELLED).aggregate(last=Max("created_at"))["last"]
    later = news.filter(step__anchor__in=[Anchor.SERIES_BOOKED, Anchor.SESSION_MOVED])
    since = later.aggregate(last=Max("created_at"))["last"]
    if told is None:
        return set()
    events = SessionEvent.objects.filter(session__series=series, kind=Kind.CANCELLED, at__lte=told)
    events = events.filter(at__gt=since) if since else events
    return set(events.values_list("session_id", flat=True))


def _since(series: Series, anchor: Anchor) -> Q:
    news = series.messages.filter(session=None, step__anchor__in=[Anchor.SERIES_BOOKED, anchor])
    told = news.filter(state=MessageState.SENT).aggregate(last=Max("created_at"))["last"]
    if told:
        return Q(at__gt=told)
    return Q(at__gte=news.aggregate(first=Min("created_at"))["first"])
