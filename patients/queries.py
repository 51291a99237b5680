"""What pages and services read of patients and their records."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef, Q, QuerySet

from clinic.localtime import local_date
from clinic.nested import Row, nested
from clinic.prepared import Given, Prepared
from patients.contradictions import Contradiction, contradictions
from patients.models import (
    Area,
    AreaFinding,
    Consent,
    Patient,
    Score,
    Screening,
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
    answers = _newest(patient=patient.pk)
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


@Prepared
def _newest() -> QuerySet[ScreeningAnswer]:
    """To each question."""
    own = ("screening", "question", "said_yes", "event_date", "note")
    set_aside = ("override__reason", "override__at", "override__until", "override__by__staff__name")
    answers = ScreeningAnswer.objects.filter(screening__patient=Given("patient"))
    answers = answers.select_related("override__by__staff").only(*own, *set_aside)
    given_at = F("screening__taken_at")
    same = {"screening__patient": OuterRef("screening__patient"), "question": OuterRef("question")}
    before = ScreeningAnswer.objects.filter(**same).exclude(question__persistence="")
    history = nested(
        before.order_by("-screening__taken_at", "-screening_id"), "said_yes", "event_date", "override"
    )
    with_history = answers.annotate(taken_at=given_at, its_history=history)
    return with_history.order_by("question__code", "-taken_at", "-screening_id").distinct("question__code")


@dataclass(frozen=True, slots=True)
class RoundAnswers:
    """The answers of one round in the order of the questions, and what does not go with an earlier answer."""

    screening: Screening
    answers: tuple[ScreeningAnswer, ...]
    contradictions: tuple[Contradiction, ...]


def round_answers(screening: Screening, zone: ZoneInfo) -> RoundAnswers:
    """Each question as it was asked then: two statements."""
    given = ScreeningAnswer.objects.filter(screening__patient=screening.patient_id)
    given = given.select_related("question", "screening", "override__by__staff").order_by(
        "question__position"
    )
    answers = tuple(given.filter(screening=screening))
    is_earlier = Q(screening__taken_at__lt=screening.taken_at)
    is_earlier |= Q(screening__taken_at=screening.taken_at, screening__lt=screening.pk)
    earlier = given.filter(is_earlier).order_by("question__code", "-screening__taken_at", "-screening_id")
    return RoundAnswers(screening, answers, _contradictions(answers, earlier, screening, zone))


def contradictions_of(patient: Patient, zone: ZoneInfo) -> tuple[Contradiction, ...]:
    """Of the newest answer to each question against the one before: a statement."""
    given = ScreeningAnswer.objects.filter(screening__patient=patient).select_related("question", "screening")
    by_code: dict[str, list[ScreeningAnswer]] = defaultdict(list)
    for answer in given.order_by("question__code", "-screening__taken_at", "-screening_id"):
        by_code[answer.question.code].append(answer)
    newest = [several[0] for several in by_code.values()]
    found: list[Contradiction] = []
    for screening in {each.screening_id: each.screening for each in newest}.values():
        screening.patient = patient
        last = [each for each in newest if each.screening_id == screening.pk]
        earlier = (several[1] for several in by_code.values() if len(several) > 1)
        found += _contradictions(last, earlier, screening, zone)
    return tuple(found)


def _contradictions(
    answers: Iterable[ScreeningAnswer],
    earlier: Iterable[ScreeningAnswer],
    screening: Screening,
    zone: ZoneInfo,
) -> tuple[Contradiction, ...]:
    before: dict[str, tuple[ScreeningAnswer, date]] = {}
    for answer in earlier:
        before.setdefault(answer.question.code, (answer, local_date(answer.screening.taken_at, zone)))
    on, skin_type = local_date(screening.taken_at, zone), screening.patient.skin_type
    return contradictions(answers, before, on=on, skin_type=skin_type)


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
