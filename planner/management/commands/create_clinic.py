"""A first clinic on an empty installation: its location, a manager, and everything that is shipped."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from clinic.models import Clinic, Location, StaffMember, User
from clinic.permissions import Role
from patients.services.defaults import load_consent_texts, load_screening_questions
from planner.outbox.steps import load_steps
from planner.protocols.catalogue import load_protocols


class Command(BaseCommand):
    help = "Create a clinic with one location and one manager, who sets a password by the reset mail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--manager", required=True, metavar="EMAIL")
        parser.add_argument("--timezone", default="Europe/London")
        parser.add_argument("--country", default="GB")
        parser.add_argument("--region", default="", help="for public holidays, e.g. ENG")

    @transaction.atomic
    def handle(self, *, name: str, manager: str, **options: Any) -> None:
        if User.objects.filter(email__iexact=manager).exists():
            raise CommandError(f"{manager} has a sign-in already.")
        clinic = Clinic.objects.create(name=name, mail_name=name)
        location = Location(
            clinic=clinic,
            name=name,
            timezone=options["timezone"],
            country=options["country"],
            subdivision=options["region"],
        )
        try:
            location.full_clean()
        except ValidationError as problem:
            raise CommandError("; ".join(problem.messages)) from None
        location.save()
        user = User.objects.create_user(manager)
        StaffMember.objects.create(
            user=user, location=location, role=Role.MANAGER, name=manager.partition("@")[0]
        )
        load_screening_questions(clinic)
        load_consent_texts(clinic)
        load_protocols(clinic, load_steps(), now=timezone.now())
        self.stdout.write(f"{name} is ready. {manager} can set a password at /account/password/reset/.")
