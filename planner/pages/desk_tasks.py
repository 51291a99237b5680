"""What waits for somebody, each with its answer as a link that works."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.localtime import day_bounds, local_date, moment_label, weekday_label
from clinic.models import Resource, StaffMember
from clinic.permissions import Right
from patients.choices import ConsentKind
from patients.models import Patient
from planner.choices import MessageState, SessionState
from planner.models import Message, Session
from planner.obstacles.from_record import Lack, Missing
from planner.obstacles.patient_record import PatientRecord
from planner.outbox.message_lists import failed_messages
from planner.pages.day_row import LACK_CHIPS, DayRow, lack_sentence, n_of_m
from planner.schedule.drift import Drift
from planner.schedule.sessions import HERE, left_open

AHEAD = timedelta(days=7)
"""How far ahead it is looked for what a session lacks: long enough to act, short enough to be read."""
URGENT_DAYS, CLOSE_DAYS = 14, 7
"""Until the longest gap ends: from when a session without a place stands open, and from when it is pressing."""
FAILED_MAILS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class DeskTask:
    """One thing to do: a patient's name, what is the matter, and the answer. `session` may be confirmed at once."""

    icon: str
    tone: str
    patient: Patient
    sentence: str
    url: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class DeskTasks:
    """`urgent` stand open; `later` are behind a fold; `unconfirmed` are the booked ones of the next day."""

    urgent: list[DeskTask]
    later: list[DeskTask]
    unconfirmed: list[Session]
    unconfirmed_day: date | None
    unconfirmed_of: int

    @property
    def count(self) -> int:
        return len(self.urgent) + bool(self.unconfirmed)

    def patient_ids(self) -> set[int]:
        unconfirmed = {session.patient_id for session in self.unconfirmed}
        return unconfirmed | {task.patient.pk for task in (*self.urgent, *self.later)}

    @property
    def unconfirmed_sentence(self) -> str:
        n, day = len(self.unconfirmed), self.unconfirmed_day
        said = ngettext(
            "%(n)s of %(all)s has not confirmed %(day)s.", "%(n)s of %(all)s have not confirmed %(day)s.", n
        )
        return said % {"n": n, "all": self.unconfirmed_of, "day": weekday_label(day) if day else ""}


def needs_of_the_desk(
    staff: StaffMember, adrift: Sequence[Drift], rows: Sequence[DayRow], *, today: date, now: datetime
) -> DeskTasks:
    """`rows` are the sessions from tomorrow to `AHEAD`."""
    urgent = [need_of(drift, staff) for drift in adrift if _is_urgent(drift)]
    urgent += _unanswered(staff, today)
    urgent += _unready(rows, staff)
    urgent += _unsent(staff, now)
    day = local_date(rows[0].starts_at, staff.location.zone) if rows else None
    that_day = [row.session for row in rows if local_date(row.starts_at, staff.location.zone) == day]
    return DeskTasks(
        urgent=urgent,
        later=[need_of(drift, staff) for drift in adrift if not _is_urgent(drift)],
        unconfirmed=[each for each in that_day if each.state == SessionState.BOOKED],
        unconfirmed_day=day,
        unconfirmed_of=len(that_day),
    )


def _is_urgent(drift: Drift) -> bool:
    return (
        drift.session.state == SessionState.NO_SHOW
        or drift.days_left is None
        or drift.days_left <= URGENT_DAYS
    )


def need_of(drift: Drift, staff: StaffMember) -> DeskTask:
    session = drift.session
    is_close = drift.days_left is not None and drift.days_left < CLOSE_DAYS
    url, label = _answer(session, staff)
    return DeskTask(
        icon="octagon-x" if is_close else "triangle-alert",
        tone="stop" if is_close else "warn",
        patient=session.patient,
        sentence=" ".join(filter(None, [_what(drift, staff), _by_when(drift)])),
        url=url,
        label=label,
    )


def _answer(session: Session, staff: StaffMember) -> tuple[str, str]:
    if not staff.may(Right.BOOK):
        return reverse("session", args=[session.pk]), _("Open the session")
    url = reverse("session_move", args=[session.pk])
    is_placed = session.state in (SessionState.BOOKED, SessionState.CONFIRMED)
    return url, _("Move it") if is_placed else _("Find a time")


def _what(drift: Drift, staff: StaffMember) -> str:
    session, zone = drift.session, staff.location.zone
    which = n_of_m(session)
    if session.state == SessionState.PLANNED or session.starts_at is None:
        return _("Session %(which)s has no place.") % {"which": which}
    facts = {"which": which, "day": weekday_label(local_date(session.starts_at, zone))}
    if session.state == SessionState.NO_SHOW:
        return _("Did not come to session %(which)s on %(day)s; it has no new time.") % facts
    return _("Session %(which)s on %(day)s is later than the longest gap allows.") % facts


