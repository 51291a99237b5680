"""Any number of processes may be the first to need the embedded PostgreSQL, and any the last."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ROOT, answers, free_port, process, wait_for

pytestmark = pytest.mark.processes
MIGRATE = ("manage.py", "migrate", "-v0")
CONNECT = (
    "manage.py",
    "shell",
    "-v0",
    "-c",
    "from django.db import connection; connection.ensure_connection()",
)


def started(data: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env=_environment(data),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _environment(data: Path) -> dict[str, str]:
    return {**os.environ, "DATA_DIR": str(data), "DATABASE_URL": "", "SECRET_KEY": ""}


def complaints(running: list[subprocess.Popen[str]]) -> list[str]:
    """What the processes said that did not succeed."""
    said = [(each.communicate(timeout=300)[0], each.returncode) for each in running]
    return [text[-1500:] for text, code in said if code]


def test_eight_processes_that_come_first_at_once_all_succeed(tmp_path: Path) -> None:
    data, port = tmp_path / "data", str(free_port())
    log = tmp_path / "serve.log"
    own = {**_environment(data), "PORT": port}
    with process(sys.executable, "manage.py", "serve", log=log, **own) as serve:
        others = [started(data, *words) for words in (MIGRATE, CONNECT) * 3 + (MIGRATE,)]
        assert complaints(others) == []
        wait_for(
            lambda: serve.poll() is not None or answers(f"http://localhost:{port}/account/login/"),
            300,
            "the page",
        )
        assert serve.poll() is None, log.read_text()[-1500:]


def test_the_last_to_leave_never_stops_the_server_under_the_next(tmp_path: Path) -> None:
    data = tmp_path / "data"
    failed: list[str] = []
    for _ in range(4):
        failed += complaints([started(data, *CONNECT) for _ in range(6)])
    assert failed == []
    assert not (data / "postgres" / "postmaster.pid").exists()


def test_the_secret_of_this_machine_is_made_once(tmp_path: Path) -> None:
    say = ("-c", "from clinic.settings import SECRET_KEY; print(SECRET_KEY)")
    said = [each.communicate(timeout=60)[0] for each in [started(tmp_path, *say) for _ in range(8)]]
    assert len(set(said)) == 1
    assert len(said[0]) > 50
