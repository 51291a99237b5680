"""`make run` says in one line what is wrong, never with a traceback."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.servers import ROOT, answers, free_port, process, skip_or_fail, wait_for

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


def test_a_taken_port(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = serve(PORT=str(port), DATA_DIR=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"CommandError: Port {port} is taken by process {os.getpid()} (")
    assert done.stderr.endswith(f"). End that, or choose another: make run PORT={port + 1}\n")
    assert done.stderr.count("\n") == 1


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    nowhere = f"postgres://nobody@127.0.0.1:{free_port()}/nothing"
    done = serve(PORT=str(free_port()), DATA_DIR=str(tmp_path), DATABASE_URL=nowhere)
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: The database does not answer: connection to server at")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("port", "said"), [("eighty", "a number"), ("0", "from 1 to 65535"), ("70000", "from 1 to 65535")]
)
def test_a_port_that_is_none(tmp_path: Path, port: str, said: str) -> None:
    done = serve(PORT=port, DATA_DIR=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: PORT must be")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_python_that_is_none(tmp_path: Path) -> None:
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


@contextmanager
def small_disk(folder: Path, *options: str) -> Iterator[Path]:
    """A file system of its own in memory; only root may mount one."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", ",".join(["size=4m", *options]), "tmpfs", str(folder)], check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("is_second_run", [False, True])
@pytest.mark.parametrize(("options", "why"), [(["ro"], "Read-only file system"), ([], "MB are free")])
def test_a_folder_that_cannot_be_written_to(
    tmp_path: Path, options: Any, why: str, is_second_run: bool
) -> None:
    with small_disk(tmp_path / "small", *options) as folder:
        if is_second_run and options:
            subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
        if is_second_run:
            (folder / "secret_key").write_text("x" * 50)
        if is_second_run and options:
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        done = serve(PORT=str(free_port()), DATA_DIR=str(folder), DATABASE_URL="")
    assert done.returncode == 1
    assert f"{folder} cannot be written to: " in done.stderr
    assert why in done.stderr
    assert done.stderr.endswith("choose another folder: make run DATA_DIR=/some/folder\n")
    assert done.stderr.count("\n") == 1


def test_a_folder_without_one_byte_left(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small") as folder:
        with suppress(OSError):
            (folder / "filler").write_bytes(b"x" * 5_000_000)
        done = serve(PORT=str(free_port()), DATA_DIR=str(folder), DATABASE_URL="")
    assert done.returncode == 1
    assert f"{folder} cannot be written to: No space left on device." in done.stderr
    assert done.stderr.count("\n") == 1


SERVE = (sys.executable, "manage.py", "serve")
MAKE_RUN = ("make", "--old-file=.venv/runs", f"BIN={Path(sys.executable).parent}", "run")
"""As a person types it, but for packages that are there already."""


def test_what_a_killed_parent_leaves_behind_ends_by_itself_and_a_second_run_starts() -> None:
    """Whether `make` alone is killed or `serve` alone."""
    with tempfile.TemporaryDirectory(prefix="serve") as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        own = {"DATA_DIR": name, "PORT": str(port), "DATABASE_URL": "", "SECRET_KEY": "", "REDIS_URL": ""}
        own |= {"DELIVER_EVERY_SECONDS": "1"}
        without_sbin = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
        for log, command, least in ((folder / "first.log", MAKE_RUN, 4), (folder / "second.log", SERVE, 3)):
            with process(*command, log=log, **own, **without_sbin) as parent:
                wait_for(lambda: answers(f"http://localhost:{port}/account/login/"), 120, "the sign-in page")
                children = psutil.Process(parent.pid).children(recursive=True)
                assert len(children) >= least
                answers(f"http://localhost:{port}/no-such-page/")
                wait_for(
                    lambda log=log: "/no-such-page/" in log.read_text(), 10, "the line of a failed request"
                )
                parent.kill()
                parent.wait()
                wait_for(lambda these=children: not any(map(_runs, these)), 45, "the children's end")
            wait_for(lambda: not (folder / "postgres" / "postmaster.pid").exists(), 20, "PostgreSQL's end")
            said = log.read_text()
            assert not [
                word for word in ("Warning:", "Please specify a different user", "[config]") if word in said
            ]
            assert "celery@" not in said
            assert "succeeded in" not in said


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_root_without_the_tools_of_the_system_is_helped(tmp_path: Path) -> None:
    """The user that PostgreSQL runs as is not there yet: `useradd` is found though PATH does not name its folder."""
    if os.geteuid():
        skip_or_fail("only root makes users")
    looked_for = "from clinic.management.commands import serve; serve._find_system_tools()"
    code = f"{looked_for}; import shutil; print(shutil.which('useradd'))"
    own = {**os.environ, "PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path)}
    made = "import django; django.setup(); "
    done = subprocess.run(
        [sys.executable, "-c", made + code], cwd=ROOT, env=own, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().endswith("/useradd")
