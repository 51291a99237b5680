"""`make run`: prepare the database and run the web server and the worker until Ctrl-C."""

import os
import socket
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from honcho.manager import Manager
from honcho.printer import Printer

from clinic.embedded_postgres.base import alone
from clinic.models import Clinic

STOPPED_BY_CTRL_C = 130
SIGN_INS = ("clinician", "desk", "manager", "readonly")


def _refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CommandError(f"Port {port} is taken. Choose another: make run PORT={port + 1}") from None


def _refuse_unreachable_database() -> None:
    try:
        connection.ensure_connection()
    except DatabaseError as problem:
        first_line = str(problem).strip().splitlines()[0]
        raise CommandError(f"The database does not answer: {first_line}") from None


class Command(BaseCommand):
    help = "Run the whole app on this machine: database, web server, worker."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        port = _port()
        _refuse_taken_port(port)
        _refuse_unreachable_database()
        with alone():
            call_command("migrate", verbosity=0, interactive=False)
            if settings.LOCAL and not Clinic.objects.exists():
                self.stdout.write("Making the demo clinic …")
                call_command("load_demo")
        settings.STATIC_ROOT.mkdir(exist_ok=True)
        self._greet(port)
        connection.close()
        manager = Manager(Printer(sys.stdout))
        manager.add_process("web", _web(port), env=_environment(port))
        manager.add_process("worker", f"{sys.executable} manage.py worker", env=_environment(port))
        manager.loop()
        if manager.returncode not in (0, STOPPED_BY_CTRL_C):
            sys.exit(1)

    def _greet(self, port: int) -> None:
        self.stdout.write(f"\n  Open  http://localhost:{port}\n")
        if Clinic.objects.filter(name="Linden Row").exists():
            self.stdout.write("  Sign in as any of these, password  linden-row-demo")
            for name in SIGN_INS:
                self.stdout.write(f"    {name}@linden.example")
        self.stdout.write("  Ctrl-C stops everything.\n\n")
        self.stdout.flush()


def _port() -> int:
    try:
        port = int(os.environ.get("PORT", "8000"))
    except ValueError:
        raise CommandError(f"PORT must be a number, not {os.environ['PORT']!r}.") from None
    if not 1 <= port <= 65535:
        raise CommandError(f"PORT must be from 1 to 65535, not {port}.")
    return port


def _web(port: int) -> str:
    gunicorn = f"{sys.executable} -m gunicorn clinic.wsgi --bind 127.0.0.1:{port} --workers 1 --threads 8"
    return f"{gunicorn} --no-control-socket --access-logfile /dev/null"


def _environment(port: int) -> dict[str, str]:
    return {**os.environ, "PORT": str(port), "PYTHONUNBUFFERED": "1"}