def _by_when(drift: Drift) -> str:
    if drift.last_day is None or drift.days_left is None:
        return ""
    day = {"day": weekday_label(drift.last_day)}
    if drift.days_left < 0:
        return _("The longest gap ended on %(day)s.") % day
    return _("It should be by %(day)s.") % day


def _unanswered(staff: StaffMember, today: date) -> Iterator[DeskTask]:
    location = staff.location
    for session in left_open(location, day_bounds(today, location.zone)[0]):
        if session.state not in HERE and session.starts_at:
            when = {"when": moment_label(session.starts_at, location.zone), "which": n_of_m(session)}
            yield DeskTask(
                "circle-question-mark",
                "warn",
                session.patient,
                _("Session %(which)s was on %(when)s, and nobody said what became of it.") % when,
                reverse("session", args=[session.pk]),
                _("Say it"),
            )


def _unready(rows: Iterable[DayRow], staff: StaffMember) -> Iterator[DeskTask]:
    for row in rows:
        for lack in row.lacks[:1]:
            url, label = _settle(lack, row.session, staff)
            chip = LACK_CHIPS[lack.kind]
            sentence = lack_sentence(lack, row.session, staff.location)
            yield DeskTask(chip.icon, chip.tone, row.session.patient, sentence, url, label)


def _settle(lack: Lack, session: Session, staff: StaffMember) -> tuple[str, str]:
    """Where it is settled, for those who may; the others see the session."""
    if not staff.may(Right.WRITE_RECORD):
        return reverse("session", args=[session.pk]), _("Open the session")
    if lack.kind in (Missing.NO_CONSENT, Missing.CONSENT_ENDS):
        return reverse("consent", args=[session.patient_id, ConsentKind.TREATMENT]), _("Have it signed")
    if lack.kind in (Missing.NOT_SCREENED, Missing.SCREEN_ANEW):
        return reverse("screening", args=[session.patient_id]), _("Screen")
    return reverse("screening", args=[session.patient_id]), _("Look and decide")


def _unsent(staff: StaffMember, now: datetime) -> Iterator[DeskTask]:
    """One per patient; where it is several mails, they stand together in the outbox."""
    by_patient: dict[Patient, list[Message]] = {}
    for message in failed_messages(staff.location, now - FAILED_MAILS):
        by_patient.setdefault(message.patient, []).append(message)
    for patient, failed in by_patient.items():
        n, outbox = len(failed), {"state": MessageState.FAILED.value, "patient": patient.pk}
        yield DeskTask(
            "mail-x",
            "info",
            patient,
            ngettext("A mail could not be sent.", "%(n)s mails could not be sent.", n) % {"n": n},
            reverse("message", args=[failed[0].pk]) if n == 1 else reverse("messages", query=outbox),
            _("See why"),
        )


def decisions(
    staff: StaffMember,
    own: Resource,
    mine: Sequence[DayRow],
    records: Mapping[int, PatientRecord],
    *,
    today: date,
) -> list[DeskTask]:
    """What only a clinician can settle: records left open, checks that fail, visits before which to judge.

    `mine` are her sessions from today to `AHEAD`, `records` those of their patients.
    """
    to_come = [row.session for row in mine if row.is_to_come or row.session.state == SessionState.ARRIVED]
    return [*_unfinished(staff, own, today), *_unready(mine, staff), *_to_judge(to_come, records, staff)]


def _unfinished(staff: StaffMember, own: Resource, today: date) -> Iterator[DeskTask]:
    location = staff.location
    before = day_bounds(today, location.zone)[0]
    for session in left_open(location, before, practitioner=own):
        if session.state in HERE and session.starts_at:
            when = {
                "which": n_of_m(session),
                "day": weekday_label(local_date(session.starts_at, location.zone)),
            }
            yield DeskTask(
                "clipboard-pen",
                "warn",
                session.patient,
                _("The record of session %(which)s on %(day)s is not finished.") % when,
                reverse("session", args=[session.pk]),
                _("Finish it"),
            )


def _to_judge(
    sessions: Iterable[Session], records: Mapping[int, PatientRecord], staff: StaffMember
) -> Iterator[DeskTask]:
    """Sessions before which the protocol wants the marks judged, where that was not done since the last one."""
    for session in sessions:
        record = records[session.patient_id]
        treated_at = record.treated_last(session.series_id)
        is_judged = treated_at and record.judged_at and record.judged_at > treated_at
        is_due = session.series.protocol_version.interim_review_before == session.number
        if session.starts_at and is_due and not is_judged:
            day = weekday_label(local_date(session.starts_at, staff.location.zone))
            yield DeskTask(
                "clipboard-list",
                "info",
                session.patient,
                _("Judge the marks before session %(which)s on %(day)s.")
                % {"which": n_of_m(session), "day": day},
                reverse("assess", args=[session.patient_id]),
                _("Judge"),
            )
