import pytest
from auditlog.context import disable_auditlog, set_actor
from auditlog.models import LogEntry
from pytest_django import DjangoAssertNumQueries

from clinic.actor import Actor
from clinic.models import Resource
from clinic.services.changing import changing
from tests.makers import acting, make_location, make_room, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def rooms() -> list[Resource]:
    location = make_location()
    return [make_room(location, name=f"Room {n}") for n in range(3)]


@pytest.fixture
def by(rooms: list[Resource]) -> Actor:
    return acting(make_staff(rooms[0].location))


def rename(rooms: list[Resource]) -> None:
    for room in rooms[:2]:
        room.name += "b"
        room.turnaround_minutes = 25


def updates() -> list[LogEntry]:
    return list(LogEntry.objects.filter(action=LogEntry.Action.UPDATE).order_by("pk"))


def kept(entry: LogEntry) -> dict[str, object]:
    own = ("id", "timestamp", "actor_id", "actor_email")
    return {name: value for name, value in vars(entry).items() if name[0] != "_" and name not in own}


def test_many_rows_are_written_in_one_statement_and_logged_in_another(
    rooms: list[Resource], by: Actor, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2), changing(rooms, "name", by=by):
        rename(rooms)
    names = Resource.objects.order_by("pk").values_list("name", "turnaround_minutes")
    assert list(names) == [("Room 0b", 15), ("Room 1b", 15), ("Room 2", 15)]
    assert [(entry.object_id, entry.changes) for entry in updates()] == [
        (room.pk, {"name": [f"Room {n}", f"Room {n}b"]}) for n, room in enumerate(rooms[:2])
    ]
    assert {(entry.actor, entry.actor_email) for entry in updates()} == {(by.user, by.user.email)}


def test_the_log_keeps_what_one_save_after_the_other_would(rooms: list[Resource], by: Actor) -> None:
    with set_actor(by.user, remote_addr="192.0.2.7"):
        with changing(rooms, "name", "turnaround_minutes", by=by):
            rename(rooms)
        in_bulk = [kept(entry) for entry in updates()]
        LogEntry.objects.all().delete()
        Resource.objects.filter(name="Room 0b").update(name="Room 0", turnaround_minutes=15)
        Resource.objects.filter(name="Room 1b").update(name="Room 1", turnaround_minutes=15)
        for room in rooms:
            room.save(update_fields=["name", "turnaround_minutes"])
    assert [kept(entry) for entry in updates()] == in_bulk
    assert in_bulk[0]["remote_addr"] == "192.0.2.7"


def test_rows_of_several_kinds_each_get_the_fields_they_have(rooms: list[Resource], by: Actor) -> None:
    location = rooms[0].location
    with changing([*rooms, location], "name", "turnaround_minutes", by=by):
        rename(rooms)
        location.name = "York"
    location.refresh_from_db()
    assert location.name == "York"
    assert [entry.object_repr for entry in updates()][-1] == str(location)


def test_where_nothing_is_logged_the_rows_are_written_all_the_same(rooms: list[Resource], by: Actor) -> None:
    with disable_auditlog(), changing(rooms, "name", by=by):
        rename(rooms)
    assert Resource.objects.filter(name="Room 0b").exists()
    assert updates() == []


def test_a_failure_in_the_block_writes_nothing(rooms: list[Resource], by: Actor) -> None:
    def fail() -> None:
        with changing(rooms, "name", by=by):
            rename(rooms)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not Resource.objects.filter(name="Room 0b").exists()
