"""The demo clinic in one command, from a fixed seed, relative to today."""

from random import Random
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.utils import timezone

from clinic.models import Clinic
from planner.demo.history import Teller
from planner.demo.mails import settle
from planner.demo.people import eighty_people
from planner.demo.place import NAME, make_place

SEED = 20260908


class Command(BaseCommand):
    help = "Make the demo clinic Linden Row: staff, 80 patients, a year of history. Its passwords are public."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--anyway", action="store_true", help="even on a production installation")

    def handle(self, *, anyway: bool, **options: Any) -> None:
        if not settings.LOCAL and not anyway:
            raise CommandError("This is a production installation, and the demo's passwords are public.")
        if Clinic.objects.filter(name=NAME).exists():
            raise CommandError(f"{NAME} is there already.")
        with transaction.atomic():
            now = timezone.now()
            place = make_place(now)
            random = Random(SEED)  # noqa: S311 (a story, not a secret)
            teller = Teller.of(place, now, random)
            for n, person in enumerate(eighty_people(teller.today, random)):
                if n % 10 == 2:
                    _analyze()
                teller.tell(person)
            settle(now)
        self.stdout.write("The demo clinic is ready.")


def _analyze() -> None:
    """The tables grow from nothing in one transaction, which the query planner learns of only when told.

    Only ours: the server's own tables are shared with other databases, which may hold them.
    """
    tables = ", ".join(
        connection.ops.quote_name(name) for name in connection.introspection.django_table_names()
    )
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {tables}")
