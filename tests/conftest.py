"""What every test stands on: a folder of its own, the same random examples in every CI run, nothing skipped there."""

import os
from collections.abc import Generator, Iterator

import pytest
from django.db import connection
from hypothesis import settings as hypothesis_settings

# A busy machine is no failure; and CI looks at the same examples each time, so that it says the same each time.
hypothesis_settings.register_profile("ours", deadline=None)
hypothesis_settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "ours")


@pytest.fixture(autouse=True)
def _files_go_to_a_folder_of_the_test(request: pytest.FixtureRequest) -> None:
    if "engine" not in request.node.path.parts:
        settings = request.getfixturevalue("settings")
        settings.DATA_DIR = request.getfixturevalue("tmp_path")
        settings.MEDIA_ROOT = str(settings.DATA_DIR / "files")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """At the end, connections that a server's threads left open no longer keep the database from being dropped."""
    yield
    if not str(connection.settings_dict["NAME"]).startswith("test_"):
        return
    with django_db_blocker.unblock(), connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under REQUIRE_ALL, as in CI, a skipped test has failed."""
    report = yield
    if report.skipped and os.environ.get("REQUIRE_ALL"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and under REQUIRE_ALL nothing may be: {report.longrepr}"
    return report
