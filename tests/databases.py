"""Databases that are made once and copied: one that is migrated, and one with the demo clinic of each day asked for.

Each bears the hash of what it is made of, so it outlives the run and is made anew when any of that changes. It has
another name until it is whole, so what a killed run leaves half made is never copied: the next one removes it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from itertools import count
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import psutil
from django.conf import settings
from django.db import connection
from django.test import override_settings

ROOT = Path(__file__).parent.parent
FILES = Path(settings.DATA_DIR) / "test-templates"
MADE_OF = ("clinic", "patients", "planner", "templates", "locale", "requirements.txt")
"""What a demo depends on; a migrated database only on its migrations."""
LOCK = 20260908
_copies = count()


@dataclass(frozen=True, slots=True)
class DemoDay:
    """The demo clinic as of a moment; made then, or on another day by `--day`."""

    at: datetime
    made_on: datetime | None = None

    @property
    def command(self) -> list[str]:
        words = ["manage.py", "load_demo", "-v0"]
        return [*words, "--day", self.at.date().isoformat()] if self.made_on else words

    @property
    def name(self) -> str:
        return f"demo_{self.at:%Y%m%d%H%M}{'_late' if self.made_on else ''}"


def copy_migrated(name: str) -> None:
    """A migrated, empty database of that name; what had that name before is gone."""
    with _alone() as cursor:
        _copy(cursor, _migrated(cursor), name)


@dataclass(frozen=True, slots=True)
class Copy:
    """A database of one's own, and a folder with the files that belong to it."""

    database: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """For a process that works on it."""
        return {"DATABASE_URL": url_of(self.database), "DATA_DIR": str(self.folder)}


@contextmanager
def demo_copied(day: DemoDay) -> Iterator[Copy]:
    """A demo clinic that may be changed at will; it is gone afterwards."""
    name = f"copy_{os.getpid()}_{next(_copies)}"
    with TemporaryDirectory(prefix="demo") as folder:
        with _alone() as cursor:
            template = _demo(cursor, day)
            _copy(cursor, template, name)
            copytree(FILES / template, folder, dirs_exist_ok=True)
        try:
            yield Copy(name, Path(folder))
        finally:
            drop(name)


@contextmanager
def in_demo(day: DemoDay) -> Iterator[None]:
    """This process works in a copy of that demo."""
    with ExitStack() as stack:
        copy = stack.enter_context(demo_copied(day))
        stack.enter_context(at_home_in(copy.database))
        stack.enter_context(override_settings(MEDIA_ROOT=str(copy.folder / "files")))
        yield


def drop(name: str) -> None:
    """Even if somebody, as a thread of a server, is still connected."""
    with _no_database() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def at_home_in(name: str) -> Iterator[None]:
    """This process works in that database."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def url_of(name: str, options: str = "") -> str:
    """How another process reaches a database of this run."""
    at = {key: quote(str(value), safe="") for key, value in connection.get_connection_params().items()}
    who = f"{at['user']}:{at.get('password', '')}"
    more = f"&options={quote(options)}" if options else ""
    return f"postgres://{who}@/{name}?host={at['host']}&port={at.get('port', 5432)}{more}"


def _no_database() -> Any:
    """A cursor in none of ours, so that any of them may be made or dropped."""
    return connection.creation._nodb_cursor()  # type: ignore[attr-defined]


@contextmanager
def _alone() -> Iterator[Any]:
    """Of all processes of all runs; a dead one lets go by itself."""
    with _no_database() as cursor:
        cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        for name in filter(_is_left, _names(cursor)):
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        yield cursor


def _migrated(cursor: Any) -> str:
    return _ready(cursor, "migrated", _hash_of_migrations(), None, ["manage.py", "migrate", "-v0"])


def _demo(cursor: Any, day: DemoDay) -> str:
    made_on = (day.made_on or day.at).isoformat()
    words = ["-m", "tests.e2e.on_a_day", "--frozen", made_on, *day.command]
    return _ready(cursor, day.name, _hash_of_sources(), _migrated(cursor), words)


def _ready(cursor: Any, what: str, key: str, base: str | None, words: list[str]) -> str:
    """The name of a template that is whole, made now by a command of ours if nobody has made it before."""
    name = f"template_{what}_{key}"
    if name in _names(cursor) and (FILES / name).exists():
        return name
    for old in _names(cursor):
        if old.startswith(f"template_{what}_"):
            cursor.execute(f'DROP DATABASE "{old}" WITH (FORCE)')
            rmtree(FILES / old, ignore_errors=True)
    rmtree(FILES / name, ignore_errors=True)
    (FILES / name / "files").mkdir(parents=True)
    _copy(cursor, base or "template1", f"making_{name}")
    _run(words, DATABASE_URL=url_of(f"making_{name}"), DATA_DIR=str(FILES / name))
    cursor.execute(f'ALTER DATABASE "making_{name}" RENAME TO "{name}"')
    return name


def _is_left(name: str) -> bool:
    """By a run that was killed: what it had not made whole, and its copies."""
    kind, _, rest = name.partition("_")
    return kind == "making" or (kind == "copy" and not psutil.pid_exists(int(rest.partition("_")[0])))


def _names(cursor: Any) -> set[str]:
    cursor.execute("SELECT datname FROM pg_database")
    return {name for (name,) in cursor.fetchall()}


def _copy(cursor: Any, template: str, name: str) -> None:
    cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
    cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def _run(words: list[str], **environment: str) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    own |= {"SECRET_KEY": "", "REDIS_URL": "", **environment}
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=own, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


@cache
def _hash_of_migrations() -> str:
    from django.db.migrations.loader import MigrationLoader

    known = MigrationLoader(None).disk_migrations
    return _hash(sorted({str(sys.modules[each.__module__].__file__) for each in known.values()}))


@cache
def _hash_of_sources() -> str:
    found = [
        str(path)
        for top in MADE_OF
        for path in ([ROOT / top] if (ROOT / top).is_file() else (ROOT / top).rglob("*"))
        if path.is_file() and "static" not in path.parts and path.suffix != ".pyc"
    ]
    return _hash(sorted(found))


def _hash(paths: list[str]) -> str:
    whole = sha256()
    for path in paths:
        whole.update(path.encode() + b"\0" + Path(path).read_bytes())
    return whole.hexdigest()[:12]
