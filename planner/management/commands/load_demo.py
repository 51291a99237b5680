"""The demo clinic in one command, from a fixed seed, relative to today or to the day that is named."""

from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from clinic.localtime import at_local, local_time
from clinic.models import Clinic
from planner.demo.make import make_demo
from planner.demo.place import NAME, ZONE


class Command(BaseCommand):
    help = "Make the demo clinic Linden Row: staff, patients, a year of history. Its passwords are public."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--anyway", action="store_true", help="even on a production installation")
        parser.add_argument(
            "--day", type=date.fromisoformat, help="as of this day (YYYY-MM-DD) instead of today"
        )

    def handle(self, *, anyway: bool, day: date | None, **options: Any) -> None:
        if not settings.LOCAL and not anyway:
            raise CommandError("This is a production installation, and the demo's passwords are public.")
        if Clinic.objects.filter(name=NAME).exists():
            raise CommandError(f"{NAME} is there already.")
        with transaction.atomic():
            now = timezone.now()
            make_demo(at_local(day, local_time(now, ZONE), ZONE) if day else now)
        if options["verbosity"]:
            self.stdout.write("The demo clinic is ready.")
