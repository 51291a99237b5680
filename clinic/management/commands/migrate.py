from typing import Any

from django.core.management.commands import migrate

from clinic.embedded_postgres.base import alone


class Command(migrate.Command):
    """Django's own; of several processes that migrate at once, one does it and the others find it done."""

    def handle(self, *args: Any, **options: Any) -> None:
        with alone():
            super().handle(*args, **options)
