"""What stands in the records of many patients about being treated on a day, read in three statements."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from clinic.nested import Row, nested
from patients.choices import ConsentKind
from patients.models import Assessment, Consent, Patient, Screening, ScreeningAnswer, ScreeningQuestion
from patients.screening_rules import StatedAnswer, Verdict, judge
from planner.choices import HOLDS_TIME, SessionState
from planner.models import Session


@dataclass(frozen=True, slots=True)
class Held:
    """A session that holds its time, or held it and is done."""

    starts_at: datetime
    is_done: bool


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """Of one patient: `consents` for treatment, newest first, from and to; `held` by series, in the order of time.

    `screened_at` is the last full screening, `asked_at` the last round of any kind, `judged_at` the last assessment.
    """

    patient: Patient
    consents: tuple[tuple[date, date], ...]
    screened_at: datetime | None
    asked_at: datetime | None
    judged_at: datetime | None
    held: Mapping[int, Sequence[Held]]
    questions: tuple[ScreeningQuestion, ...]
    answers: tuple[tuple[StatedAnswer, bool], ...]

    def consent_until(self, day: date) -> date | None:
        """The last day of the newest consent that is good on `day`."""
        return next((until for since, until in self.consents if since <= day <= until), None)

    def treated_last(self, series_id: int) -> datetime | None:
        """When the last session of the series that is done began."""
        return max((each.starts_at for each in self.held.get(series_id, ()) if each.is_done), default=None)

    def treated_before(self, series_id: int, at: datetime) -> datetime | None:
        """When the session before `at` began, if that is done; one that is still to come lies between otherwise."""
        earlier = [each for each in self.held.get(series_id, ()) if each.starts_at < at]
        return earlier[-1].starts_at if earlier and earlier[-1].is_done else None

    def verdict(self, on: date, *, sites: Collection[str] = (), modality: str | None = None) -> Verdict:
        """Whether needling these sites is possible on a day, by the newest answer to each question.

        Refuses a day before something told of (`ImpossibleDate`).
        """
        counts = [
            each for each in self.questions if not (sites and each.only_site) or each.only_site in sites
        ]
        codes = {question.code for question in counts}
        given = [each for each in self.answers if each[0].question.code in codes]
        return judge(
            [answer for answer, _ in given],
            questions=counts,
            on=on,
            date_of_birth=self.patient.date_of_birth,
            skin_type=self.patient.skin_type,
            modality=modality,
            overridden={answer.question.code for answer, is_set_aside in given if is_set_aside},
        )


def records_of(patients: Iterable[Patient]) -> dict[int, PatientRecord]:
    """By patient; all are of one clinic."""
    known = {patient.pk: patient for patient in patients}
    if not known:
        return {}
    given = list(_newest_answers().filter(screening__patient__in=known))
    questions = _questions(next(iter(known.values())).clinic_id, {row[1] for row in given})
    no = {pk: (StatedAnswer(question, False), False) for pk, question in questions.items()}
    answers: defaultdict[int, list[tuple[StatedAnswer, bool]]] = defaultdict(list)
    for patient_id, pk, said_yes, event_date, override in given:
        yes = said_yes and (StatedAnswer(questions[pk], True, event_date), override is not None)
        answers[patient_id].append(yes or no[pk])
    current = tuple(question for question in questions.values() if question.is_current)
    return {
        row["pk"]: _record(known[row["pk"]], row, current, tuple(answers[row["pk"]]))
        for row in _with_records().filter(pk__in=known)
    }


@cache
def _newest_answers() -> "QuerySet[ScreeningAnswer, tuple[Any, ...]]":
    """To each question, in whichever round it was given. Never evaluated itself, as below."""
    order = ("screening__patient", "question__code", "-screening__taken_at", "-screening_id")
    newest = ScreeningAnswer.objects.order_by(*order).distinct("screening__patient", "question__code")
    return newest.values_list("screening__patient", "question_id", "said_yes", "event_date", "override")


@cache
def _with_records() -> "QuerySet[Patient, Any]":
    """Never evaluated itself; kept because describing it takes as long as asking it."""
    of_patient = {"patient": OuterRef("pk")}
    consents = Consent.objects.filter(**of_patient, kind=ConsentKind.TREATMENT, withdrawn_at=None)
    rounds = Screening.objects.filter(**of_patient).order_by("-taken_at").values("taken_at")
    held = Session.objects.filter(**of_patient, state__in=HOLDS_TIME, starts_at__isnull=False)
    judged = Assessment.objects.filter(**of_patient).order_by("-taken_at").values("taken_at")
    return Patient.objects.order_by().values(
        "pk",
        consented=nested(consents.order_by("-signed_at", "-pk"), "valid_from", "valid_to"),
        screened_at=Subquery(rounds.filter(is_recheck=False)[:1]),
        asked_at=Subquery(rounds[:1]),
        judged_at=Subquery(judged[:1]),
        held=nested(held.order_by("starts_at"), "series_id", "starts_at", "state"),
    )


def _questions(clinic_id: int, asked: Collection[int]) -> dict[int, ScreeningQuestion]:
    """The clinic's current ones in order, and what was asked before they were changed."""
    is_current = Q(clinic=clinic_id, is_current=True)
    return {each.pk: each for each in ScreeningQuestion.objects.filter(is_current | Q(pk__in=asked))}


def _record(
    patient: Patient,
    row: Row,
    questions: tuple[ScreeningQuestion, ...],
    answers: tuple[tuple[StatedAnswer, bool], ...],
) -> PatientRecord:
    held: defaultdict[int, list[Held]] = defaultdict(list)
    for each in row["held"]:
        at = datetime.fromisoformat(each["starts_at"])
        held[each["series_id"]].append(Held(at, each["state"] == SessionState.DONE))
    return PatientRecord(
        patient=patient,
        consents=tuple((_date(each["valid_from"]), _date(each["valid_to"])) for each in row["consented"]),
        screened_at=row["screened_at"],
        asked_at=row["asked_at"],
        judged_at=row["judged_at"],
        held=held,
        questions=questions,
        answers=answers,
    )


_date = date.fromisoformat
