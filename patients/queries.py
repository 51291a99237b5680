"""What pages and services read of patients and their records."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache

from django.db.models import F, OuterRef, QuerySet

from clinic.nested import Row, nested
from patients.models import (
    Area,
    AreaFinding,
    Consent,
    Patient,
    Score,
    ScreeningAnswer,
    ScreeningOverride,
    ScreeningQuestion,
)
from patients.screening_rules import override_in_force


def current_questions(clinic_id: int, *, only_recheck: bool = False) -> list[ScreeningQuestion]:
    """The clinic's questions in order; `only_recheck` keeps those asked before every session."""
    questions = ScreeningQuestion.objects.filter(clinic_id=clinic_id, is_current=True)
    return list(questions.filter(ask_every_session=True) if only_recheck else questions)


def newest_answers(patient: Patient, questions: Iterable[ScreeningQuestion] = ()) -> list[ScreeningAnswer]:
    """The newest answer to each question, in whichever round it was given, with question and override.

    When that was stands in `taken_at`. Of `questions`, where they are at hand already, none is read again. The override
    of a fact that stands is that of an earlier answer, when the same was said ever since.
    """
    answers = list(_newest_first().filter(screening__patient=patient).distinct("question__code"))
    known = {question.pk: question for question in questions}
    known |= ScreeningQuestion.objects.in_bulk({answer.question_id for answer in answers} - known.keys())
    for answer in answers:
        answer.question = known[answer.question_id]
    _keep_what_set_standing_facts_aside(answers)
    return answers


def _keep_what_set_standing_facts_aside(answers: Iterable[ScreeningAnswer]) -> None:
    kept: dict[int, ScreeningAnswer] = {}
    for answer in answers:
        history: Iterable[Row] = getattr(answer, "its_history", ())
        said = (
            (
                each["said_yes"],
                each["event_date"] and date.fromisoformat(each["event_date"]),
                each["override"],
            )
            for each in history
        )
        override_id = override_in_force(said)
        if override_id is not None and not hasattr(answer, "override"):
            kept[override_id] = answer
    if kept:
        overrides = ScreeningOverride.objects.select_related("by__staff").in_bulk(kept)
        for pk, answer in kept.items():
            answer._state.fields_cache["override"] = overrides[pk]


@cache
def _newest_first() -> QuerySet[ScreeningAnswer]:
    """Never evaluated itself; kept because describing it takes as long as asking it."""
    own = ("screening", "question", "said_yes", "event_date", "note")
    set_aside = ("override__reason", "override__at", "override__until", "override__by__staff__name")
    answers = ScreeningAnswer.objects.select_related("override__by__staff").only(*own, *set_aside)
    given_at = F("screening__taken_at")
    same = {"screening__patient": OuterRef("screening__patient"), "question": OuterRef("question")}
    before = ScreeningAnswer.objects.filter(**same).exclude(question__persistence="")
    history = nested(
        before.order_by("-screening__taken_at", "-screening_id"), "said_yes", "event_date", "override"
    )
    return answers.annotate(taken_at=given_at, its_history=history).order_by(
        "question__code", "-taken_at", "-screening_id"
    )


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
