"""The whole app as processes: as `make run` starts it, and in the shape of the compose file."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.servers import (
    ROOT,
    Mailbox,
    answers,
    free_port,
    mail_server,
    postgres,
    process,
    python,
    redis,
    wait_for,
)


@dataclass(frozen=True, slots=True)
class Running:
    """A clinic to walk into: its address, its mail, the database's log, and what its commands run with."""

    root: str
    mailbox: Mailbox
    log: Path
    environment: dict[str, str] = field(default_factory=dict)


def manage(*words: str, **environment: str) -> str:
    """One management command, which must succeed; what it printed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**own, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@contextmanager
def as_make_run_does(folder: Path, *, practitioners: int = 1) -> Iterator[Running]:
    """`manage.py serve`: embedded PostgreSQL, gunicorn, and one worker with beat inside, without Redis."""
    port = free_port()
    with mail_server() as mailbox:
        own = {
            "DATA_DIR": str(folder),
            "PORT": str(port),
            "EMAIL_URL": mailbox.url,
            "DELIVER_EVERY_SECONDS": "1",
        }
        own |= {"DATABASE_URL": "", "REDIS_URL": "", "SECRET_KEY": ""}
        manage("manage.py", "migrate", "-v0", **own)
        manage("-m", "tests.e2e.seed", str(practitioners), **own)
        with process(sys.executable, "manage.py", "serve", log=folder / "serve.log", **own):
            root = f"http://localhost:{port}"
            wait_for(lambda: answers(f"{root}/account/login/"), 120, "the sign-in page")
            yield Running(root, mailbox, folder / "postgres" / "log", own)


@contextmanager
def as_compose_does(folder: Path, *, practitioners: int = 1) -> Iterator[Running]:
    """The compose file's own commands and environment on PostgreSQL over TCP and Redis."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    port = free_port()
    with ExitStack() as stack:
        database = stack.enter_context(postgres(folder))
        mailbox = stack.enter_context(mail_server())
        own = compose_environment(services["web"]["environment"], port) | {
            "DATABASE_URL": database,
            "REDIS_URL": stack.enter_context(redis(folder)),
            "EMAIL_URL": mailbox.url,
            "DATA_DIR": str(folder),
            "DELIVER_EVERY_SECONDS": "1",
        }
        manage("manage.py", "collectstatic", "--noinput", "-v0", **own)
        for command in (services["migrate"]["command"], f"python -m tests.e2e.seed {practitioners}"):
            manage(*shlex.split(command)[1:], **own)
        for name in ("web", "worker", "beat"):
            command = services[name]["command"].replace("0.0.0.0:8000", f"127.0.0.1:{port}")
            program, *words = shlex.split(command)
            stack.enter_context(process(python(program), *words, log=folder / f"{name}.log", **own))
        root = f"http://localhost:{port}"
        wait_for(lambda: answers(f"{root}/account/login/"), 120, "the sign-in page")
        yield Running(root, mailbox, folder / "postgres" / "log", own)


def compose_environment(given: dict[str, str], port: int) -> dict[str, str]:
    """The file's variables with what an operator's .env would fill in for this machine."""
    filled = {
        "SECRET_KEY": "for-one-test-only-" + "x" * 50,
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "SITE_URL": f"http://localhost:{port}",
        "CSRF_TRUSTED_ORIGINS": f"http://localhost:{port}",
        "SSL_REDIRECT": "false",  # no proxy with a certificate stands before a test
        "DATABASE_PASSWORD": "unused",
    }
    return {name: _filled(value, filled) for name, value in given.items()}


def _filled(value: str, filled: dict[str, str]) -> str:
    def fill(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"] or ""
        return filled.get(name, default)

    return re.sub(r"\$\{(?P<name>\w+)(?::[-?](?P<default>[^}]*))?\}", fill, value)
