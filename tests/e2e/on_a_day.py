"""A command of ours on another day: `python -m tests.e2e.on_a_day 2027-03-17T10:20+00:00 manage.py load_demo`.

The clock goes on from that moment, for the command and all it forks; the product knows nothing of it. Browsers keep
the real time, which does not matter to them: our cookies live for a number of seconds.
"""

import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import time_machine

from tests.e2e.running import manage
from tests.servers import ROOT, answers, free_port, process, wait_for

# The day of the walk; then the longest names of weekday and month, and a week with holidays in it.
ORDINARY = datetime.fromisoformat("2027-03-17T10:20+00:00")
LONGEST = datetime.fromisoformat("2027-09-29T10:20+01:00")
CHRISTMAS = datetime.fromisoformat("2027-12-22T19:40+00:00")


def main(at: str, *words: str) -> None:
    """Run a script or, after `-m`, a module in this interpreter."""
    sys.path.insert(0, str(ROOT))
    with time_machine.travel(datetime.fromisoformat(at), tick=True):
        if words[0] == "-m":
            sys.argv = list(words[1:])
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = list(words)
            runpy.run_path(words[0], run_name="__main__")


def on(at: datetime, *words: str) -> tuple[str, ...]:
    return ("-m", "tests.e2e.on_a_day", at.isoformat(), *words)


@contextmanager
def demo_on(at: datetime, folder: Path) -> Iterator[str]:
    """The demo clinic as of a moment, and the web server in which it is that moment; its address.

    No worker runs: what is due stays as the demo left it. Making the demo takes no part of the day that is served.
    """
    port = free_port()
    own = {"DATA_DIR": str(folder), "DATABASE_URL": "", "REDIS_URL": "", "SECRET_KEY": "", "PORT": str(port)}
    for command in ("migrate -v0", "load_demo -v0"):
        manage(*on(at, "manage.py", *command.split()), **own)
    web = (
        "-m",
        "gunicorn",
        "clinic.wsgi",
        "--config",
        "python:clinic.gunicorn",
        "--bind",
        f"127.0.0.1:{port}",
    )
    served = on(at + timedelta(seconds=1), *web, "--workers", "1")
    with process(sys.executable, *served, log=folder / "web.log", **own):
        root = f"http://localhost:{port}"
        wait_for(lambda: answers(f"{root}/account/login/"), 60, "the sign-in page")
        yield root


if __name__ == "__main__":
    main(*sys.argv[1:])
