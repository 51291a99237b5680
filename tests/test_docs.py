"""What README, docs and `.env.example` name is there: a path, a link, a command, a setting and its default.

Seen here: a default of thirty seconds was told that had been ten for weeks.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.servers import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMED = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)
ROOMS = ("clinic/", "patients/", "planner/", "templates/", "tests/", "docs/")
READ = re.compile(r"""env(?:\.(\w+))?\(\s*["'](\w+)["'](?=(?:,\s*default=([^,)]+))?)""")
MADE_OF_OTHERS = {"DATA_DIR", "MAIL_DOMAIN", "SITE_URL"}
"""Their defaults are computed; the file shows what comes of it."""


def _names(page: Path) -> Iterator[str]:
    yield from NAMED.findall(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_path_that_is_named_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = [ROOT / name.rstrip("/") for name in _names(page) if name.startswith(ROOMS)]
    named += [page.parent / link for link in LINK.findall(text)]
    missing = [str(path) for path in named if " " not in str(path) and not path.exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_that_is_named_is_there(page: Path) -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"(?:`|    )make ([a-z]+)", text)) <= targets
    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) <= set(get_commands())
    modules = re.findall(r"python -m (tests\.[\w.]+)", text)
    assert [name for name in modules if not (ROOT / f"{name.replace('.', '/')}.py").exists()] == []


def _told() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def _read() -> dict[str, str | None]:
    """By name, the default that the settings have for a variable, as the file would write it."""
    text = (ROOT / "clinic" / "settings.py").read_text(encoding="utf-8")
    found: dict[str, str | None] = {}
    for kind, name, default in READ.findall(text):
        words = default.strip().strip("\"'").replace("[]", "")
        said = words.lower() if kind == "bool" else words
        found[name] = said or found.get(name) or ""
    return found


def test_every_setting_is_told_with_its_default() -> None:
    told, read = _told(), _read()
    assert set(told) == set(read)
    wrong = {
        name: (told[name], read[name]) for name in set(told) - MADE_OF_OTHERS if told[name] != read[name]
    }
    assert wrong == {}
