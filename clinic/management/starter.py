"""A process that `make run` started ends when `make run` is gone, even if that was killed and could say nothing."""

import os
import signal
import threading
import time

import psutil

STARTED_BY = "STARTED_BY"
LOOK_EVERY_SECONDS = 0.5


def end_with_starter() -> None:
    """Watch the process named by STARTED_BY from a thread; without that variable nobody is watched."""
    pid = os.environ.get(STARTED_BY, "")
    if pid.isdecimal():
        threading.Thread(target=_watch, args=(int(pid),), daemon=True, name="starter").start()


def _watch(pid: int) -> None:
    try:
        starter = psutil.Process(pid)
        while starter.is_running() and starter.status() != psutil.STATUS_ZOMBIE:
            time.sleep(LOOK_EVERY_SECONDS)
    except psutil.NoSuchProcess:
        pass
    os.kill(os.getpid(), signal.SIGTERM)
