"""The compose file is the production shape: every variable is one the app reads, and nothing secret stands in it."""

import re
from itertools import pairwise
from typing import Any

import pytest
import yaml

from tests.servers import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}
READ_BY_SETTINGS = set(
    re.findall(r"""env(?:\.\w+)?\(\s*["']([A-Z_]+)["']""", (ROOT / "clinic" / "settings.py").read_text())
)


def test_the_app_is_four_services_of_one_image() -> None:
    assert set(OURS) == {"migrate", "web", "worker", "beat"}
    assert {service["image"] for service in OURS.values()} == {"series-planner"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_is_one_the_settings_read(name: Any) -> None:
    assert set(OURS[name]["environment"]) <= READ_BY_SETTINGS


def test_every_variable_of_the_settings_is_explained_in_one_line() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    explained = {
        line.partition("=")[0] for before, line in pairwise(lines) if before.startswith("# ") and "=" in line
    }
    assert explained == READ_BY_SETTINGS


def test_secrets_come_from_outside() -> None:
    values = [
        value for service in COMPOSE["services"].values() for value in service.get("environment", {}).items()
    ]
    for name, value in values:
        if re.search("SECRET|PASSWORD", name):
            assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), name


@pytest.mark.parametrize("name", ["web", "worker", "beat", "db", "redis", "mail"])
def test_every_service_that_runs_says_whether_it_is_well(name: str) -> None:
    assert COMPOSE["services"][name]["healthcheck"]["test"]


def test_data_lives_in_volumes() -> None:
    assert set(COMPOSE["volumes"]) == {"database", "files", "queue"}


def test_the_image_runs_as_an_ordinary_user() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER app" in lines
    assert lines.index("USER app") < next(n for n, line in enumerate(lines) if line.startswith("CMD"))
