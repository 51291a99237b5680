"""What pages and services read of patients and their records."""

from patients.models import Patient, ScreeningAnswer, ScreeningQuestion


def current_questions(clinic_id: int, *, only_recheck: bool = False) -> list[ScreeningQuestion]:
    """The clinic's questions in order; `only_recheck` keeps those asked before every session."""
    questions = ScreeningQuestion.objects.filter(clinic_id=clinic_id, is_current=True)
    return list(questions.filter(ask_every_session=True) if only_recheck else questions)


def newest_answers(patient: Patient) -> list[ScreeningAnswer]:
    """The newest answer to each question, in whichever round it was given, with question and override."""
    return list(
        ScreeningAnswer.objects.filter(screening__patient=patient)
        .select_related("question", "screening", "override__by__staff")
        .order_by("question__code", "-screening__taken_at", "-screening_id")
        .distinct("question__code")
    )
