"""The demo clinic as of a day behind a web server of its own: a copy, so whoever has it may change it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pytest_django import DjangoDbBlocker

from tests.databases import DemoDay, demo_copied
from tests.e2e.on_a_day import on
from tests.servers import ROOT, answers, free_port, process, wait_for


@dataclass(frozen=True, slots=True)
class ServedDemo:
    """The web server's address, and what a command needs that works on the same clinic."""

    root: str
    environment: dict[str, str]

    def run(self, module: str) -> str:
        """What that module of ours prints when it is run there."""
        own = {**os.environ, **self.environment}
        command = [sys.executable, "-m", module]
        return subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=True).stdout


@contextmanager
def demo_on(at: datetime, blocker: DjangoDbBlocker) -> Iterator[ServedDemo]:
    """A copy of the demo clinic as of a moment, and the web server in which it is that moment.

    No worker runs: what is due stays as the demo left it. Making the demo takes no part of the day that is served.
    """
    port = free_port()
    with blocker.unblock(), demo_copied(DemoDay(at)) as copy:
        own = copy.environment | {"PORT": str(port), "REDIS_URL": "", "SECRET_KEY": ""}
        web = f"-m gunicorn clinic.wsgi --config python:clinic.gunicorn --bind 127.0.0.1:{port} --workers 1"
        served = on(at + timedelta(seconds=1), *web.split())
        with process(sys.executable, *served, log=Path(own["DATA_DIR"]) / "web.log", **own):
            root = f"http://localhost:{port}"
            wait_for(lambda: answers(f"{root}/account/login/"), 60, "the sign-in page")
            yield ServedDemo(root, own)
