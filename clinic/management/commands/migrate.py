from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from clinic.embedded_postgres.base import alone

MAY_TAKE = ("SET statement_timeout = 0", "SET idle_in_transaction_session_timeout = 0")


class Command(migrate.Command):
    """Django's own; of several processes that migrate at once, one does it and the others find it done.

    Statements may take as long as a large table needs. A lock is still waited for only so long: a migration that
    waits for one stops everybody behind it.
    """

    def handle(self, *args: Any, **options: Any) -> None:
        with alone():
            with connections[options["database"]].cursor() as cursor:
                for statement in MAY_TAKE:
                    cursor.execute(statement)
            super().handle(*args, **options)
