"""Sending what is due: claim a row, lock it beside its session, look at how things stand now, send, keep what left.

The claim commits first, so a crash leaves a lease that runs out; only then may the mail have left without our
knowing. Such a message is sent again with the same Message-ID and marked. Whoever cancels or moves a session
takes the same locks (series, session, message), so waits for one SMTP call at most. Nothing leaves after `expires_at`.
"""

import logging
import smtplib
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Q, QuerySet

from clinic.localtime import clamp_out_of_quiet, day_bounds, is_quiet, local_date
from planner.choices import HOLDS_TIME, NEEDLED, Anchor, MessageHistory, MessageState, SessionState
from planner.models import Message, Series, Session
from planner.obstacles.of_sessions import obstacles_of, surroundings_of
from planner.obstacles.whole_sessions import with_everything
from planner.outbox.letter import Mail, NothingToTell, envelope, render
from planner.outbox.plan_messages import OPEN, close_one, note
from planner.outbox.steps import AFTER_THE_SESSION

RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""After the first, second, third and every later refusal that may pass."""
MOST_ATTEMPTS = 5
"""At a message that cannot be made into a mail, or during which the worker stopped."""
BATCH = timedelta(seconds=60)
HELD_FOR = timedelta(minutes=10)
"""Until it is looked again whether what stands in a visit's way is gone."""
SERVER_BUSY = range(400, 500)
Verdict = tuple[MessageState, MessageHistory, dict[str, str]]
"""How a message ends, and why: a code and its facts."""

log = logging.getLogger(__name__)


def deliver_due(*, now: datetime, limit: int = 50) -> int:
    """Send up to `limit` due messages over one connection, for a minute at most; returns how many left."""
    clock, sent = _clock(now), 0
    with closing(get_connection()) as connection:
        for _turn in range(limit):
            if clock() > now + BATCH or not _due(clock()).exists() or not _is_open(connection):
                break
            message_id = _claim(clock())
            if message_id is not None:
                sent += _deliver(message_id, connection, clock())
    return sent


def _clock(now: datetime) -> Callable[[], datetime]:
    """`now`, moving on with real time, so that no lease is shorter than it says."""
    began = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began)


def _due(now: datetime) -> QuerySet[Message]:
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    return Message.objects.filter(free, state__in=OPEN, due_at__lte=now).order_by("due_at", "id")


def _is_open(connection: BaseEmailBackend) -> bool:
    """Whether a mail server takes mail; that none does is no message's fault, and costs none an attempt."""
    try:
        connection.open()
    except (smtplib.SMTPException, OSError) as fault:
        log.warning("No mail server to send with, messages wait: %s", fault)
        return False
    return True


def _claim(now: datetime) -> int | None:
    """Take the message that has been due longest; others skip it until its lease runs out."""
    with transaction.atomic():
        message = _due(now).select_for_update(skip_locked=True, no_key=True).first()
        if message is None:
            return None
        if message.state == MessageState.SENDING:
            message.may_be_doubled = True
            note([message], MessageHistory.WORKER_STOPPED, now)
        message.state, message.attempts = MessageState.SENDING, message.attempts + 1
        message.leased_until = now + timedelta(seconds=settings.MAIL_LEASE_SECONDS)
        message.save()
    return message.pk


def _deliver(message_id: int, connection: BaseEmailBackend, now: datetime) -> bool:
    with transaction.atomic():
        message = _locked(message_id)
        if message.state != MessageState.SENDING or _is_closed(message, now) or _is_put_back(message, now):
            return False
        if _is_held(message, now):
            return False
        mail = _rendered(message, now)
        return mail is not None and _send(message, mail, connection, now)


def _locked(message_id: int) -> Message:
    """The message, locked after the session or the series it is about."""
    about = Message.objects.only("series_id", "session_id").get(pk=message_id)
    if about.session_id:
        Session.objects.select_for_update(no_key=True).get(pk=about.session_id)
    else:
        Series.objects.select_for_update(no_key=True).get(pk=about.series_id)
    related = Message.objects.select_related(
        "patient", "location__clinic", "series", "session__location", "step"
    )
    return related.select_for_update(no_key=True, of=("self",)).get(pk=message_id)


def _is_closed(message: Message, now: datetime) -> bool:
    """Whether the state of things now forbids the mail; then it is closed with the reason."""
    verdict = _too_late(message, now) or _unfit(message)
    if verdict:
        state, what, facts = verdict
        close_one(message, state, what, now, **facts)
    return verdict is not None


def _too_late(message: Message, now: datetime) -> Verdict | None:
    if now >= message.expires_at:
        return MessageState.MISSED, MessageHistory.TOO_LATE, {}
    if _is_overtaken(message, now):
        return MessageState.MISSED, MessageHistory.OVERTAKEN, {}
    return None


def _unfit(message: Message) -> Verdict | None:
    session, patient = message.session, message.patient
    if session and session.version != message.about_version:
        return MessageState.WITHDRAWN, MessageHistory.SESSION_CHANGED, {}
    if session and not _fits(session, message.step.anchor):
        return MessageState.WITHDRAWN, MessageHistory.SESSION_STATE, {"state": session.state}
    if not patient.email:
        return MessageState.MISSED, MessageHistory.NO_ADDRESS, {}
    if not patient.mail_allowed:
        return MessageState.WITHDRAWN, MessageHistory.NO_MAIL_WANTED, {}
    if message.attempts > MOST_ATTEMPTS and message.may_be_doubled:
        return MessageState.FAILED, MessageHistory.INTERRUPTED, {}
    return None


