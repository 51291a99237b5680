"""Shipped questions and texts become a clinic's own rows. What the clinic already has is left as it is."""

from dataclasses import asdict
from pathlib import Path

import yaml

from clinic.models import Clinic
from patients.models import ConsentText, ScreeningQuestion
from patients.screening_rules import load_questions

SHIPPED_CONSENTS = Path(__file__).parent.parent / "data" / "consents.yaml"


def load_screening_questions(clinic: Clinic) -> int:
    """Add the shipped questions whose code the clinic does not know yet; how many were added."""
    known = set(ScreeningQuestion.objects.filter(clinic=clinic).values_list("code", flat=True))
    new = [
        ScreeningQuestion(clinic=clinic, **asdict(question))
        for question in load_questions()
        if question.code not in known
    ]
    return len(ScreeningQuestion.objects.bulk_create(new))


def load_consent_texts(clinic: Clinic) -> int:
    """Add the shipped consent texts of the kinds the clinic has no text of; how many were added."""
    known = set(ConsentText.objects.filter(clinic=clinic).values_list("kind", flat=True))
    shipped = yaml.safe_load(SHIPPED_CONSENTS.read_text(encoding="utf-8"))
    new = [ConsentText(clinic=clinic, **text) for text in shipped if text["kind"] not in known]
    return len(ConsentText.objects.bulk_create(new))
