"""Whoever was started by `make run`, or by what that started, ends with its starter, even if that was killed.

A starter says so by the variable STARTED_BY; a `manage.py serve` that a person or an init system started has none, and
outlives the shell it was typed into.
"""

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
