"""What every test stands on: a folder of its own, the same random examples in every CI run, nothing skipped there."""

import os
from collections.abc import Generator, Iterator

import pytest
from django.conf import settings
from django.db import connection
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker

from tests.databases import at_home_in, copy_migrated, drop

# A busy machine is no failure; and CI looks at the same examples each time, so that it says the same each time.
hypothesis_settings.register_profile("ours", deadline=None)
hypothesis_settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "ours")


@pytest.fixture(autouse=True)
def _files_go_to_a_folder_of_the_test(request: pytest.FixtureRequest) -> None:
    if "engine" not in request.node.path.parts:
        changed = request.getfixturevalue("settings")
        changed.DATA_DIR = request.getfixturevalue("tmp_path")
        changed.MEDIA_ROOT = str(changed.DATA_DIR / "files")


@pytest.fixture(autouse=True, scope="session")
def _passwords_are_quickly_made(django_test_environment: None) -> None:
    """In this process; servers hash them as they do in a clinic."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """A copy of the database that was migrated once for all processes and runs."""
    name = str(connection.settings_dict["TEST"]["NAME"])
    with django_db_blocker.unblock():
        copy_migrated(name)
    with at_home_in(name):
        yield
    with django_db_blocker.unblock():
        drop(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under REQUIRE_ALL, as in CI, a skipped test has failed."""
    report = yield
    if report.skipped and os.environ.get("REQUIRE_ALL"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and under REQUIRE_ALL nothing may be: {report.longrepr}"
    return report
