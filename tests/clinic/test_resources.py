from typing import Any

import pytest

from clinic.models import Location, Resource
from clinic.services.resources import ResourceNameTaken, add_resource, change_location, change_resource
from tests.makers import NOW, acting, make_location, make_room, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Location:
    return make_location()


def _add(place: Location, key: str = "k", **fields: Any) -> Resource:
    by = make_staff(place).user
    return add_resource(Resource(location=place, kind="room", **fields), by=acting(by), key=key, now=NOW)


def test_a_room_is_kept(place: Location) -> None:
    room = _add(place, name="Room 1", turnaround_minutes=10)
    assert (room.name, room.kind, room.turnaround_minutes, room.is_active) == ("Room 1", "room", 10, True)


def test_a_name_is_one_of_its_kind_only_once(place: Location) -> None:
    make_room(place, name="Room 1")
    with pytest.raises(ResourceNameTaken) as refusal:
        _add(place, name="Room 1")
    assert refusal.value.facts == {"kind": "room", "name": "Room 1"}
    assert Resource.objects.count() == 1


def test_a_change_to_a_taken_name_is_refused(place: Location) -> None:
    make_room(place, name="Room 1")
    room = make_room(place, name="Room 2")
    room.name = "Room 1"
    with pytest.raises(ResourceNameTaken):
        change_resource(room)
    room.refresh_from_db()
    assert room.name == "Room 2"


def test_the_clinic_and_its_location_change_together(place: Location) -> None:
    place.name, place.clinic.name = "Harrogate", "Linden Row North"
    change_location(place)
    kept = Location.objects.select_related("clinic").get()
    assert (kept.name, kept.clinic.name) == ("Harrogate", "Linden Row North")