def _fits(session: Session, anchor: str) -> bool:
    if anchor in AFTER_THE_SESSION:
        return session.state in NEEDLED
    return anchor != Anchor.SESSION_START or session.state in (SessionState.BOOKED, SessionState.CONFIRMED)


def _is_overtaken(message: Message, now: datetime) -> bool:
    """Whether a newer aftercare step of the session is due by now, or, for a note of an earlier day, today."""
    if message.step.anchor not in AFTER_THE_SESSION:
        return False
    zone = message.location.zone
    today = local_date(now, zone)
    horizon = now if local_date(message.due_at, zone) == today else day_bounds(today, zone)[1]
    newer = Message.objects.filter(session=message.session, step__anchor__in=AFTER_THE_SESSION)
    newer = newer.filter(due_at__gt=message.due_at, due_at__lte=horizon, expires_at__gt=now)
    return newer.filter(state__in=[*OPEN, MessageState.SENT]).exists()


def _is_put_back(message: Message, now: datetime) -> bool:
    """A late message waits for the end of quiet hours; one that was meant for them leaves."""
    place = message.location
    hours = place.zone, place.quiet_from, place.quiet_to
    if not is_quiet(now, *hours) or is_quiet(message.due_at, *hours):
        return False
    message.due_at, message.attempts = clamp_out_of_quiet(now, *hours), message.attempts - 1
    _wait(message, None, MessageHistory.QUIET_HOURS, now)
    return True


def _is_held(message: Message, now: datetime) -> bool:
    """What it says of a visit to come may become untrue: it waits until that is settled, or until it is too late."""
    anchor, series = message.step.anchor, message.series
    if anchor in AFTER_THE_SESSION or anchor == Anchor.SESSION_CANCELLED:
        return False
    coming = series.sessions.filter(state__in=HOLDS_TIME, starts_at__gt=now)
    sessions = with_everything(coming.filter(pk=message.session_id) if message.session_id else coming)
    found = obstacles_of(sessions, surroundings_of(sessions, message.location, now=now)) if sessions else {}
    if not any(each.holds_mail for obstacles in found.values() for each in obstacles):
        return False
    message.attempts -= 1
    is_said = message.events.order_by("at", "pk").values_list("code", flat=True).last() == MessageHistory.HELD
    _wait(message, now + HELD_FOR, None if is_said else MessageHistory.HELD, now)
    return True


def _rendered(message: Message, now: datetime) -> Mail | None:
    try:
        with transaction.atomic():
            return render(message, now=now)
    except NothingToTell:
        close_one(message, MessageState.WITHDRAWN, MessageHistory.UNDONE, now)
    except Exception as fault:  # one message that cannot be written must not hold up the others
        _could_not_make(message, fault, now)
    return None


def _send(message: Message, mail: Mail, connection: BaseEmailBackend, now: datetime) -> bool:
    message.to_address = message.patient.email
    try:
        connection.send_messages([envelope(message, mail)])
    except Exception as fault:  # whatever is wrong with one mail must not hold up the others
        connection.close()
        _not_sent(message, fault, now)
        return False
    message.subject, message.body_text, message.body_html = mail.subject, mail.text, mail.html
    close_one(message, MessageState.SENT, MessageHistory.TAKEN, now)
    return True


def _not_sent(message: Message, fault: Exception, now: datetime) -> None:
    answer = _answer(fault)
    if answer is None and isinstance(fault, (smtplib.SMTPException, OSError)):
        message.may_be_doubled = True
        _try_later(message, MessageHistory.BROKE_OFF, now)
    elif answer is None:
        _could_not_make(message, fault, now)
    elif answer[0] in SERVER_BUSY:
        _try_later(message, MessageHistory.TRY_LATER, now, answer=answer[1])
    else:
        close_one(message, MessageState.FAILED, MessageHistory.REFUSED, now, answer=answer[1])


def _answer(fault: Exception) -> tuple[int, str] | None:
    """The mail server's code and words, if it gave any."""
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(fault.recipients.values()))
        return code, f"{code} {words.decode(errors='replace')}"
    if isinstance(fault, smtplib.SMTPResponseException):
        code, said = fault.smtp_code, fault.smtp_error
        return code, f"{code} {said if isinstance(said, str) else said.decode(errors='replace')}"
    return None


def _could_not_make(message: Message, fault: Exception, now: datetime) -> None:
    log.error("Message %s could not be made into a mail: %s", message.pk, type(fault).__name__)
    why, name = MessageHistory.NOT_MADE, type(fault).__name__
    if message.attempts < MOST_ATTEMPTS:
        _try_later(message, why, now, fault=name)
    else:
        close_one(message, MessageState.FAILED, why, now, fault=name)


def _try_later(message: Message, why: MessageHistory, now: datetime, **facts: str) -> None:
    pause = RETRY_AFTER[min(message.attempts, len(RETRY_AFTER)) - 1]
    _wait(message, now + pause, why, now, **facts)


def _wait(
    message: Message, until: datetime | None, why: MessageHistory | None, now: datetime, **facts: str
) -> None:
    message.state, message.leased_until = MessageState.WAITING, until
    message.save()
    if why:
        note([message], why, now, **facts)
