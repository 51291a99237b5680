"""A clinic with the shipped protocols, and a clinician who is signed in."""

import pytest
from django.test import Client

from clinic.models import Location
from clinic.permissions import Role
from planner.models import (
    Protocol,
)
from planner.outbox.steps import load_steps
from planner.protocols.catalogue import load_protocols
from tests.makers import (
    NOW,
    make_location,
    make_staff,
)


@pytest.fixture
def location() -> Location:
    location = make_location()
    load_protocols(location.clinic, load_steps(), now=NOW)
    location.refresh_from_db()
    return location


@pytest.fixture
def clinician(client: Client, location: Location) -> Client:
    client.force_login(make_staff(location, Role.CLINICIAN, name="Elena Marsh").user)
    return client


@pytest.fixture
def protocol(location: Location) -> Protocol:
    return location.clinic.protocols.get(code="mn-moderate")
