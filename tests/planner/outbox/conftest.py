"""A booked series with its messages."""

from typing import Any

import pytest
from django.db import transaction

from clinic.models import Location
from planner.models import Message, Series
from planner.outbox.plan_messages import (
    messages_for_booking,
    messages_for_completion,
)
from tests.makers import (
    NOW,
    make_booked_series,
    make_location,
)
from tests.planner.outbox.posted import HOUR


@pytest.fixture
def location() -> Location:
    return make_location(phone="0113 555 0142", email="desk@linden.example")


@pytest.fixture
def series(location: Location) -> Series:
    series = make_booked_series(location)
    with transaction.atomic():
        messages_for_booking(series, now=NOW)
    return series


@pytest.fixture
def confirmation(series: Series) -> Any:
    return Message.objects.get(session=None)


@pytest.fixture
def done(location: Location) -> Any:
    """The first session of a series, just finished, with its aftercare waiting."""
    session = make_booked_series(location, first=NOW - 2 * HOUR).sessions.get(number=1)
    session.state, session.done_at = "done", NOW
    session.save()
    messages_for_completion(session, now=NOW)
    return session
