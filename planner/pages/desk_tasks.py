"""What waits for somebody: what stands in the way of the coming days and was left open, each with its next step."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.localtime import local_date, weekday_label
from clinic.models import StaffMember
from clinic.permissions import Right
from patients.models import Patient
from planner.choices import MessageState, SessionState
from planner.models import Message, Session
from planner.obstacles.obstacle import Obstacle, ObstacleCode
from planner.obstacles.of_sessions import Surroundings, obstacles_of
from planner.obstacles.patient_record import PatientRecord
from planner.obstacles.words import cause_of, chip_of, n_of_m, next_step, sentence_of
from planner.outbox.message_lists import failed_messages
from planner.pages.day_row import DayRow

AHEAD = timedelta(days=7)
"""How far ahead it is looked for what a session lacks: long enough to act, short enough to be read."""
URGENT_DAYS, CLOSE_DAYS = 14, 7
"""Until the longest gap ends: from when a session without a place stands open, and from when it is pressing."""
FAILED_MAILS = timedelta(days=7)
ADRIFT = (ObstacleCode.NO_TIME, ObstacleCode.TOO_LATE)
UNLISTED = (*ADRIFT, ObstacleCode.SET_ASIDE)
"""Told apart, or settled by somebody already: shown beside the session, it waits for nobody."""


@dataclass(frozen=True, slots=True)
class DeskTask:
    """One thing to do: a patient's name, what is the matter, and the next step."""

    icon: str
    tone: str
    patient: Patient
    sentence: str
    url: str = ""
    label: str = ""
    cause: str = ""

    @classmethod
    def of(
        cls, obstacle: Obstacle, session: Session, staff: StaffMember, today: date, tone: str = ""
    ) -> Self:
        chip, step, zone = chip_of(obstacle), next_step(obstacle, session, staff), staff.location.zone
        return cls(
            icon=chip.icon,
            tone=tone or chip.tone,
            patient=session.patient,
            sentence=sentence_of(obstacle, session, zone, today=today, staff=staff),
            url=step.url,
            label=step.label,
            cause=cause_of(obstacle, session, zone),
        )


@dataclass(frozen=True, slots=True)
class DeskCause:
    """Several sessions that one thing stands in the way of."""

    icon: str
    tone: str
    sentence: str
    tasks: tuple[DeskTask, ...]


@dataclass(frozen=True, slots=True)
class DeskTasks:
    """`causes` and `urgent` stand open; `later` are behind a fold; `unconfirmed` are the booked of the next day."""

    causes: tuple[DeskCause, ...]
    urgent: list[DeskTask]
    later: list[DeskTask]
    unconfirmed: list[Session]
    unconfirmed_day: date | None
    unconfirmed_of: int

    @property
    def count(self) -> int:
        return len(self.causes) + len(self.urgent) + bool(self.unconfirmed)

    def patient_ids(self) -> set[int]:
        tasks = [*self.urgent, *self.later, *(task for cause in self.causes for task in cause.tasks)]
        return {session.patient_id for session in self.unconfirmed} | {task.patient.pk for task in tasks}

    @property
    def unconfirmed_sentence(self) -> str:
        n, day = len(self.unconfirmed), self.unconfirmed_day
        said = ngettext(
            "%(n)s of %(all)s has not confirmed %(day)s.", "%(n)s of %(all)s have not confirmed %(day)s.", n
        )
        return said % {"n": n, "all": self.unconfirmed_of, "day": weekday_label(day) if day else ""}


def needs_of_the_desk(
    staff: StaffMember,
    left: Sequence[Session],
    adrift: Sequence[Session],
    rows: Sequence[DayRow],
    around: Surroundings,
) -> DeskTasks:
    """Most pressing first. `left` are open sessions of earlier days, `adrift` those without a time, or too late.

    `rows` are the sessions from today to `AHEAD`.
    """
    drifts = sorted(_drifts(adrift, around), key=_last_day)
    pressing = [drift for drift in drifts if _is_urgent(*drift, around.today)]
    urgent = [_drift_task(*drift, staff, around.today) for drift in pressing]
    urgent += _unanswered(left, around, staff)
    urgent += _unready(rows, staff, around.today)
    urgent += _unsent(staff, around.now)
    causes, urgent = _by_cause(urgent)
    later = [row for row in rows if local_date(row.starts_at, around.zone) > around.today]
    day = local_date(later[0].starts_at, around.zone) if later else None
    that_day = [row.session for row in later if local_date(row.starts_at, around.zone) == day]
    return DeskTasks(
        causes=causes,
        urgent=urgent,
        later=[_drift_task(*drift, staff, around.today) for drift in drifts if drift not in pressing],
        unconfirmed=[each for each in that_day if each.state == SessionState.BOOKED],
        unconfirmed_day=day,
        unconfirmed_of=len(that_day),
    )


