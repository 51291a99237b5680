"""What several pages are looked at with."""

from collections.abc import Iterator
from copy import deepcopy

import pytest
import time_machine
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.planner.full_day import NOW, FullDay, make_full_day


@pytest.fixture(scope="module")
def _day_made_once(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[FullDay]:
    """Half a second of work, kept by a transaction around the module's tests, each of which undoes only its own."""
    with django_db_blocker.unblock(), transaction.atomic():
        with time_machine.travel(NOW, tick=False):
            made = make_full_day()
        yield made
        transaction.set_rollback(True)


@pytest.fixture
def day(_day_made_once: FullDay) -> FullDay:
    """What a test does to these objects, it does to its own copy."""
    return deepcopy(_day_made_once)
