"""Who ends when the process that started it is gone, and who does not."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from clinic.management.starter import LOOK_EVERY_SECONDS, STARTED_BY
from tests.servers import ROOT, wait_for

pytestmark = pytest.mark.processes
WORK = (
    "import time; from clinic.management.starter import end_with_starter; "
    "end_with_starter(); print('at work', flush=True); time.sleep(60)"
)


def left_by_a_shell(log: Path, *, names_itself: bool) -> psutil.Process:
    """A process at work whose shell has ended since, as that of `nohup … &` does."""
    who = f"{STARTED_BY}=$$ " if names_itself else ""
    done = subprocess.run(
        ["/bin/sh", "-c", f'{who}"$0" -c "$1" >"$2" 2>&1 & echo $!', sys.executable, WORK, str(log)],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != STARTED_BY},
        capture_output=True,
        text=True,
        check=True,
    )
    return psutil.Process(int(done.stdout))


def test_what_a_starter_left_behind_ends(tmp_path: Path) -> None:
    left = left_by_a_shell(tmp_path / "log", names_itself=True)
    wait_for(lambda: not left.is_running(), 60, "its end")


def test_what_was_started_by_hand_outlives_its_shell(tmp_path: Path) -> None:
    left = left_by_a_shell(tmp_path / "log", names_itself=False)
    wait_for(lambda: "at work" in (tmp_path / "log").read_text(), 60, "its work")
    try:
        time.sleep(4 * LOOK_EVERY_SECONDS)
        assert left.status() == psutil.STATUS_SLEEPING
    finally:
        left.kill()
