"""What a session takes of a resource, and why one does not serve it or is not there."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clinic.models import Absence, Resource
from clinic.opening_hours import open_calendar
from planner.models import ProtocolPhase, Reservation
from planner.obstacles.resource_use import taken_by_others, use_of, why_not_open
from tests.planner.desk import Desk, open_desk, session_of

MONDAY = date(2027, 1, 11)
SATURDAY = date(2027, 1, 16)
EASTER_MONDAY = date(2027, 3, 29)


def utc(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=UTC)


@pytest.fixture
def desk(db: None) -> Desk:
    return open_desk()


def reason(desk: Desk, resource: Resource, start: Any) -> Any:
    phases = list(desk.version.phases.all())
    use = use_of(resource, 2, start, phases)
    day = start.astimezone(ZoneInfo("Europe/London")).date()
    calendar = open_calendar(desk.location, [resource], day, day)
    obstacle = why_not_open(use, desk.location, calendar)
    return (obstacle.code, obstacle.facts) if obstacle else None


def test_a_use_runs_from_the_first_phase_that_needs_it_to_the_last(desk: Desk) -> None:
    phases = [
        ProtocolPhase(minutes=15, needs=["room"]),
        ProtocolPhase(minutes=30, needs=["practitioner", "room"]),
        ProtocolPhase(minutes=20, needs=["room"]),
        ProtocolPhase(minutes=10, needs=["practitioner"]),
    ]
    at = utc(MONDAY, 10)
    use = use_of(desk.practitioner, 1, at, phases)
    assert (use.starts_at, use.used_until, use.ends_at) == (
        utc(MONDAY, 10, 15),
        utc(MONDAY, 11, 15),
        utc(MONDAY, 11, 15),
    )
    use = use_of(desk.room, 1, at, phases)
    assert (use.starts_at, use.used_until, use.ends_at) == (at, utc(MONDAY, 11, 5), utc(MONDAY, 11, 20))


def test_what_is_free_has_no_reason(desk: Desk) -> None:
    assert [reason(desk, each, utc(MONDAY, 10)) for each in (desk.practitioner, desk.room, desk.device)] == [
        None
    ] * 3


def test_the_turnaround_may_run_past_closing_time(desk: Desk) -> None:
    assert reason(desk, desk.room, utc(MONDAY, 18, 15)) is None
    code, facts = reason(desk, desk.room, utc(MONDAY, 18, 30))
    assert (code, facts["open"]) == ("outside_hours", ["08:00 to 20:00"])


def test_outside_hours_says_which_they_are(desk: Desk) -> None:
    code, facts = reason(desk, desk.practitioner, utc(MONDAY, 17))
    assert (code, facts) == (
        "outside_hours",
        {"resource": "Priya Nair", "open": ["09:00 to 17:00"], "length": "45 min"},
    )


def test_a_day_without_hours_is_said_as_such(desk: Desk) -> None:
    code, facts = reason(desk, desk.practitioner, utc(SATURDAY, 10))
    assert (code, facts["resource"]) == ("not_open_that_day", "Priya Nair")


def test_a_public_holiday_is_named(desk: Desk) -> None:
    code, facts = reason(desk, desk.room, utc(EASTER_MONDAY, 9))
    assert (code, facts["holiday"]) == ("public_holiday", "Easter Monday")


def test_leave_is_named_with_its_ends(desk: Desk) -> None:
    Absence.objects.create(
        location=desk.location,
        resource=desk.practitioner,
        kind="leave",
        starts_at=utc(MONDAY, 0),
        ends_at=utc(SATURDAY, 0),
    )
    code, facts = reason(desk, desk.practitioner, utc(MONDAY, 10))
    assert (code, facts["since"], facts["until"]) == ("on_leave", utc(MONDAY, 0), utc(SATURDAY, 0))
    assert reason(desk, desk.room, utc(MONDAY, 10)) is None


def test_a_closure_of_the_location_is_named(desk: Desk) -> None:
    Absence.objects.create(
        location=desk.location, kind="closure", starts_at=utc(MONDAY, 11), ends_at=utc(MONDAY, 12)
    )
    code, facts = reason(desk, desk.room, utc(MONDAY, 10))
    assert (code, facts["location"], facts["until"]) == ("closed", "Leeds", utc(MONDAY, 12))


def test_an_absence_counts_against_the_turnaround_too(desk: Desk) -> None:
    Absence.objects.create(
        location=desk.location,
        resource=desk.room,
        kind="upkeep",
        starts_at=utc(MONDAY, 12),
        ends_at=utc(MONDAY, 13),
    )
    assert reason(desk, desk.room, utc(MONDAY, 10)) is None
    assert reason(desk, desk.room, utc(MONDAY, 10, 15))[0] == "on_leave"


def hold(desk: Desk, resource: Resource, starts_at: Any, ends_at: Any, **fields: Any) -> Any:
    session = session_of(desk.series(), 1)
    return Reservation.objects.create(
        session=session, resource=resource, starts_at=starts_at, used_until=ends_at, ends_at=ends_at, **fields
    )


@pytest.mark.parametrize(
    ("from_minute", "to_minute", "is_taken"),
    [(0, 60, True), (60, 90, True), (119, 180, True), (120, 180, False), (-60, 1, True), (-60, 0, False)],
)
def test_any_overlap_with_a_reservation_counts_turnaround_included(
    desk: Desk, from_minute: Any, to_minute: int, is_taken: bool
) -> None:
    at = utc(MONDAY, 10)
    hold(desk, desk.room, at + timedelta(minutes=from_minute), at + timedelta(minutes=to_minute))
    use = use_of(desk.room, 2, at, list(desk.version.phases.all()))
    assert (desk.room.pk in taken_by_others([use], [])) is is_taken


def test_released_reservations_and_those_to_be_given_up_do_not_count(desk: Desk) -> None:
    at = utc(MONDAY, 10)
    hold(desk, desk.room, at, at + timedelta(hours=1), is_active=False)
    mine = hold(desk, desk.room, at, at + timedelta(hours=1))
    use = use_of(desk.room, 1, at, list(desk.version.phases.all()))
    assert taken_by_others([use], [mine.session]) == {}
    assert taken_by_others([use, replace(use, resource=desk.device)], []) == {desk.room.pk: (mine,)}
