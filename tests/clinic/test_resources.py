from typing import Any

import pytest

from clinic.models import Location, Resource
from clinic.services.once import Edited, KeyUsedForSomethingElse
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
        change_resource(Edited(room), by=acting(make_staff(place)), key="k", now=NOW)
    room.refresh_from_db()
    assert room.name == "Room 2"


def test_a_change_sent_twice_is_done_once_and_answers_twice(place: Location) -> None:
    by, pk = acting(make_staff(place)), make_room(place, name="Room 1").pk

    def send(name: str) -> Resource:
        """As a form does: the row as it is now, with what was typed and the version that was seen."""
        room = Resource.objects.get(pk=pk)
        room.name, room.version = name, 1
        return change_resource(Edited(room), by=by, key="k", now=NOW)

    assert [(room.name, room.version) for room in (send("Room 2"), send("Room 2"))] == [("Room 2", 2)] * 2
    with pytest.raises(KeyUsedForSomethingElse):
        send("Room 3")
    assert Resource.objects.get(pk=pk).name == "Room 2"


def test_the_clinic_and_its_location_change_together(place: Location) -> None:
    place.name, place.clinic.name = "Harrogate", "Linden Row North"
    by = acting(make_staff(place))
    change_location(Edited(place), Edited(place.clinic), by=by, key="k", now=NOW)
    kept = Location.objects.select_related("clinic").get()
    assert (kept.name, kept.clinic.name) == ("Harrogate", "Linden Row North")
