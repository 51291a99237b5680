"""Patience with the database belongs to those who serve (`tests/test_faults_database.py` shows it on real servers)."""

from importlib import reload

from psycopg2 import extensions

from clinic import wsgi
from clinic.gunicorn import post_worker_init


def test_who_only_imports_the_door_waits_as_long_as_the_server_lets_it() -> None:
    """A test that calls the pages in its own process also makes databases, which takes longer than any page."""
    reload(wsgi)
    assert extensions.get_wait_callback() is None


def test_a_worker_that_serves_does_not() -> None:
    try:
        post_worker_init(worker=None)
        assert extensions.get_wait_callback() is not None
    finally:
        extensions.set_wait_callback(None)
