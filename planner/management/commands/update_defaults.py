"""What is newly shipped, brought to every clinic; what a clinic has, changed or not, stays as it is."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from clinic.models import Clinic
from patients.services.defaults import load_consent_texts, load_screening_questions
from planner.outbox.steps import load_steps
from planner.protocols.catalogue import add_new_steps, load_protocols


class Command(BaseCommand):
    help = "Give every clinic the shipped questions, consent texts, protocols and mails that it does not have yet."

    @transaction.atomic
    def handle(self, **options: Any) -> None:
        for clinic in Clinic.objects.order_by("pk"):
            questions, texts = load_screening_questions(clinic), load_consent_texts(clinic)
            protocols = load_protocols(clinic, load_steps(), now=timezone.now())
            steps = add_new_steps(clinic, load_steps())
            added = f"{questions} questions, {texts} consent texts, {protocols} protocols, {steps} mails"
            self.stdout.write(f"{clinic.name}: {added} added.")
