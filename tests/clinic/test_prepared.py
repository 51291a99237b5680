"""Prepared statements answer what the queryset they are described by would, whoever asks and with what."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.models import F, QuerySet
from pytest_django import DjangoAssertNumQueries

from clinic.models import Resource
from clinic.prepared import Given, Prepared, is_one_of
from tests.makers import make_device, make_location, make_room

pytestmark = pytest.mark.django_db


def _described() -> QuerySet[Resource]:
    found = Resource.objects.filter(is_one_of("pk", "resources"), location=Given("location"))
    return found.select_related("location__clinic").annotate(place=F("location__name")).order_by("name")


def test_asked_again_it_answers_for_the_values_given_then(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    here, there = make_location(name="Leeds"), make_location(name="York")
    rooms = [make_room(here, name="B"), make_room(here, name="A"), make_room(there, name="C")]
    keys = [room.pk for room in rooms]
    asked = Prepared(_described)
    for location, wanted, names in (
        (here, keys, ["A", "B"]),
        (there, keys, ["C"]),
        (here, keys[:1], ["B"]),
        (here, [], []),
    ):
        with django_assert_num_queries(1):
            found: Any = asked(resources=wanted, location=location.pk)
            told = [(room.name, room.place, room.location.clinic.pk) for room in found]
        assert told == [(name, location.name, location.clinic_id) for name in names]


def test_it_is_described_once() -> None:
    described = []
    asked = Prepared(lambda: (described.append(1), _described())[1])
    for _ in range(3):
        asked(resources=[1], location=1)
    assert described == [1]


def test_rows_of_two_askings_are_not_the_same_objects() -> None:
    room = make_room(make_location())
    asked = Prepared(_described)
    (first,), (second,) = (asked(resources=[room.pk], location=room.location_id) for _ in range(2))
    first.name = "changed here alone"
    assert second.name == room.name


def test_values_and_tuples_come_as_the_queryset_says() -> None:
    device = make_device(make_location(), name="Pen A")
    of_kind = Resource.objects.filter(kind=Given("kind"))
    assert Prepared(lambda: of_kind.values_list("name", "pk"))(kind="device") == [("Pen A", device.pk)]
    assert Prepared(lambda: of_kind.values("name"))(kind="device") == [{"name": "Pen A"}]


def test_what_is_prefetched_belongs_to_the_rows_of_each_asking(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    room = make_room(make_location())
    asked = Prepared(lambda: Resource.objects.filter(pk=Given("pk")).prefetch_related("location__resources"))
    assert [each.location.resources.count() for each in asked(pk=room.pk)] == [1]
    make_room(room.location)
    with django_assert_num_queries(3):
        assert [len(each.location.resources.all()) for each in asked(pk=room.pk)] == [2]


def test_a_slice_stays_one() -> None:
    location = make_location()
    for name in "CBA":
        make_room(location, name=name)
    asked = Prepared(lambda: Resource.objects.filter(location=Given("location")).order_by("name")[:2])
    assert [each.name for each in asked(location=location.pk)] == ["A", "B"]


@pytest.mark.parametrize("name", ["'; DROP TABLE clinic_resource; --", "%s", "%", '"', "Zoë 🌿", ""])
def test_a_value_is_never_part_of_the_statement(name: str) -> None:
    room = make_room(make_location(), name=name)
    asked = Prepared(lambda: Resource.objects.filter(name=Given("name")).exclude(name="100 %"))
    assert [each.pk for each in asked(name=name)] == [room.pk]


def test_a_value_that_is_not_given_is_named() -> None:
    with pytest.raises(KeyError, match="location"):
        Prepared(_described)(resources=[])


def test_outside_it_a_value_to_be_given_is_refused() -> None:
    with pytest.raises(DatabaseError):
        list(_described())


@pytest.mark.django_db(transaction=True)
def test_threads_share_it() -> None:
    rooms = [make_room(make_location(), name=f"Room {n}") for n in range(20)]
    asked = Prepared(_described)

    def names(room: Resource) -> list[str]:
        try:
            return [each.name for each in asked(resources=[room.pk], location=room.location_id)]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(names, rooms)) == [[room.name] for room in rooms]
