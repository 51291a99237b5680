"""Three people in three browsers do the main job, on the embedded default and in the production shape."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.clinic_at_work import Somebody, main_job
from tests.e2e.running import as_compose_does, as_make_run_does

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("processes")]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short, because a PostgreSQL's socket lies in it, and open to the user PostgreSQL runs as."""
    with tempfile.TemporaryDirectory(prefix="e2e") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_on_the_embedded_default(folder: Path, somebody: Somebody) -> None:
    with as_make_run_does(folder) as clinic:
        main_job(clinic, somebody, "main-job")


def test_in_the_production_shape(folder: Path, somebody: Somebody) -> None:
    with as_compose_does(folder) as clinic:
        main_job(clinic, somebody, "production")
        assert "deadlock" not in clinic.log.read_text()