def _by_cause(tasks: Iterable[DeskTask]) -> tuple[tuple[DeskCause, ...], list[DeskTask]]:
    """What has one cause is told together, and the rest one by one."""
    together: defaultdict[str, list[DeskTask]] = defaultdict(list)
    for task in tasks:
        together[task.cause or f"{id(task)}"].append(task)
    causes = tuple(
        DeskCause(several[0].icon, several[0].tone, cause, tuple(several))
        for cause, several in together.items()
        if len(several) > 1
    )
    return causes, [several[0] for several in together.values() if len(several) == 1]


def _drifts(adrift: Sequence[Session], around: Surroundings) -> Iterator[tuple[Session, Obstacle]]:
    found = obstacles_of(adrift, around)
    for session in adrift:
        yield from ((session, each) for each in found.get(session.pk, ()) if each.code in ADRIFT)


def _last_day(drift: tuple[Session, Obstacle]) -> tuple[date, int]:
    session, obstacle = drift
    return obstacle.facts.get("last_day", date.max), session.pk


def _is_urgent(session: Session, obstacle: Obstacle, today: date) -> bool:
    left = _days_left(obstacle, today)
    return (
        session.state in (SessionState.NO_SHOW, SessionState.RELEASED) or left is None or left <= URGENT_DAYS
    )


def _days_left(obstacle: Obstacle, today: date) -> int | None:
    last_day: date | None = obstacle.facts.get("last_day")
    return (last_day - today).days if last_day else None


def _drift_task(session: Session, obstacle: Obstacle, staff: StaffMember, today: date) -> DeskTask:
    left = _days_left(obstacle, today)
    is_close = left is not None and left < CLOSE_DAYS
    return DeskTask.of(obstacle, session, staff, today, tone="stop" if is_close else "")


def _unanswered(left: Sequence[Session], around: Surroundings, staff: StaffMember) -> Iterator[DeskTask]:
    found = obstacles_of(left, around)
    for session in left:
        for obstacle in found.get(session.pk, ()):
            if obstacle.code == ObstacleCode.NOT_ENDED:
                yield DeskTask.of(obstacle, session, staff, around.today)


def _unready(rows: Iterable[DayRow], staff: StaffMember, today: date) -> Iterator[DeskTask]:
    """For each who can remove it what stops a session first, and what is to be known of it.

    Today's list says by itself what the record lacks.
    """
    zone = staff.location.zone
    for row in rows:
        is_today = local_date(row.starts_at, zone) == today
        stopping = {each.remover: each for each in reversed(row.obstacles) if each.stops}.values()
        known = [each for each in row.obstacles if not each.stops and each.code not in UNLISTED]
        for obstacle in (*stopping, *known):
            if not is_today or obstacle.remover == Right.BOOK:
                yield DeskTask.of(obstacle, row.session, staff, today)


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
    left: Sequence[Session],
    mine: Sequence[DayRow],
    around: Surroundings,
) -> list[DeskTask]:
    """What only a clinician can settle: records left open, checks that fail, visits before which to judge.

    `left` are her open sessions of earlier days, `mine` those from today to `AHEAD`.
    """
    found = obstacles_of(left, around)
    unfinished = [
        DeskTask.of(obstacle, session, staff, around.today)
        for session in left
        for obstacle in found.get(session.pk, ())
        if obstacle.code == ObstacleCode.RECORD_OPEN
    ]
    to_come = [row.session for row in mine if row.is_to_come or row.session.state == SessionState.ARRIVED]
    return [*unfinished, *_to_settle(mine, staff, around.today), *_to_judge(to_come, around.records, staff)]


def _to_settle(mine: Sequence[DayRow], staff: StaffMember, today: date) -> Iterator[DeskTask]:
    for row in mine:
        stopping = (each for each in row.obstacles if each.stops and staff.may(each.remover))
        for obstacle in [*stopping][:1]:
            yield DeskTask.of(obstacle, row.session, staff, today)


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
