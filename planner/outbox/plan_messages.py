"""The outbox: the mails that a booking, a change, a cancellation or a finished session calls for.

The rows are the queue. They are written and withdrawn in the caller's transaction, which has locked the
series and its sessions; `delivery.py` sends them. News about dates belongs to the series and says at sending what
changed since the patient was last told, so that changes within the minutes of grace make one mail, or none.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from clinic.actor import Actor
from clinic.errors import Refusal
from clinic.models import Location
from clinic.services.once import once
from planner.choices import HOLDS_TIME, OVER, Anchor, MessageHistory, MessageState
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
    outbox = _Outbox.of(series, now)
    outbox.prepare({session.pk for session in outbox.sessions})
    outbox.announce(Anchor.SERIES_BOOKED)
    outbox.write()


def messages_for_change(series: Series, sessions: Iterable[Session], *, now: datetime) -> None:
    """Withdraw what waits for the earlier times of `sessions`, plan it anew, and tell the patient once.

    A confirmation that has not left is replaced by one with the new dates.
    """
    outbox = _Outbox.of(series, now)
    versions: dict[int | None, int] = {session.pk: session.version for session in sessions}
    outdated = (each for each in outbox.open_for(versions) if each.about_version < versions[each.session_id])
    outbox.withdraw(outdated, MessageHistory.SESSION_MOVED)
    outbox.prepare(versions.keys())
    outbox.announce(Anchor.SESSION_MOVED)
    outbox.write()


def messages_for_cancellation(series: Series, sessions: Collection[Session], *, now: datetime) -> None:
    """Withdraw what waits for the sessions, and tell the patient once of those that were still to come."""
    outbox = _Outbox.of(series, now)
    outbox.withdraw(outbox.open_for({session.pk for session in sessions}), MessageHistory.SESSION_CANCELLED)
    if any(session.starts_at is None or session.starts_at > now for session in sessions):
        outbox.announce(Anchor.SESSION_CANCELLED)
    outbox.write()


def messages_for_release(series: Series, session: Session, *, now: datetime) -> None:
    """Withdraw what waits for the session; the patient, who gave the time back, is not told of it."""
    outbox = _Outbox.of(series, now)
    outbox.withdraw(outbox.open_for({session.pk}), MessageHistory.TIME_RELEASED)
    outbox.write()


def messages_for_completion(session: Session, *, now: datetime) -> None:
    """Aftercare from the end of the treatment, or from its planned end where the record was finished later.

    When no session of the series is left to come, the steps after the last one follow.
    """
    outbox = _Outbox.of(session.series, now)
    is_last = all(each.state in OVER for each in outbox.sessions if each.pk != session.pk)
    outbox.plan([session], outbox.steps_at(*AFTER_THE_SESSION, is_last=is_last))
    outbox.write()


@once
def send_now(message_id: int, *, by: Actor, key: str, now: datetime) -> Message:
    """Let a waiting message leave with the next delivery, quiet hours or not, or try a failed one again."""
    message = _locked(message_id, MessageState.WAITING, MessageState.FAILED)
    if now >= message.expires_at:
        raise MessageTooLate(until=message.expires_at)
    message.state, message.due_at = MessageState.WAITING, now
    message.leased_until, message.attempts, message.closed_at = None, 0, None
    message.save()
    note([message], MessageHistory.SEND_NOW, now, name=by.name)
    return message


@once
def withdraw(message_id: int, *, by: Actor, key: str, now: datetime, why: str) -> Message:
    """Take a message back before it leaves; one that is being sent at this moment is waited for.

    One that could not be sent is put aside by it: somebody has told the patient otherwise.
    """
    message = _locked(message_id, *OPEN, MessageState.FAILED, MessageState.MISSED)
    if why:
        close_one(
            message, MessageState.WITHDRAWN, MessageHistory.WITHDRAWN_BECAUSE, now, name=by.name, why=why
        )
    else:
        close_one(message, MessageState.WITHDRAWN, MessageHistory.WITHDRAWN_BY, now, name=by.name)
    return message


def close_one(
    message: Message, state: MessageState, what: MessageHistory, now: datetime, /, **facts: str
) -> None:
    message.state, message.closed_at, message.leased_until = state, now, None
    message.save()
    note([message], what, now, **facts)


def note(messages: Iterable[Message], what: MessageHistory, now: datetime, /, **facts: str) -> None:
    """Add a line to the history of each."""
    MessageEvent.objects.bulk_create(line(message, what, now, **facts) for message in messages)


def line(message: Message, what: MessageHistory, now: datetime, /, **facts: str) -> MessageEvent:
    """One line of the history, not yet saved; what a mail server says is cut where it gets long."""
    short = {name: fact[:300] for name, fact in facts.items()}
    return MessageEvent(message=message, at=now, state=message.state, code=what, facts=short)


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


@dataclass(frozen=True, slots=True)
class _Outbox:
    """All messages of a series, read and locked once, beside its sessions and steps; what changes is written at once.

    So the number of statements depends on neither sessions nor steps.
    """

    series: Series
    now: datetime
    sessions: tuple[Session, ...]
    steps: tuple[AftercareStep, ...]
    messages: tuple[Message, ...]
    withdrawn: list[MessageEvent] = field(default_factory=list)
    planned: list[Message] = field(default_factory=list)

    @classmethod
    def of(cls, series: Series, now: datetime) -> Self:
        sessions = series.sessions.select_related("location").order_by("starts_at", "number")
        steps = AftercareStep.objects.filter(version=series.protocol_version_id, is_active=True)
        known = ("series", "session", "step__anchor", "about_version", "state")
        messages = series.messages.select_related("step").only(*known).order_by("pk")
        locked = messages.select_for_update(no_key=True, of=("self",))
        return cls(series, now, tuple(sessions), tuple(steps), tuple(locked))

    def open_for(self, sessions: Container[int | None]) -> Iterator[Message]:
        """What waits or is being sent about one of the sessions; about none of them if that is `None`."""
        yield from (each for each in self.messages if each.session_id in sessions and each.state in OPEN)

    def withdraw(self, messages: Iterable[Message], why: MessageHistory) -> None:
        for message in messages:
            message.state = MessageState.WITHDRAWN
            self.withdrawn.append(line(message, why, self.now))

    def announce(self, anchor: Anchor) -> None:
        """One mail about dates, in place of one of its kind or of a confirmation that has not left."""
        waiting = list(self.open_for({None}))
        if any(message.step.anchor == Anchor.SERIES_BOOKED for message in waiting):
            anchor = Anchor.SERIES_BOOKED
        replaced = (message for message in waiting if message.step.anchor == anchor)
        self.withdraw(replaced, MessageHistory.REPLACED)
        ahead = [each for each in self.sessions if each.starts_at and each.starts_at > self.now]
        if anchor == Anchor.SERIES_BOOKED and not any(each.state in HOLDS_TIME for each in ahead):
            return
        for step in self.steps_at(anchor)[:1]:
            place = self.series.location
            leaves = self.now + timedelta(minutes=place.grace_minutes)
            visit = visit_of(ahead[0], leaves) if ahead else _no_visit(place, leaves)
            self._add(_row(self.series, None, step, self._news_version(step), visit, self.now))

    def prepare(self, sessions: Container[int | None]) -> None:
        """Plan what leaves before those of the sessions that are still to come."""
        ahead = (s for s in self.sessions if s.state in HOLDS_TIME and s.starts_at and s.starts_at > self.now)
        self.plan((s for s in ahead if s.pk in sessions), self.steps_at(Anchor.SESSION_START))

    def plan(self, sessions: Iterable[Session], steps: Sequence[AftercareStep]) -> None:
        """The steps of each session in its present version, but for those that are planned already."""
        known = {(each.session_id, each.step_id, each.about_version) for each in self.messages}
        for session in sessions:
            visit = visit_of(session, self.now)
            for step in steps:
                if (session.pk, step.pk, session.version) not in known:
                    self._add(_row(self.series, session, step, session.version, visit, self.now))

    def steps_at(self, *anchors: Anchor, is_last: bool = False) -> tuple[AftercareStep, ...]:
        """Those that this patient gets."""
        steps = (step for step in self.steps if step.anchor in anchors)
        return steps_for(steps, skin_type=self.series.patient.skin_type, is_last=is_last)

    def write(self) -> None:
        gone = [line.message_id for line in self.withdrawn]
        if gone:
            closed = {"state": MessageState.WITHDRAWN, "closed_at": self.now, "leased_until": None}
            Message.objects.filter(pk__in=gone).update(**closed)
        Message.objects.bulk_create(self.planned)
        lines = (line(message, MessageHistory.PLANNED, self.now) for message in self.planned)
        MessageEvent.objects.bulk_create([*self.withdrawn, *lines])

    def _news_version(self, step: AftercareStep) -> int:
        told = (
            each.about_version for each in self.messages if (each.session_id, each.step_id) == (None, step.pk)
        )
        return max(self.series.version, max(told, default=0) + 1)

    def _add(self, message: Message | None) -> None:
        if message:
            self.planned.append(message)


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


def _locked(message_id: int, *states: MessageState) -> Message:
    message = Message.objects.select_for_update(no_key=True).get(pk=message_id)
    if message.state not in states:
        raise MessageClosed(state=message.get_state_display())
    return message
