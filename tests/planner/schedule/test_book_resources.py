"""Who and what serves a session, and is free for it."""

from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal

import pytest

from clinic.models import Absence, Clinic
from planner.models import SiteDepth
from tests.makers import (
    make_area,
    make_device,
    make_location,
    make_practitioner,
    make_room,
)
from tests.planner.desk import Desk, open_desk, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return open_desk()


# Seen elsewhere: the back office may overlap without a warning; a practitioner or a room in two places is
# no conflict; there is no time to make a room ready.
def test_one_minute_of_overlap_is_too_much(desk: Desk) -> None:
    location = desk.location
    location.grid_minutes = 5
    location.save()
    Absence.objects.create(
        location=location,
        resource=desk.room,
        kind="upkeep",
        starts_at=datetime(2027, 1, 19, 11, 59, tzinfo=UTC),
        ends_at=datetime(2027, 1, 19, 15, tzinfo=UTC),
    )
    series = desk.series()
    with refused("on_leave") as facts:
        desk.book(series)
    assert facts[0]["resource"] == "Room 1"


# Seen elsewhere: there is no time to make a room ready.
def test_the_turnaround_keeps_the_next_session_off_and_then_lets_it_in(desk: Desk) -> None:
    desk.booked()
    other = replace(desk, practitioner=make_practitioner(desk.location), device=make_device(desk.location))
    series = other.series()
    with refused(*["slot_taken"] * 4) as facts:
        other.book(series, [replace(each, room_id=desk.room.pk) for each in other.visits(at=time(11, 45))])
    assert facts[0]["until"] == datetime(2027, 1, 19, 12, tzinfo=UTC)
    assert other.book(series, other.visits(at=time(12))).state == "active"


def test_a_turnaround_may_not_run_into_the_next_session(desk: Desk) -> None:
    desk.booked()
    series = desk.series()
    with refused(*["slot_taken"] * 4) as facts:
        desk.book(series, desk.visits(at=time(8, 15)))
    assert {fact["resource"] for fact in facts} == {"Room 1"}


def test_the_practitioner_is_free_while_the_cream_works(desk: Desk) -> None:  # feature of phases
    desk.booked()
    other = replace(desk, room=make_room(desk.location), device=make_device(desk.location))
    assert other.book(other.series(), other.visits(at=time(10, 45))).state == "active"


# Seen elsewhere: a patient's overlap is found only when it covers the whole visit.
def test_a_patient_is_in_one_place_at_a_time(desk: Desk) -> None:
    Clinic.objects.update(other_area_days=0)
    patient = desk.patient()
    desk.booked(patient=patient)
    elsewhere = make_location(clinic=desk.location.clinic, name="York")
    other = replace(
        desk,
        location=elsewhere,
        practitioner=make_practitioner(elsewhere),
        room=make_room(elsewhere),
        device=make_device(elsewhere),
    )
    hips = make_area(patient, site="hips", side="left")
    series = other.series(patient, sessions_planned=1, areas=[hips])
    with refused("patient_busy") as facts:
        other.book(series, [other.visit(1, datetime(2027, 1, 19, 11, 30))])
    assert facts[0]["until"] == datetime(2027, 1, 19, 11, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "code"), [("practitioner_id", "resource_missing"), ("device_id", "resource_missing")]
)
def test_what_a_phase_needs_is_chosen(desk: Desk, field: str, code: str) -> None:
    visit = replace(desk.visit(1, datetime(2027, 1, 19, 10)), **{field: None})
    series = desk.series(sessions_planned=1)
    with refused(code) as facts:
        desk.book(series, [visit])
    assert facts[0]["kind"] == field.removesuffix("_id").capitalize()


def test_a_resource_of_another_location_or_kind_is_unknown(desk: Desk) -> None:
    foreign = make_room(make_location())
    for room_id in (foreign.pk, desk.device.pk, 999_999_999):
        visit = desk.visit(1, datetime(2027, 1, 19, 10), room_id=room_id)
        series = desk.series(sessions_planned=1)
        with refused("resource_unknown") as facts:
            desk.book(series, [visit])
        assert facts[0]["kind"] == "Room"


def test_a_resource_no_longer_in_use_is_refused(desk: Desk) -> None:
    room = make_room(desk.location, name="Old room", is_active=False)
    series = desk.series(sessions_planned=1)
    with refused("resource_inactive") as facts:
        desk.book(series, [desk.visit(1, datetime(2027, 1, 19, 10), room_id=room.pk)])
    assert [(each["number"], each["resource"]) for each in facts] == [(1, "Old room")]


def test_a_practitioner_without_the_skill_is_refused(desk: Desk) -> None:
    novice = make_practitioner(desk.location, name="Sam Reid", skills=["facials"])
    visit = desk.visit(1, datetime(2027, 1, 19, 10), practitioner_id=novice.pk)
    series = desk.series(sessions_planned=1)
    with refused("not_qualified") as facts:
        desk.book(series, [visit])
    assert [(each["resource"], each["missing"]) for each in facts] == [("Sam Reid", ["microneedling"])]


def test_a_room_that_lacks_what_the_phase_needs_is_refused(desk: Desk) -> None:
    desk.version.room_skills = ["sink"]
    desk.version.save()
    series = desk.series(sessions_planned=1)
    with refused("lacks_what_is_needed") as facts:
        desk.book(series)
    assert [(each["resource"], each["missing"]) for each in facts] == [("Room 1", ["sink"])]


def test_a_device_too_shallow_for_the_site_is_refused(desk: Desk) -> None:
    pen = make_device(desk.location, name="Short pen", max_depth_mm=Decimal("1.5"))
    SiteDepth.objects.filter(version=desk.version, site="abdomen").update(
        min_mm=Decimal("1.75"), rubra_mm=Decimal("1.75"), alba_mm=Decimal("1.75")
    )
    visit = desk.visit(1, datetime(2027, 1, 19, 10), device_id=pen.pk)
    series = desk.series(sessions_planned=1)
    with refused("device_too_shallow") as facts:
        desk.book(series, [visit])
    assert (facts[0]["deepest_mm"], facts[0]["needed_mm"]) == (Decimal("1.50"), Decimal("1.75"))
