"""What keeps sessions from being booked or begun: consent and screening, for many in a fixed number of queries.

One function decides, whoever asks: a booking, a move, the board, Today. It says that something is missing, never what
a patient answered: the front desk reads it too.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.db.models import Max

from clinic.localtime import local_date
from patients.choices import ConsentKind, ScreeningEffect
from patients.models import Consent, Patient, Screening, ScreeningAnswer, ScreeningQuestion
from patients.queries import current_questions
from patients.screening_rules import ImpossibleDate, StatedAnswer, judge
from planner.choices import HOLDS_TIME, SessionState
from planner.models import ProtocolVersion, Session


class Missing(StrEnum):
    NO_CONSENT = "no_consent"
    CONSENT_ENDS = "consent_ends"
    NOT_SCREENED = "not_screened"
    SCREEN_ANEW = "screen_anew"
    BLOCKED = "blocked"
    WAITS = "waits"
    ON_HOLD = "on_hold"


@dataclass(frozen=True, slots=True)
class Lack:
    """`day`: the last day of a consent, or the first on which treatment is possible."""

    kind: Missing
    day: date | None = None


@dataclass(frozen=True, slots=True)
class TreatmentDay:
    """A day on which a series treats, or would: by which protocol, which sites, and when it treated last.

    `treated_on` is the day of the session before it, if that is done.
    """

    day: date
    version: ProtocolVersion
    sites: Collection[str]
    treated_on: date | None


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """What stands in a patient's record of consents to treatment, full screenings and answers.

    `questions` are the clinic's; beside each answer stands whether it was set aside.
    """

    patient: Patient
    consents: Sequence[tuple[date, date]]
    screened_at: datetime | None
    questions: Mapping[str, ScreeningQuestion]
    answers: Sequence[tuple[StatedAnswer, bool]]


def lacks_on(planned: TreatmentDay, record: PatientRecord, zone: ZoneInfo, *, today: date) -> Iterator[Lack]:
    """What has to be settled before that day."""
    yield from _consent(record.consents, planned.day, today)
    if record.screened_at is None:
        yield Lack(Missing.NOT_SCREENED)
        return
    if _lapsed(planned, local_date(record.screened_at, zone)):
        yield Lack(Missing.SCREEN_ANEW)
    yield from _verdict(planned, record)


def _consent(consents: Iterable[tuple[date, date]], day: date, today: date) -> Iterator[Lack]:
    if any(since <= day <= until for since, until in consents):
        return
    last = max((until for since, until in consents if since <= today <= until), default=None)
    yield Lack(Missing.CONSENT_ENDS, last) if last else Lack(Missing.NO_CONSENT)


def _lapsed(planned: TreatmentDay, screened_on: date) -> bool:
    """Too long since the last treatment, and no full screening on a day after it."""
    treated_on = planned.treated_on
    if treated_on is None or screened_on > treated_on:
        return False
    return (planned.day - treated_on).days > planned.version.lapse_days


def _verdict(planned: TreatmentDay, record: PatientRecord) -> Iterator[Lack]:
    counts = {
        code: each
        for code, each in record.questions.items()
        if not each.only_site or each.only_site in planned.sites
    }
    given = [each for each in record.answers if each[0].question.code in counts]
    try:
        verdict = judge(
            [answer for answer, _ in given],
            questions=counts.values(),
            on=planned.day,
            date_of_birth=record.patient.date_of_birth,
            skin_type=record.patient.skin_type,
            modality=planned.version.protocol.modality,
            overridden={answer.question.code for answer, is_set_aside in given if is_set_aside},
        )
    except ImpossibleDate:
        yield Lack(Missing.ON_HOLD)
        return
    if verdict.effect == ScreeningEffect.BLOCK:
        yield Lack(Missing.BLOCKED)
    elif verdict.effect == ScreeningEffect.POSTPONE:
        yield Lack(Missing.WAITS, verdict.earliest)
    elif verdict.effect == ScreeningEffect.HOLD:
        yield Lack(Missing.ON_HOLD)


def lacks_of(sessions: Sequence[Session], zone: ZoneInfo, *, today: date) -> dict[int, tuple[Lack, ...]]:
    """By session: what has to be settled before it can begin; sessions that lack nothing are left out.

    The sessions come with patient, series, protocol and areas, all of one clinic.
    """
    open_ones = [each for each in sessions if each.starts_at and each.state != SessionState.DONE]
    if not open_ones:
        return {}
    records = records_of({each.patient_id: each.patient for each in open_ones})
    found = {
        session.pk: tuple(lacks_on(planned, records[session.patient_id], zone, today=today))
        for session, planned in _planned(open_ones, zone)
    }
    return {pk: lacks for pk, lacks in found.items() if lacks}


def _planned(sessions: Sequence[Session], zone: ZoneInfo) -> Iterator[tuple[Session, TreatmentDay]]:
    held: defaultdict[int, list[tuple[datetime, str]]] = defaultdict(list)
    series = {session.series_id for session in sessions}
    rows = Session.objects.filter(series__in=series, state__in=HOLDS_TIME, starts_at__isnull=False)
    for series_id, starts_at, state in rows.order_by().values_list("series", "starts_at", "state"):
        assert starts_at is not None
        held[series_id].append((starts_at, state))
    for session in sessions:
        assert session.starts_at is not None
        earlier = (each for each in held[session.series_id] if each[0] < session.starts_at)
        at, state = max(earlier, default=(None, ""))
        treated_on = local_date(at, zone) if at and state == SessionState.DONE else None
        sites = {area.site for area in session.series.areas.all()}
        day, version = local_date(session.starts_at, zone), session.series.protocol_version
        yield session, TreatmentDay(day, version, sites, treated_on)


def records_of(patients: Mapping[int, Patient]) -> dict[int, PatientRecord]:
    """Of patients of one clinic, by id: four queries, or five where an answer was to an older question."""
    full = Screening.objects.filter(patient__in=patients, is_recheck=False).values_list("patient")
    screened_at = dict(full.order_by().annotate(Max("taken_at")))
    clinic_id = next(iter(patients.values())).clinic_id
    questions = {each.code: each for each in current_questions(clinic_id)}
    consents, answers = _consents(patients), _newest_answers(patients, questions)
    return {
        pk: PatientRecord(patient, consents[pk], screened_at.get(pk), questions, answers[pk])
        for pk, patient in patients.items()
    }


def _consents(patients: Collection[int]) -> defaultdict[int, list[tuple[date, date]]]:
    consents: defaultdict[int, list[tuple[date, date]]] = defaultdict(list)
    signed = Consent.objects.filter(patient__in=patients, kind=ConsentKind.TREATMENT, withdrawn_at=None)
    for patient_id, since, until in signed.values_list("patient_id", "valid_from", "valid_to"):
        consents[patient_id].append((since, until))
    return consents


def _newest_answers(
    patients: Collection[int], questions: Mapping[str, ScreeningQuestion]
) -> defaultdict[int, list[tuple[StatedAnswer, bool]]]:
    """The newest answer to each question as in `patients.queries`, and whether it was set aside."""
    answers: defaultdict[int, list[tuple[StatedAnswer, bool]]] = defaultdict(list)
    rows = (
        ScreeningAnswer.objects.filter(screening__patient__in=patients, question__code__in=questions)
        .order_by("screening__patient", "question__code", "-screening__taken_at", "-screening_id")
        .distinct("screening__patient", "question__code")
        .values_list(
            "screening__patient", "question_id", "question__code", "said_yes", "event_date", "override"
        )
    )
    versions = {question.pk: question for question in questions.values()}
    versions |= ScreeningQuestion.objects.in_bulk({row[1] for row in rows} - versions.keys())
    for patient_id, question_id, _code, said_yes, event_date, override in rows:
        answer = StatedAnswer(versions[question_id], said_yes, event_date)
        answers[patient_id].append((answer, override is not None))
    return answers
