"""What is newly shipped reaches the clinics that are there already, and touches nothing of theirs."""

from io import StringIO

import pytest
from django.core.management import call_command

from clinic.models import Clinic
from patients.models import ConsentText, ScreeningQuestion
from planner.models import AftercareStep, Protocol

pytestmark = pytest.mark.django_db


def update() -> str:
    out = StringIO()
    call_command("update_defaults", stdout=out)
    return out.getvalue()


@pytest.fixture
def clinic() -> Clinic:
    call_command("create_clinic", "Linden Row", manager="mo@linden.example", stdout=StringIO())
    return Clinic.objects.get()


def test_a_clinic_that_has_all_receives_nothing(clinic: Clinic) -> None:
    assert update() == "Linden Row: 0 questions, 0 consent texts, 0 protocols, 0 mails added.\n"


def test_what_is_missing_is_added_and_what_was_changed_stays(clinic: Clinic) -> None:
    ScreeningQuestion.objects.filter(code="sun").delete()
    ScreeningQuestion.objects.filter(code="keloid").update(text="Thick scars?")
    ConsentText.objects.filter(kind="photo").delete()
    protocol = Protocol.objects.earliest("pk")
    step = AftercareStep.objects.filter(version__protocol=protocol).earliest("pk")
    AftercareStep.objects.filter(pk=step.pk).delete()
    other = AftercareStep.objects.filter(version__protocol=protocol).earliest("pk")
    AftercareStep.objects.filter(pk=other.pk).update(title="Our own words")
    assert update() == "Linden Row: 1 questions, 1 consent texts, 0 protocols, 1 mails added.\n"
    assert ScreeningQuestion.objects.filter(code="sun").count() == 1
    assert ScreeningQuestion.objects.get(code="keloid").text == "Thick scars?"
    assert AftercareStep.objects.get(pk=other.pk).title == "Our own words"
    assert AftercareStep.objects.filter(version__protocol=protocol, code=step.code).count() == 1
