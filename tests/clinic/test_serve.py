"""`make run` says in one line what is wrong, never with a traceback."""

import os
import socket
import subprocess
import sys

import pytest

from tests.servers import ROOT, free_port

pytestmark = pytest.mark.processes


def serve(**environment: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    return subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env={**own, "SECRET_KEY": "", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_taken_port(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = serve(PORT=str(port), DATA_DIR=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == f"CommandError: Port {port} is taken. Choose another: make run PORT={port + 1}\n"


def test_a_database_that_does_not_answer(tmp_path):
    nowhere = f"postgres://nobody@127.0.0.1:{free_port()}/nothing"
    done = serve(PORT=str(free_port()), DATA_DIR=str(tmp_path), DATABASE_URL=nowhere)
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: The database does not answer: connection to server at")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("port", "said"), [("eighty", "a number"), ("0", "from 1 to 65535"), ("70000", "from 1 to 65535")]
)
def test_a_port_that_is_none(tmp_path, port, said):
    done = serve(PORT=port, DATA_DIR=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: PORT must be")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_python_that_is_none(tmp_path):
    """In an empty copy of the Makefile, since here a virtual environment exists already."""
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    (tmp_path / "requirements.txt").write_text("")
    done = subprocess.run(
        ["make", "run", "PYTHON=/bin/false"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "Python 3.11 or newer is needed; '/bin/false' is not." in done.stderr
    assert "Traceback" not in done.stderr
