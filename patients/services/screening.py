"""Asking the medical questions, and what the answers mean for booking."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext_lazy as _

from clinic.actor import Actor
from clinic.errors import Refusal
from clinic.localtime import local_date
from clinic.permissions import Right
from clinic.services.once import once
from patients.choices import OverrideBy, Persistence
from patients.models import Patient, Screening, ScreeningAnswer, ScreeningOverride, ScreeningQuestion
from patients.queries import current_questions, newest_answers
from patients.screening_rules import Verdict, floor_of, judge


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
    sentence = _("A reason of at least {shortest} characters is needed. Nothing was changed.")
    next_step = _("Write why this is safe for this patient.")


class EndMissing(Refusal):
    code = "end_missing"
    status = 422
    sentence = _("It has to end on a day, from tomorrow to a year from now. Nothing was changed.")
    next_step = _("Choose the last day on which it may count.")


class BelowFloor(Refusal):
    code = "below_floor"
    sentence = _("No reason lifts this before {first_day}. Nothing was changed.")
    next_step = _("Let it count until a later day, or wait.")


class EventDateMissing(Refusal):
    code = "event_date_missing"
    sentence = _("{event}: no date is known, and no reason lifts this in the first {days} days.")
    next_step = _("Ask again and enter the date.")


class NotSetAside(Refusal):
    code = "not_set_aside"
    sentence = _("Nothing is set aside here any more. Nothing was changed.")


RIGHT_TO_SET_ASIDE = {OverrideBy.CLINICIAN: Right.PRESCRIBE}
"""The right of those whom a question names."""
SHORTEST_REASON = 10
LONGEST_OVERRIDE = timedelta(days=366)


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
            overridden={
                answer.question.code: answer.override.until
                for answer in self.answers
                if hasattr(answer, "override")
            },
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
    answer: ScreeningAnswer, *, reason: str, until: date | None, by: Actor, key: str, now: datetime
) -> ScreeningOverride:
    """A yes counts no longer, for a reason that stays visible, until the day `until`, on which it counts again.

    It may go without an end where the fact stands: then until that changes. Refuses a no, a question nobody may set
    aside or not somebody like `by`, a reason of less than ten characters, an answer already set aside, no end or one
    more than a year ahead, and an end before the floor that no reason lifts.
    """
    locked = ScreeningAnswer.objects.select_for_update(of=("self",)).get(pk=answer.pk)
    question = locked.question
    right = RIGHT_TO_SET_ASIDE.get(OverrideBy(question.override_by))
    if not locked.said_yes or right is None or not by.may(right):
        raise CannotSetAside(question=question.text)
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonMissing(shortest=SHORTEST_REASON)
    before = ScreeningOverride.objects.filter(answer=locked).first()
    if before:
        raise AlreadySetAside(at=before.at)
    _refuse_end(locked, until, local_date(now, by.location.zone))
    return ScreeningOverride.objects.create(
        answer=locked, by=by.user, at=now, reason=reason.strip(), until=until
    )


def _refuse_end(answer: ScreeningAnswer, until: date | None, today: date) -> None:
    question = answer.question
    if until is None and question.persistence == Persistence.PASSING:
        raise EndMissing()
    if until and not today < until <= today + LONGEST_OVERRIDE:
        raise EndMissing()
    if question.override_floor_days is not None and answer.event_date is None:
        raise EventDateMissing(event=question.date_meaning, days=question.override_floor_days)
    floor = floor_of(question, answer.event_date)
    if floor and until and until <= floor:
        raise BelowFloor(first_day=floor)


@once
def end_setting_aside(
    override: ScreeningOverride, *, by: Actor, key: str, now: datetime
) -> ScreeningOverride:
    """The answer counts again from today on; that it did not before stays. Refuses one that has ended already."""
    locked = ScreeningOverride.objects.select_for_update(of=("self",)).get(pk=override.pk)
    right = RIGHT_TO_SET_ASIDE.get(OverrideBy(locked.answer.question.override_by))
    today = local_date(now, by.location.zone)
    if right is None or not by.may(right) or (locked.until and locked.until <= today):
        raise NotSetAside()
    locked.until = today
    locked.save(update_fields=["until"])
    return locked
