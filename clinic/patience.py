"""How long a process waits for a word of the database: one that is silent, and not only slow, holds no page for long.

PostgreSQL ends what takes too long by itself (`DATABASE_LIMITS`); a server that is frozen, or a network that swallows
everything, cannot. Whoever waits in vain loses the connection, as when it breaks, and is answered 503.
"""

import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from django.conf import settings
from psycopg2 import extensions

BEYOND_THE_SERVERS_SECONDS = 3
WHILE_SILENT_SECONDS = 2
"""Once it did not answer it is asked on, by everybody who comes, but not for long."""
WAITS_FOR = {extensions.POLL_READ: select.POLLIN, extensions.POLL_WRITE: select.POLLOUT}

_own = threading.local()
_silent = threading.Event()


def be_patient() -> None:
    """From now on, in this process. For those who serve: a migration may take its time."""
    extensions.set_wait_callback(_wait)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """This thread waits no longer than that for each answer."""
    _own.seconds = seconds
    try:
        yield
    finally:
        del _own.seconds


def _wait(connection: extensions.connection) -> None:
    until = time.monotonic() + _seconds()
    while (state := connection.poll()) != extensions.POLL_OK:
        heard = select.poll()
        heard.register(connection.fileno(), WAITS_FOR[state])
        if not heard.poll(max(until - time.monotonic(), 0) * 1000):
            _silent.set()
            raise psycopg2.OperationalError("the database is silent")
    _silent.clear()


def _seconds() -> float:
    usual: float = settings.DATABASE_LIMITS["statement_timeout"] + BEYOND_THE_SERVERS_SECONDS
    return min(getattr(_own, "seconds", usual), WHILE_SILENT_SECONDS if _silent.is_set() else usual)
