"""A program that writes without end is slowed down; whoever reads, or works beside it, is not."""

from typing import Any

import pytest
from django.core.cache import cache

from clinic.permissions import Role
from clinic.throttling import WriteThrottle
from patients.models import Patient
from tests.api.caller import Caller, caller, caller_for, refusal
from tests.makers import NOW, make_location

pytestmark = pytest.mark.django_db
ZOE = {"first_name": "Zoë", "last_name": "Finch", "date_of_birth": "1995-05-17", "although_similar": True}


@pytest.fixture(autouse=True)
def _counted_anew(time_machine: Any) -> None:
    cache.clear()
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def three_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WriteThrottle, "rate", "3/min", raising=False)


@pytest.fixture
def desk() -> Caller:
    return caller(make_location(), Role.FRONT_DESK)


def test_it_is_120_writes_a_minute_unless_the_clinic_says_otherwise() -> None:
    throttle = WriteThrottle()
    assert (throttle.num_requests, throttle.duration) == (120, 60)  # type: ignore[attr-defined]


@pytest.mark.usefixtures("three_writes")
def test_one_write_too_many_is_told_how_long_to_wait_and_writes_nothing(
    desk: Caller, time_machine: Any
) -> None:
    for _ in range(3):
        desk.done("patients/", ZOE, status=201)
    refused = desk.send("patients/", ZOE)
    assert refusal(refused) == (429, "throttled")
    assert (refused.headers["Retry-After"], refused.json()["facts"]) == ("60", {"wait_seconds": 60})
    assert Patient.objects.count() == 3
    time_machine.shift(60)
    desk.done("patients/", ZOE, status=201)


@pytest.mark.usefixtures("three_writes")
def test_reading_is_not_counted_and_asks_no_cache(desk: Caller, settings: Any) -> None:
    for _ in range(3):
        desk.send("patients/", ZOE)
    settings.CACHES = {"default": {"BACKEND": "nothing.that.there.is"}}
    assert [desk.get("patients/").status_code for _ in range(5)] == [200] * 5


@pytest.mark.usefixtures("three_writes")
def test_each_person_is_counted_alone_whatever_they_write(desk: Caller) -> None:
    for path in ("patients/", "series/1/propose/", "sessions/1/confirm/"):
        desk.send(path)
    assert refusal(desk.send("patients/", ZOE)) == (429, "throttled")
    assert refusal(caller_for(desk.member).send("patients/", ZOE)) == (429, "throttled")
    caller(desk.member.location, Role.FRONT_DESK).done("patients/", ZOE, status=201)


@pytest.mark.usefixtures("three_writes")
def test_a_cache_that_does_not_answer_stops_nobody(desk: Caller, settings: Any) -> None:
    dead = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": dead}
    for _ in range(4):
        desk.done("patients/", ZOE, status=201)
