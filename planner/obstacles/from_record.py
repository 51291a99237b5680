"""What keeps booked sessions from beginning: consent and screening, for many sessions in a fixed number of queries.

Says that something is missing, never what a patient answered: the front desk reads it too.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.db.models import Max

from clinic.localtime import local_date
from patients.choices import ConsentKind, ScreeningEffect
from patients.models import Consent, Screening, ScreeningAnswer, ScreeningQuestion
from patients.queries import current_questions
from patients.screening_rules import ImpossibleDate, StatedAnswer, judge
from planner.choices import SessionState
from planner.models import Session


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
class _Records:
    """What stands in the records of all these patients, by patient; treatments by series."""

    consents: Mapping[int, Sequence[tuple[date, date]]]
    screened_at: Mapping[int, datetime]
    treated_at: Mapping[int, datetime]
    questions: Mapping[str, ScreeningQuestion]
    answers: Mapping[int, Sequence[tuple[StatedAnswer, bool]]]


def lacks_of(sessions: Sequence[Session], zone: ZoneInfo, *, today: date) -> dict[int, tuple[Lack, ...]]:
    """By session: what has to be settled before it can begin; sessions that lack nothing are left out.

    The sessions come with patient, series, protocol and areas, all of one clinic.
    """
    open_ones = [each for each in sessions if each.starts_at and each.state != SessionState.DONE]
    if not open_ones:
        return {}
    records = _records(open_ones)
    found = {each.pk: tuple(_lacks(each, records, zone, today)) for each in open_ones}
    return {pk: lacks for pk, lacks in found.items() if lacks}


def _lacks(session: Session, records: _Records, zone: ZoneInfo, today: date) -> Iterator[Lack]:
    assert session.starts_at is not None
    day = local_date(session.starts_at, zone)
    yield from _consent(records.consents.get(session.patient_id, ()), day, today)
    screened_at = records.screened_at.get(session.patient_id)
    if screened_at is None:
        yield Lack(Missing.NOT_SCREENED)
        return
    treated_at = records.treated_at.get(session.series_id)
    lapse_days = session.series.protocol_version.lapse_days
    if treated_at and (day - local_date(treated_at, zone)).days > lapse_days and screened_at <= treated_at:
        yield Lack(Missing.SCREEN_ANEW)
    yield from _verdict(session, records, day)


def _consent(consents: Iterable[tuple[date, date]], day: date, today: date) -> Iterator[Lack]:
    if any(since <= day <= until for since, until in consents):
        return
    last = max((until for since, until in consents if since <= today <= until), default=None)
    yield Lack(Missing.CONSENT_ENDS, last) if last else Lack(Missing.NO_CONSENT)


def _verdict(session: Session, records: _Records, day: date) -> Iterator[Lack]:
    sites = {area.site for area in session.series.areas.all()}
    counts = {code: q for code, q in records.questions.items() if not q.only_site or q.only_site in sites}
    given = [each for each in records.answers.get(session.patient_id, ()) if each[0].question.code in counts]
    patient = session.patient
    try:
        verdict = judge(
            [answer for answer, _ in given],
            questions=counts.values(),
            on=day,
            date_of_birth=patient.date_of_birth,
            skin_type=patient.skin_type,
            modality=session.series.protocol_version.protocol.modality,
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


def _records(sessions: Sequence[Session]) -> _Records:
    patients = {session.patient_id for session in sessions}
    series = {session.series_id for session in sessions}
    full = Screening.objects.filter(patient__in=patients, is_recheck=False).values_list("patient")
    done = Session.objects.filter(series__in=series, state=SessionState.DONE).values_list("series")
    questions = {each.code: each for each in current_questions(sessions[0].patient.clinic_id)}
    return _Records(
        consents=_consents(patients),
        screened_at=dict(full.order_by().annotate(Max("taken_at"))),
        treated_at=dict(done.order_by().annotate(Max("starts_at"))),
        questions=questions,
        answers=_newest_answers(patients, questions),
    )


def _consents(patients: set[int]) -> dict[int, list[tuple[date, date]]]:
    consents: defaultdict[int, list[tuple[date, date]]] = defaultdict(list)
    signed = Consent.objects.filter(patient__in=patients, kind=ConsentKind.TREATMENT, withdrawn_at=None)
    for patient_id, since, until in signed.values_list("patient_id", "valid_from", "valid_to"):
        consents[patient_id].append((since, until))
    return consents


def _newest_answers(
    patients: set[int], questions: Mapping[str, ScreeningQuestion]
) -> dict[int, list[tuple[StatedAnswer, bool]]]:
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
