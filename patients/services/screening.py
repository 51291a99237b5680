"""Asking the medical questions, and what the answers mean for booking."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from clinic.actor import Actor
from clinic.errors import Refusal
from clinic.localtime import local_date
from clinic.services.once import once
from patients.choices import OverrideBy
from patients.models import Patient, Screening, ScreeningAnswer, ScreeningOverride, ScreeningQuestion
from patients.queries import current_questions, newest_answers
from patients.screening_rules import Verdict, judge


class AnswersMissing(Refusal):
    code = "answers_missing"
    status = 422
    sentence = _("{count} questions have no answer yet. Nothing was saved.")
    next_step = _("Answer them, then save again.")


class QuestionsChanged(Refusal):
    code = "questions_changed"
    sentence = _("The clinic's questions were changed while these were being answered. Nothing was saved.")
    next_step = _("Reload the page and ask the new ones.")


class DateInFuture(Refusal):
    code = "date_in_future"
    status = 422
    sentence = _("{event}: {day} is still to come. Nothing was saved.")
    next_step = _("Enter a day that has passed, or leave it empty while it goes on.")


class NoFullScreening(Refusal):
    code = "no_full_screening"
    sentence = _("There is no full screening yet, so there is nothing to ask again.")
    next_step = _("Take the full screening.")


class CannotSetAside(Refusal):
    code = "cannot_set_aside"
    sentence = _("This answer cannot be set aside: {question}")
    next_step = _("Ask again when the facts have changed.")


class AlreadySetAside(Refusal):
    code = "already_set_aside"
    sentence = _("This answer was already set aside on {at}.")


class ReasonMissing(Refusal):
    code = "reason_missing"
    status = 422
    sentence = _("A reason is needed. Nothing was changed.")
    next_step = _("Write why this is safe for this patient.")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the patient said to one question; the date counts only beside a yes."""

    question_id: int
    said_yes: bool
    event_date: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class KnownAnswers:
    """What a patient has answered about some sites, to be judged for any number of days. Made by `asked_of`."""

    patient: Patient
    modality: str | None
    questions: tuple[ScreeningQuestion, ...]
    answers: tuple[ScreeningAnswer, ...]

    def standing(self, on: date) -> Verdict:
        """Whether needling is possible on a day. Refuses a day before something told of (`ImpossibleDate`)."""
        return judge(
            self.answers,
            questions=self.questions,
            on=on,
            date_of_birth=self.patient.date_of_birth,
            skin_type=self.patient.skin_type,
            modality=self.modality,
            overridden={answer.question.code for answer in self.answers if hasattr(answer, "override")},
        )


def known_answers(
    patient: Patient, *, sites: Collection[str] = (), modality: str | None = None
) -> KnownAnswers:
    """The newest answer to each question: two queries. Of a retired question nothing counts.

    Without `sites` the questions about one site count too.
    """
    current = current_questions(patient.clinic_id)
    questions = {
        question.code: question
        for question in current
        if not (sites and question.only_site) or question.only_site in sites
    }
    answers = tuple(each for each in newest_answers(patient, current) if each.question.code in questions)
    return KnownAnswers(patient, modality, tuple(questions.values()), answers)


def standing(
    patient: Patient, *, on: date, sites: Collection[str] = (), modality: str | None = None
) -> Verdict:
    """Whether needling these sites is possible on a day, by the newest answer to each question."""
    return known_answers(patient, sites=sites, modality=modality).standing(on)


@once
def take_screening(
    patient: Patient,
    replies: Sequence[Reply],
    *,
    is_recheck: bool,
    note: str,
    by: Actor,
    key: str,
    now: datetime,
) -> Screening:
    """Keep one round of answers: to all of the clinic's questions, or on a recheck to those asked every time.

    Refuses a round with a question left out or no longer asked, dates still to come, and a recheck without a
    full screening before it.
    """
    if is_recheck and not patient.screenings.filter(is_recheck=False).exists():
        raise NoFullScreening()
    questions = {each.pk: each for each in current_questions(patient.clinic_id, only_recheck=is_recheck)}
    _refuse_incomplete(questions, replies)
    _refuse_future(questions, replies, local_date(now, by.location.zone))
    screening = Screening.objects.create(
        patient=patient, taken_at=now, taken_by=by.user, is_recheck=is_recheck, note=note
    )
    ScreeningAnswer.objects.bulk_create(_answer(screening, reply) for reply in replies)
    return screening


def _refuse_incomplete(questions: dict[int, ScreeningQuestion], replies: Sequence[Reply]) -> None:
    given = {reply.question_id for reply in replies}
    if given - questions.keys():
        raise QuestionsChanged()
    if questions.keys() - given:
        raise AnswersMissing(count=len(questions.keys() - given))


def _refuse_future(questions: dict[int, ScreeningQuestion], replies: Sequence[Reply], today: date) -> None:
    for reply in replies:
        if reply.said_yes and reply.event_date and reply.event_date > today:
            raise DateInFuture(event=questions[reply.question_id].date_meaning, day=reply.event_date)


def _answer(screening: Screening, reply: Reply) -> ScreeningAnswer:
    return ScreeningAnswer(
        screening=screening,
        question_id=reply.question_id,
        said_yes=reply.said_yes,
        event_date=reply.event_date if reply.said_yes else None,
        note=reply.note,
    )


@once
def set_aside(
    answer: ScreeningAnswer, *, reason: str, by: Actor, key: str, now: datetime
) -> ScreeningOverride:
    """An answer counts no longer, for a reason that stays visible. Holds for this one answer only.

    Refuses a no, a question nobody may set aside, an empty reason and an answer already set aside.
    """
    locked = ScreeningAnswer.objects.select_for_update(of=("self",)).get(pk=answer.pk)
    if not locked.said_yes or locked.question.override_by != OverrideBy.CLINICIAN:
        raise CannotSetAside(question=locked.question.text)
    if not reason.strip():
        raise ReasonMissing()
    before = ScreeningOverride.objects.filter(answer=locked).first()
    if before:
        raise AlreadySetAside(at=before.at)
    return ScreeningOverride.objects.create(answer=locked, by=by.user, at=now, reason=reason.strip())
