"""The outbox: the mails that a booking, a change, a cancellation or a finished session calls for.

The rows are the queue. They are written and withdrawn in the caller's transaction, which has locked the
series and its sessions; `delivery.py` sends them. News about dates belongs to the series and says at sending what
changed since the patient was last told, so that changes within the minutes of grace make one mail, or none.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic.actor import Actor
from clinic.errors import Refusal
from clinic.models import Location
from clinic.services.once import once
from planner.choices import HOLDS_TIME, Anchor, MessageState, SessionState
from planner.models import AftercareStep, Message, MessageEvent, Series, Session
from planner.outbox.steps import AFTER_THE_SESSION, SessionTimes, due_at, expires_at, steps_for

OPEN = (MessageState.WAITING, MessageState.SENDING)
NEWS = (Anchor.SERIES_BOOKED, Anchor.SESSION_MOVED, Anchor.SESSION_CANCELLED)


class MessageClosed(Refusal):
    code = "message_closed"
    sentence = _("This message is closed: {state}.")
    next_step = _("Reload the page to see what happened to it.")


class MessageTooLate(Refusal):
    code = "message_too_late"
    sentence = _("This message was of use until {until}.")
    next_step = _("Ring the patient instead.")


def messages_for_booking(series: Series, *, now: datetime) -> None:
    """One confirmation for the whole series, and the preparation of each session that is still to come."""
    _plan_preparation(series, Session.objects.filter(series=series).select_related("location"), now)
    _announce(series, Anchor.SERIES_BOOKED, now)


def messages_for_change(series: Series, sessions: Sequence[Session], *, now: datetime) -> None:
    """Withdraw what waits for the earlier times of `sessions`, plan it anew, and tell the patient once.

    A confirmation that has not left is replaced by one with the new dates.
    """
    for session in sessions:
        outdated = session.messages.filter(state__in=OPEN, about_version__lt=session.version)
        close(outdated, MessageState.WITHDRAWN, _t("The session was moved."), now)
    _plan_preparation(series, sessions, now)
    _announce(series, Anchor.SESSION_MOVED, now)


def messages_for_cancellation(session: Session, *, now: datetime) -> None:
    """Withdraw what waits for the session, and tell the patient if it was still to come."""
    waiting = session.messages.filter(state__in=OPEN)
    close(waiting, MessageState.WITHDRAWN, _t("The session was cancelled."), now)
    if session.starts_at is None or session.starts_at > now:
        _announce(session.series, Anchor.SESSION_CANCELLED, now)


def messages_for_completion(session: Session, *, now: datetime) -> None:
    """Aftercare from the end of the treatment, or from its planned end where the record was finished later.

    When no session of the series is left to come, the steps after the last one follow.
    """
    others = session.series.sessions.exclude(pk=session.pk)
    is_last = not others.exclude(state__in=[SessionState.DONE, SessionState.CANCELLED]).exists()
    _plan(session.series, [session], _steps(session.series, AFTER_THE_SESSION, is_last=is_last), now)


@once
def send_now(message_id: int, *, by: Actor, key: str, now: datetime) -> Message:
    """Let a waiting message leave with the next delivery, quiet hours or not, or try a failed one again."""
    message = _locked(message_id, MessageState.WAITING, MessageState.FAILED)
    if now >= message.expires_at:
        raise MessageTooLate(until=message.expires_at)
    message.state, message.due_at = MessageState.WAITING, now
    message.leased_until, message.attempts, message.closed_at = None, 0, None
    message.save()
    note([message], _t("To be sent now: %(name)s") % {"name": by.name}, now)
    return message


@once
def withdraw(message_id: int, *, by: Actor, key: str, now: datetime, why: str) -> Message:
    """Take a message back before it leaves; one that is being sent at this moment is waited for."""
    message = _locked(message_id, *OPEN, MessageState.FAILED)
    close_one(message, MessageState.WITHDRAWN, f"{by.name}: {why}" if why else by.name, now)
    return message


def close(messages: QuerySet[Message], state: MessageState, why: str, now: datetime) -> None:
    """End messages unsent, with a line of history each."""
    for message in messages.select_for_update(no_key=True, of=("self",)).order_by("pk"):
        close_one(message, state, why, now)


def close_one(message: Message, state: MessageState, why: str, now: datetime) -> None:
    message.state, message.closed_at, message.leased_until = state, now, None
    message.save()
    note([message], why, now)


def note(messages: Iterable[Message], detail: str, now: datetime) -> None:
    """Add a line to the history of each."""
    MessageEvent.objects.bulk_create(
        MessageEvent(message=message, at=now, state=message.state, detail=detail[:300])
        for message in messages
    )


def message_id_for(series: Series, session: Session | None, step: AftercareStep, version: int) -> str:
    """The Message-ID: the same on every attempt, and saying nothing to a stranger."""
    number = session.number if session else 0
    return f"<{series.uuid.hex}.{number}.{step.pk}.{version}@{settings.MAIL_DOMAIN}>"


def treated_until(session: Session) -> datetime:
    """When the treatment ended, or was planned to where its record was finished later."""
    assert session.ends_at is not None
    return min(session.ends_at, session.done_at or session.ends_at)


def visit_of(session: Session, planned_at: datetime) -> SessionTimes:
    assert session.starts_at is not None
    place = session.location
    end = treated_until(session)
    return SessionTimes(session.starts_at, end, planned_at, place.zone, place.quiet_from, place.quiet_to)


def _announce(series: Series, anchor: Anchor, now: datetime) -> None:
    """One mail about dates, in place of one of its kind or of a confirmation that has not left."""
    waiting = series.messages.filter(session=None, state__in=OPEN)
    if waiting.filter(step__anchor=Anchor.SERIES_BOOKED).exists():
        anchor = Anchor.SERIES_BOOKED
    close(waiting.filter(step__anchor=anchor), MessageState.WITHDRAWN, _t("Replaced: more has changed."), now)
    sessions = series.sessions.filter(starts_at__gt=now)
    if anchor == Anchor.SERIES_BOOKED and not sessions.filter(state__in=HOLDS_TIME).exists():
        return
    for step in _steps(series, [anchor])[:1]:
        first = sessions.select_related("location").order_by("starts_at").first()
        leaves = now + timedelta(minutes=series.location.grace_minutes)
        visit = visit_of(first, leaves) if first else _no_visit(series.location, leaves)
        _add([_row(series, None, step, _news_version(series, step), visit, now)], now)


def _news_version(series: Series, step: AftercareStep) -> int:
    told = series.messages.filter(session=None, step=step).aggregate(last=Max("about_version"))["last"] or 0
    return max(series.version, told + 1)


def _plan_preparation(series: Series, sessions: Iterable[Session], now: datetime) -> None:
    ahead = [s for s in sessions if s.state in HOLDS_TIME and s.starts_at and s.starts_at > now]
    _plan(series, ahead, _steps(series, [Anchor.SESSION_START]), now)


def _plan(series: Series, sessions: Iterable[Session], steps: Sequence[AftercareStep], now: datetime) -> None:
    """The steps of each session in its present version, but for those that are planned already."""
    planned = set(series.messages.values_list("session_id", "step_id", "about_version"))
    rows = (
        _row(series, session, step, session.version, visit_of(session, now), now)
        for session in sessions
        for step in steps
        if (session.pk, step.pk, session.version) not in planned
    )
    _add(rows, now)


def _steps(series: Series, anchors: Sequence[Anchor], *, is_last: bool = False) -> tuple[AftercareStep, ...]:
    steps = series.protocol_version.steps.filter(anchor__in=anchors, is_active=True)
    return steps_for(steps, skin_type=series.patient.skin_type, is_last=is_last)


def _no_visit(place: Location, planned_at: datetime) -> SessionTimes:
    """News without a date ahead: nothing presses it."""
    someday = planned_at + timedelta(days=7)
    return SessionTimes(someday, someday, planned_at, place.zone, place.quiet_from, place.quiet_to)


def _row(
    series: Series,
    session: Session | None,
    step: AftercareStep,
    version: int,
    visit: SessionTimes,
    now: datetime,
) -> Message | None:
    due = due_at(step, visit)
    if due is None:
        return None
    return Message(
        location=session.location if session else series.location,
        patient=series.patient,
        series=series,
        session=session,
        step=step,
        about_version=version,
        due_at=due,
        expires_at=expires_at(step, due, visit),
        message_id=message_id_for(series, session, step, version),
        created_at=now,
    )


def _add(rows: Iterable[Message | None], now: datetime) -> None:
    made = Message.objects.bulk_create([row for row in rows if row])
    note(made, _t("Planned"), now)


def _locked(message_id: int, *states: MessageState) -> Message:
    message = Message.objects.select_for_update(no_key=True).get(pk=message_id)
    if message.state not in states:
        raise MessageClosed(state=message.get_state_display())
    return message
