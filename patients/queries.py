"""What pages and services read of patients and their records."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache

from django.db.models import F, QuerySet

from patients.models import (
    Area,
    AreaFinding,
    Consent,
    Patient,
    Score,
    ScreeningAnswer,
    ScreeningQuestion,
)


def current_questions(clinic_id: int, *, only_recheck: bool = False) -> list[ScreeningQuestion]:
    """The clinic's questions in order; `only_recheck` keeps those asked before every session."""
    questions = ScreeningQuestion.objects.filter(clinic_id=clinic_id, is_current=True)
    return list(questions.filter(ask_every_session=True) if only_recheck else questions)


def newest_answers(patient: Patient, questions: Iterable[ScreeningQuestion] = ()) -> list[ScreeningAnswer]:
    """The newest answer to each question, in whichever round it was given, with question and override.

    When that was stands in `taken_at`. Of `questions`, where they are at hand already, none is read again.
    """
    answers = list(_newest_first().filter(screening__patient=patient).distinct("question__code"))
    known = {question.pk: question for question in questions}
    known |= ScreeningQuestion.objects.in_bulk({answer.question_id for answer in answers} - known.keys())
    for answer in answers:
        answer.question = known[answer.question_id]
    return answers


@cache
def _newest_first() -> QuerySet[ScreeningAnswer]:
    """Never evaluated itself; kept because describing it takes as long as asking it."""
    own = ("screening", "question", "said_yes", "event_date", "note")
    set_aside = ("override__reason", "override__at", "override__by__staff__name")
    answers = ScreeningAnswer.objects.select_related("override__by__staff").only(*own, *set_aside)
    given_at = F("screening__taken_at")
    return answers.annotate(taken_at=given_at).order_by("question__code", "-taken_at", "-screening_id")


def consents_in_force(patient: Patient, day: date) -> dict[str, Consent]:
    """The newest good consent of each kind on a day."""
    good = Consent.objects.filter(patient=patient, valid_from__lte=day, valid_to__gte=day, withdrawn_at=None)
    return {consent.kind: consent for consent in good.order_by("signed_at", "id")}


def latest_findings(patient: Patient) -> dict[str, AreaFinding]:
    """What was last seen of each area, by `site-side`, with the scores of that day."""
    findings = (
        AreaFinding.objects.filter(area__patient=patient)
        .select_related("area", "assessment")
        .prefetch_related("assessment__scores")
        .order_by("area_id", "-assessment__taken_at", "-id")
        .distinct("area_id")
    )
    return {f"{finding.area.site}-{finding.area.side}": finding for finding in findings}


@dataclass(frozen=True, slots=True)
class AreaHistory:
    """One area's findings and its scores by scale, oldest first."""

    area: Area
    findings: list[AreaFinding]
    scores: dict[str, list[Score]]


def area_histories(patient: Patient) -> list[AreaHistory]:
    """Every area ever judged, in three statements."""
    findings: dict[int, list[AreaFinding]] = defaultdict(list)
    scores: dict[int, dict[str, list[Score]]] = defaultdict(lambda: defaultdict(list))
    taken = ("assessment__taken_at", "id")
    judged = AreaFinding.objects.filter(area__patient=patient).select_related("assessment")
    for finding in judged.order_by(*taken):
        findings[finding.area_id].append(finding)
    filled = Score.objects.filter(area__patient=patient).select_related("assessment")
    for score in filled.order_by(*taken):
        scores[score.area_id or 0][score.scale].append(score)
    return [
        AreaHistory(area, findings[area.pk], dict(scores[area.pk]))
        for area in patient.areas.all()
        if area.pk in findings
    ]
