"""How gunicorn serves: `gunicorn clinic.wsgi --config python:clinic.gunicorn`. Options beside it win."""

from typing import Any

from gunicorn.workers import gthread

from clinic.bodies import SlowSenders
from clinic.management.starter import end_with_starter
from clinic.patience import be_patient

worker_class = "clinic.gunicorn.Worker"
threads = 8
accesslog = None
loglevel = "warning"
control_socket_disable = True
FIRST_BYTE_SECONDS = 0.5


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """Threads that a slow sender cannot hold: neither by its headers nor by its body.

    gunicorn has a time-out for the first byte only, and waits for it in a thread; here that wait is short and what
    comes after it is watched. A browser that opened a connection to keep waits in the poller, as gunicorn does it.
    """

    senders = SlowSenders()

    def handle(self, conn: Any) -> Any:
        if not conn.initialized and not conn.wait_for_data(FIRST_BYTE_SECONDS):
            return gthread._DEFER
        with self.senders.watch(conn.sock):
            return super().handle(conn)


def on_starting(server: Any) -> None:
    end_with_starter()


def post_worker_init(worker: Any) -> None:
    be_patient()
