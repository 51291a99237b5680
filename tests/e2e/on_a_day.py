"""A command of ours on another day: `python -m tests.e2e.on_a_day 2027-03-17T10:20+00:00 manage.py load_demo`.

The clock goes on from that moment (or stands still, with `--frozen` before it), for the command and all it forks; the
product knows nothing of it. Browsers keep the real time, which does not matter to them: our cookies live for a number
of seconds.
"""

import runpy
import sys
from datetime import datetime
from pathlib import Path

import time_machine

# The day of the walk; then the longest names of weekday and month, and a week with holidays in it.
ORDINARY = datetime.fromisoformat("2027-03-17T10:20+00:00")
LONGEST = datetime.fromisoformat("2027-09-29T10:20+01:00")
CHRISTMAS = datetime.fromisoformat("2027-12-22T19:40+00:00")


def main(*words: str) -> None:
    """Run a script or, after `-m`, a module in this interpreter."""
    is_frozen = words[0] == "--frozen"
    at, words = words[is_frozen], words[is_frozen + 1 :]
    sys.path.insert(0, str(Path.cwd()))
    with time_machine.travel(datetime.fromisoformat(at), tick=not is_frozen):
        if words[0] == "-m":
            sys.argv = list(words[1:])
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = list(words)
            runpy.run_path(words[0], run_name="__main__")


def on(at: datetime, *words: str) -> tuple[str, ...]:
    return ("-m", "tests.e2e.on_a_day", at.isoformat(), *words)


if __name__ == "__main__":
    main(*sys.argv[1:])
