"""What the pages say to what cannot be: what, who, when and the next step, with everything left as it was."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from clinic.permissions import Role
from tests.bad_input.pages import Pages
from tests.makers import NOW, make_staff
from tests.planner.desk import Desk, open_desk


@pytest.fixture(autouse=True)
def _on_a_quiet_monday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk() -> Desk:
    return open_desk()


@pytest.fixture
def page(client: Client, desk: Desk) -> "Pages":
    client.force_login(make_staff(desk.location, Role.CLINICIAN, name="Dr Okafor").user)
    return Pages(client)
