"""A patient's page as a value: the series as lines in time, then everything that happened."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain

from django.db.models import QuerySet

from clinic.localtime import local_date
from clinic.models import StaffMember
from clinic.permissions import Right
from patients.models import Patient, Photo
from patients.screening_rules import Verdict
from planner.choices import MessageState
from planner.models import Message, Series
from planner.obstacles.of_sessions import surroundings_of
from planner.obstacles.patient_record import PatientRecord, records_of
from planner.pages.obstacle_strip import ObstacleStrip, obstacle_strip
from planner.pages.patient_history import TOLD, HistoryEntry, clinical_record, story_of
from planner.pages.series_card import SeriesCard, series_card, series_of

GROUPS = ("sessions", "record", "mails")
ENTRIES, WAITING, PHOTOS = 40, 5, 4


@dataclass(frozen=True, slots=True)
class PatientPage:
    """`shown` is the group of entries that is asked for, `hidden` counts the older ones that are not shown."""

    patient: Patient
    age: int
    all_series: tuple[SeriesCard, ...]
    strips: tuple[ObstacleStrip, ...]
    is_assessed: bool
    verdict: Verdict
    consent_until: date | None
    entries: tuple[HistoryEntry, ...]
    hidden: int
    shown: str
    waiting: tuple[Message, ...]
    photos: tuple[Photo, ...]


def patient_page(
    patient: Patient, staff: StaffMember, *, shown: str, shows_all: bool, now: datetime
) -> PatientPage:
    """Twelve statements at most, the patient and the sign-in included, however long the history."""
    today, mails = local_date(now, staff.location.zone), list(_mails_of(patient))
    record = clinical_record(patient) if staff.may(Right.SEE_RECORD) else None
    story = [each for each in story_of(patient, staff, record, mails) if shown in ("", each.group)]
    entries = story if shows_all else story[:ENTRIES]
    found = series_of(patient)
    all_series = tuple(series_card(each, today) for each in found)
    records = records_of([patient])
    standing = records[patient.pk]
    waiting = sorted(
        (each for each in mails if each.state == MessageState.WAITING), key=lambda each: each.due_at
    )
    return PatientPage(
        patient=patient,
        age=patient.age_on(today),
        all_series=all_series,
        strips=tuple(_strips(found, staff, records, now)),
        is_assessed=bool(all_series) or standing.judged_at is not None,
        verdict=standing.verdict(today),
        consent_until=standing.consent_until(today),
        entries=tuple(entries),
        hidden=len(story) - len(entries),
        shown=shown,
        waiting=tuple(waiting[:WAITING]),
        photos=record.photos[:PHOTOS] if record else (),
    )


def _strips(
    found: Sequence[Series], staff: StaffMember, records: Mapping[int, PatientRecord], now: datetime
) -> Iterator[ObstacleStrip]:
    """One for each location at which the patient has sessions: hours and resources are its own."""
    for location in {each.location_id: each.location for each in found}.values():
        sessions = chain(*(each.sessions.all() for each in found if each.location_id == location.pk))
        to_come = sorted(sessions, key=lambda each: (each.starts_at is None, each.starts_at or now, each.pk))
        around = surroundings_of(to_come, location, now=now, records=records)
        yield obstacle_strip(to_come, around, staff)


def _mails_of(patient: Patient) -> QuerySet[Message]:
    """Those that were sent or could not be, and those that wait."""
    mails = patient.messages.filter(state__in=(*TOLD, MessageState.WAITING)).select_related("step")
    return mails.only("closed_at", "due_at", "subject", "state", "patient", "step__subject", "step__title")
