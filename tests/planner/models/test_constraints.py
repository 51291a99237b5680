"""The database has the last word: it refuses overlaps whatever the code above it does."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from clinic.models import Resource
from planner.models import Reservation, Session
from tests.makers import (
    NOW,
    make_location,
    make_patient,
    make_protocol_version,
    make_room,
    make_series,
    make_staff,
)

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def sessions() -> Any:
    location = make_location()
    staff = make_staff(location)
    patient = make_patient(location.clinic)
    version = make_protocol_version(location.clinic)
    series = make_series(patient, version, location, by=staff.user)
    return list(series.sessions.all())


def reserve(session: Session, resource: Resource, start: Any, end: Any, **fields: Any) -> Reservation:
    return Reservation.objects.create(
        session=session, resource=resource, starts_at=start, used_until=end, ends_at=end, **fields
    )


# Seen elsewhere: two people take one slot and both are confirmed; a practitioner or a room in two places
# is no conflict.
def test_one_resource_is_never_held_twice_for_an_overlapping_time(sessions: Any) -> None:
    room = make_room(sessions[0].location)
    reserve(sessions[0], room, NOW, NOW + HOUR)
    with pytest.raises(IntegrityError, match="resource_free"), transaction.atomic():
        reserve(sessions[1], room, NOW + HOUR - timedelta(minutes=1), NOW + 2 * HOUR)
    assert Reservation.objects.count() == 1


def test_times_that_only_touch_do_not_overlap(sessions: Any) -> None:
    room = make_room(sessions[0].location)
    reserve(sessions[0], room, NOW, NOW + HOUR)
    reserve(sessions[1], room, NOW + HOUR, NOW + 2 * HOUR)
    assert Reservation.objects.count() == 2


def test_a_released_reservation_blocks_nobody(sessions: Any) -> None:
    room = make_room(sessions[0].location)
    reserve(sessions[0], room, NOW, NOW + HOUR, is_active=False)
    reserve(sessions[1], room, NOW, NOW + HOUR)
    assert Reservation.objects.filter(is_active=True).count() == 1


# Seen elsewhere: a patient's overlap is found only when it covers the whole visit.
def test_a_patient_is_never_in_two_sessions_at_once(sessions: Any) -> None:
    first, second = sessions[:2]
    Session.objects.filter(pk=first.pk).update(state="booked", starts_at=NOW, ends_at=NOW + HOUR)
    with pytest.raises(IntegrityError, match="patient_free"), transaction.atomic():
        Session.objects.filter(pk=second.pk).update(
            state="booked", starts_at=NOW + HOUR / 2, ends_at=NOW + 2 * HOUR
        )
    second.refresh_from_db()
    assert second.state == "planned"


def test_a_booked_session_has_a_time(sessions: Any) -> None:
    with pytest.raises(IntegrityError, match="booked_session_has_time"), transaction.atomic():
        Session.objects.filter(pk=sessions[0].pk).update(state="booked")
