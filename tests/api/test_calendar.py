"""What sessions stand on, changed by a program: it is told whom it hits, before or after."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from clinic.models import Absence, ExtraHours, ReadAudit, Resource, WeeklyHours
from clinic.permissions import Role
from tests.api.caller import Caller, caller, refusal
from tests.makers import NOW, make_location, make_room
from tests.planner.desk import Desk, open_desk

pytestmark = pytest.mark.django_db
LEAVE = {"kind": "leave", "starts_at": "2027-01-19T00:00Z", "ends_at": "2027-01-20T00:00Z"}


@pytest.fixture(autouse=True)
def _on_the_eleventh() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk() -> Desk:
    desk = open_desk()
    desk.booked()
    return desk


@pytest.fixture
def manager(desk: Desk) -> Caller:
    return caller(desk.location, Role.MANAGER)


def codes(answer: dict[str, Any]) -> list[str]:
    return [each["code"] for each in answer["would_hit"]]


def test_a_leave_can_be_tried_before_it_is_kept(desk: Desk, manager: Caller) -> None:
    leave = LEAVE | {"resource_id": desk.practitioner.pk}
    tried = manager.done("absences/", leave | {"dry_run": True}, status=201, key="one")
    assert (tried["absence"], codes(tried)) == (None, ["on_leave"])
    assert not Absence.objects.exists()
    assert ReadAudit.objects.filter(what="sessions_hit").count() == 1

    kept = manager.done("absences/", leave, status=201, key="two")
    assert kept["would_hit"] == tried["would_hit"]
    assert kept["absence"]["id"] == Absence.objects.get().pk
    assert [each["id"] for each in manager.get("absences/").json()["results"]] == [kept["absence"]["id"]]


def test_what_was_tried_may_be_done_with_the_same_key(desk: Desk, manager: Caller) -> None:
    leave = LEAVE | {"resource_id": desk.practitioner.pk}
    manager.done("absences/", leave | {"dry_run": True}, status=201, key="one")
    manager.done("absences/", leave, status=201, key="one")
    manager.done("absences/", leave, status=201, key="one")
    assert Absence.objects.count() == 1


def test_a_leave_is_taken_back(desk: Desk, manager: Caller) -> None:
    leave = LEAVE | {"resource_id": desk.practitioner.pk}
    pk = manager.done("absences/", leave, status=201)["absence"]["id"]
    assert codes(manager.done(f"absences/{pk}/", method="delete")) == []
    assert not Absence.objects.exists()


def test_extra_hours_that_carry_a_session_say_so_when_they_go(desk: Desk, manager: Caller) -> None:
    WeeklyHours.objects.filter(resource=desk.practitioner, weekday=1).delete()
    span = {"starts_at": "2027-01-19T08:00Z", "ends_at": "2027-01-19T18:00Z"}
    added = manager.done("extra-hours/", span | {"resource_id": desk.practitioner.pk}, status=201)
    path = f"extra-hours/{added['extra_hours']['id']}/"
    assert codes(manager.done(path, {"dry_run": True}, method="delete")) == ["not_open_that_day"]
    assert ExtraHours.objects.exists()
    assert codes(manager.done(path, method="delete")) == ["not_open_that_day"]
    assert not ExtraHours.objects.exists()


def test_hours_are_made_shorter_and_removed(desk: Desk, manager: Caller) -> None:
    row = WeeklyHours.objects.get(resource=desk.practitioner, weekday=1)
    shorter = {"version": row.version, "weekday": 1, "opens": "12:00", "closes": "17:00"}
    path = f"hours/{row.pk}/"
    tried = manager.done(path, shorter | {"dry_run": True}, method="put")
    assert (tried["hours"], codes(tried)) == (None, ["outside_hours"] * 4)
    kept = manager.done(path, shorter, method="put")
    assert (kept["hours"]["opens"], codes(kept)) == ("12:00:00", ["outside_hours"] * 4)
    assert refusal(manager.send(path, shorter, method="put")) == (409, "stale")
    gone = manager.done(path, {"version": row.version + 1}, method="delete")
    assert codes(gone) == ["not_open_that_day"] * 4


def test_a_room_is_put_out_of_use(desk: Desk, manager: Caller) -> None:
    path = f"resources/{desk.room.pk}/"
    off = {"version": desk.room.version, "is_active": False}
    assert codes(manager.done(path, off | {"dry_run": True}, method="patch")) == ["resource_inactive"] * 4
    assert Resource.objects.get(pk=desk.room.pk).is_active
    kept = manager.done(path, off, method="patch")
    assert (kept["resource"]["is_active"], codes(kept)) == (False, ["resource_inactive"] * 4)


def test_a_skill_is_taken_away(desk: Desk, manager: Caller) -> None:
    asked = {"version": desk.practitioner.version, "skills": [], "dry_run": True}
    hit = manager.done(f"resources/{desk.practitioner.pk}/", asked, method="patch")
    assert codes(hit) == ["not_qualified"] * 4


def test_only_a_practitioner_is_on_leave_or_sick(desk: Desk, manager: Caller) -> None:
    for resource in (None, desk.room.pk):
        answer = manager.send("absences/", LEAVE | {"resource_id": resource})
        assert refusal(answer) == (409, "only_practitioners_are_on_leave")
    assert not Absence.objects.exists()


def test_another_locations_room_is_nobodys(desk: Desk, manager: Caller) -> None:
    other = make_room(make_location(clinic=desk.location.clinic, name="York"))
    answer = manager.send("absences/", LEAVE | {"kind": "upkeep", "resource_id": other.pk})
    assert refusal(answer) == (404, "not_found")


def test_the_desk_reads_the_calendar_and_changes_nothing(desk: Desk) -> None:
    who = caller(desk.location, Role.FRONT_DESK)
    assert who.get("hours/").json()["count"] == 10
    assert refusal(who.send("absences/", LEAVE)) == (404, "not_found")


def test_days_the_wrong_way_round_and_too_many_are_refused(manager: Caller) -> None:
    for asked in ({"from": "2027-02-02", "to": "2027-02-01"}, {"from": "2027-01-01", "to": "2027-06-01"}):
        assert refusal(manager.get("obstacles/", **asked)) == (400, "invalid")
    assert refusal(manager.get("obstacles/", colour="red")) == (400, "invalid")
