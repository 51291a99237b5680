"""Every code, wherever it is asked for: the pages of desk and clinician, and the API."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic.permissions import Role
from planner.models import Series
from planner.obstacles.obstacle import KINDS, ObstacleCode
from planner.obstacles.words import WORDS
from tests.api.caller import caller_for
from tests.makers import NOW, make_staff
from tests.planner.desk import Desk, open_desk, session_of
from tests.planner.obstacles.causes import TABLE, set_aside

pytestmark = pytest.mark.django_db
Cause = Callable[[Desk, Series], None]
CASES = [(cause, number, ObstacleCode(code)) for cause, number, code, _until in TABLE]
NAMES = [f"{code}{cause.__name__}" for cause, _number, code in CASES]


@pytest.fixture(autouse=True)
def _on_the_eleventh() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk() -> Desk:
    return open_desk()


def _start_of(code: ObstacleCode) -> str:
    """The chip's words before the first fact in them, or after it."""
    word = str(WORDS[code].chip.word)
    return word.split(")s")[-1].strip() if word.startswith("%") else word.split("%")[0].strip()


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.CLINICIAN])
@pytest.mark.parametrize(("cause", "number", "code"), CASES, ids=NAMES)
def test_a_code_stands_on_the_pages_of_session_series_and_patient(
    client: Client, desk: Desk, cause: Cause, number: int, code: ObstacleCode, role: Role
) -> None:
    series = desk.booked()
    cause(desk, series)
    client.force_login(make_staff(desk.location, role).user)
    session = session_of(series, number)
    pages = {
        "session": client.get(reverse("session", args=[session.pk])),
        "series": client.get(reverse("series", args=[series.pk])),
        "patient": client.get(reverse("patient", args=[series.patient_id])),
    }
    for name, page in pages.items():
        strips = page.context["page"].strips if name == "patient" else (page.context["page"].strip,)
        told = [line for strip in strips for line in strip.lines]
        words = [str(line.chip.word) for line in told]
        assert any(_start_of(code) in word for word in words), (name, words)
        for line in told:
            assert line.sentence in page.content.decode().replace("&#x27;", "'"), name
            assert client.get(line.step.url).status_code == 200, line.step


@pytest.mark.parametrize(("cause", "number", "code"), CASES, ids=NAMES)
def test_the_api_answers_a_code(desk: Desk, cause: Cause, number: int, code: ObstacleCode) -> None:
    series = desk.booked()
    cause(desk, series)
    who = caller_for(make_staff(desk.location))
    session = session_of(series, number)
    own = who.get(f"sessions/{session.pk}/").json()["obstacles"]
    (told,) = [each for each in own if each["code"] == code]
    assert list(told) == ["code", "stops", "until", "facts", "text", "next"]
    assert told["stops"] == KINDS[code].stops
    assert told["next"]["url"].startswith("/")

    day = f"{session.starts_at:%Y-%m-%d}"
    listed = who.get("obstacles/", **{"from": day, "to": day, "code": code.value}).json()
    mine = [each for each in listed["results"] if each["session"] == session.pk]
    assert mine == [{**told, **_whose(session)} | {"starts_at": mine[0]["starts_at"]}]


def _whose(session: Any) -> dict[str, Any]:
    return {
        "session": session.pk,
        "series": session.series_id,
        "patient": session.patient_id,
        "number": session.number,
    }


def test_one_cause_of_several_sessions_is_told_once(client: Client, desk: Desk) -> None:
    series = desk.booked()
    desk.room.is_active = False
    desk.room.save()
    client.force_login(make_staff(desk.location, Role.FRONT_DESK).user)
    (line,) = client.get(reverse("series", args=[series.pk])).context["page"].strip.lines
    assert line.more == 3


@pytest.mark.parametrize(("role", "sees"), [(Role.FRONT_DESK, False), (Role.CLINICIAN, True)])
def test_what_was_set_aside_is_told_to_those_who_see_the_record(
    client: Client, desk: Desk, role: Role, sees: bool
) -> None:
    series = desk.booked()
    set_aside(desk, series)
    member = make_staff(desk.location, role)
    client.force_login(member.user)
    session = session_of(series, 1)
    page = client.get(reverse("session", args=[session.pk])).content.decode()
    told = caller_for(member).get(f"sessions/{session.pk}/").content.decode()
    assert ("Herpes?" in page, "Herpes?" in told) == (sees, sees)
    assert "set an answer aside on Mon 11 Jan" in page
    assert "until Mon 1 Mar" in page


def test_what_was_set_aside_is_never_shown_as_clear(client: Client, desk: Desk) -> None:
    series = desk.booked()
    set_aside(desk, series)
    client.force_login(make_staff(desk.location, Role.CLINICIAN).user)
    patient = client.get(reverse("patient", args=[series.patient_id])).content.decode()
    assert "Screening set aside" in patient
    assert "Screening clear" not in patient
    screening = client.get(reverse("screening", args=[series.patient_id])).content.decode()
    assert "A clinician has set an answer aside" in screening
