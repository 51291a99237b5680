"""Whoever changes what sessions stand on sees whom it hits before anything is kept, and may go on."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.forms.models import model_to_dict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.models import Absence, ExtraHours, Location, ReadAudit, Resource, StaffMember, WeeklyHours
from clinic.permissions import Role
from clinic.services.hours import add_absence
from clinic.services.sessions_hit import ChangeScope, SessionsHit, hits_seen_first
from patients.models import Screening, ScreeningQuestion
from planner.models import Session
from tests.clinic.test_settings_pages import CLINIC
from tests.makers import NOW, make_staff, new_key
from tests.planner.desk import Desk, open_desk

pytestmark = pytest.mark.django_db
DAY = "2027-01-19"
"""Of the first of four visits, all on Tuesdays from 10 to 12."""
SHORTER = {"weekday": "1", "opens": "12:00", "closes": "17:00"}
Change = Callable[[Desk], tuple[str, dict[str, Any]]]


@pytest.fixture(autouse=True)
def _the_eleventh_of_january() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk() -> Desk:
    desk = open_desk()
    desk.booked()
    return desk


@pytest.fixture
def manager(client: Client, desk: Desk) -> StaffMember:
    manager = make_staff(desk.location, Role.MANAGER, name="Mo Marsh")
    client.force_login(manager.user)
    return manager


def _leave(desk: Desk) -> tuple[str, dict[str, Any]]:
    return "/settings/days/absence/", {"kind": "sick", "resource": desk.practitioner.pk, "from_day": DAY}


def _closure(desk: Desk) -> tuple[str, dict[str, Any]]:
    return "/settings/days/absence/", {"kind": "closure", "from_day": DAY, "to_day": "2027-02-23"}


def _upkeep(desk: Desk) -> tuple[str, dict[str, Any]]:
    return "/settings/days/absence/", {"kind": "upkeep", "resource": desk.device.pk, "from_day": DAY}


def _shorter_hours(desk: Desk) -> tuple[str, dict[str, Any]]:
    row = WeeklyHours.objects.get(resource=desk.practitioner, weekday=1)
    return f"/settings/hours/{row.pk}/", SHORTER | {"version": row.version}


def _shorter_hours_of_the_place(desk: Desk) -> tuple[str, dict[str, Any]]:
    row = WeeklyHours.objects.get(location=desk.location, weekday=1)
    return f"/settings/hours/{row.pk}/", SHORTER | {"version": row.version}


def _no_hours(desk: Desk) -> tuple[str, dict[str, Any]]:
    row = WeeklyHours.objects.get(resource=desk.practitioner, weekday=1)
    return f"/settings/hours/{row.pk}/remove/", {"version": row.version}


def _first_hours_of_a_room(desk: Desk) -> tuple[str, dict[str, Any]]:
    """Which was open whenever the location was, and is so no longer."""
    return f"/settings/resources/{desk.room.pk}/hours/", SHORTER


def _no_extra_day(desk: Desk) -> tuple[str, dict[str, Any]]:
    WeeklyHours.objects.filter(resource=desk.practitioner, weekday=1).delete()
    extra = ExtraHours.objects.create(
        location=desk.location,
        resource=desk.practitioner,
        starts_at=f"{DAY}T08:00Z",
        ends_at=f"{DAY}T18:00Z",
    )
    return f"/settings/days/extra/{extra.pk}/remove/", {}


def _room_out_of_use(desk: Desk) -> tuple[str, dict[str, Any]]:
    return f"/settings/resources/{desk.room.pk}/", _room(desk)


def _room(desk: Desk, **fields: Any) -> dict[str, Any]:
    return {
        "version": desk.room.version,
        "name": "Room 1",
        "skills": "",
        "turnaround_minutes": "0",
        "position": "0",
        **fields,
    }


def _skill_gone(desk: Desk) -> tuple[str, dict[str, Any]]:
    held = {"name": "Priya Nair", "turnaround_minutes": "0", "position": "0", "is_active": "on", "skills": ""}
    return f"/settings/resources/{desk.practitioner.pk}/", held | {"version": desk.practitioner.version}


def _holiday_region(desk: Desk) -> tuple[str, dict[str, Any]]:
    """To one that has a holiday on 4 May."""
    Location.objects.update(closes_on_public_holidays=True)
    return "/settings/location/", CLINIC | {
        "closes_on_public_holidays": "on",
        "timezone": "Asia/Tokyo",
        "country": "JP",
        "subdivision": "",
    }


def _switched_off(desk: Desk) -> tuple[str, dict[str, Any]]:
    member = make_staff(desk.location, Role.CLINICIAN, name="Priya Nair")
    Resource.objects.filter(pk=desk.practitioner.pk).update(user=member.user)
    return f"/settings/staff/{member.pk}/", {"version": 1, "name": member.name, "role": "clinician"}


CHANGES: list[tuple[Change, int]] = [
    (_leave, 1),
    (_closure, 2),
    (_upkeep, 1),
    (_shorter_hours, 4),
    (_shorter_hours_of_the_place, 4),
    (_no_hours, 4),
    (_first_hours_of_a_room, 4),
    (_no_extra_day, 1),
    (_room_out_of_use, 4),
    (_skill_gone, 4),
    (_switched_off, 4),
]


def settings_rows() -> list[Any]:
    tables = (Absence, ExtraHours, WeeklyHours, Resource, Location, StaffMember)
    return [model_to_dict(row) for table in tables for row in table.objects.order_by("pk")]


@pytest.mark.parametrize(("change", "hit"), CHANGES, ids=[each.__name__ for each, _hit in CHANGES])
def test_a_change_first_shows_whom_it_hits_and_then_goes_on(
    client: Client, desk: Desk, manager: StaffMember, change: Change, hit: int
) -> None:
    path, asked = change(desk)
    data, before = {"key": new_key()} | asked, settings_rows()
    shown = client.post(path, data)
    assert shown.status_code == 409
    hits = shown.context["page"].hits
    assert (hits.sessions, hits.patients) == (hit, 1)
    assert Session.objects.get(number=1).patient.full_name in shown.content.decode()
    assert settings_rows() == before
    assert ReadAudit.objects.filter(what="sessions_hit").count() == 1

    assert client.post(path, data | {"seen": hits.sign}).status_code == 302
    assert settings_rows() != before


def test_another_holiday_region_shows_whom_it_hits(client: Client, desk: Desk, manager: StaffMember) -> None:
    path, data = _holiday_region(desk)
    shown = client.post(path, data)
    assert shown.status_code == 409
    assert Location.objects.get().country == "GB"
    assert client.post(path, data | {"seen": shown.context["page"].hits.sign}).status_code == 302
    assert Location.objects.get().country == "JP"


def test_what_hits_nobody_is_kept_at_once(client: Client, desk: Desk, manager: StaffMember) -> None:
    path, asked = _leave(desk)
    assert client.post(path, {"key": new_key()} | asked | {"from_day": "2027-01-20"}).status_code == 302
    assert Absence.objects.count() == 1


def test_what_hits_others_than_were_seen_is_shown_again(
    client: Client, desk: Desk, manager: StaffMember
) -> None:
    path, asked = _leave(desk)
    data = {"key": new_key()} | asked
    seen = client.post(path, data).context["page"].hits.sign
    desk.book(desk.series(), desk.visits(4, at=NOW.time().replace(hour=13)))
    again = client.post(path, data | {"seen": seen})
    assert again.status_code == 409
    assert again.context["page"].hits.sessions == 2
    assert not Absence.objects.exists()


def test_what_stood_in_the_way_before_is_no_news(client: Client, desk: Desk, manager: StaffMember) -> None:
    path, asked = _leave(desk)
    seen = client.post(path, {"key": "k1"} | asked).context["page"].hits.sign
    client.post(path, {"key": "k1", "seen": seen} | asked)
    assert client.post(path, {"key": "k2"} | asked | {"kind": "leave"}).status_code == 302


def test_a_double_click_on_going_on_keeps_one(client: Client, desk: Desk, manager: StaffMember) -> None:
    path, asked = _leave(desk)
    data = {"key": new_key()} | asked
    data["seen"] = client.post(path, data).context["page"].hits.sign
    assert [client.post(path, data).status_code for _ in range(2)] == [302, 302]
    assert Absence.objects.count() == 1


def test_names_are_hidden_where_they_are_hidden(client: Client, desk: Desk, manager: StaffMember) -> None:
    StaffMember.objects.update(hides_names=True)
    path, asked = _leave(desk)
    page = client.post(path, {"key": new_key()} | asked).content.decode()
    assert Session.objects.get(number=1).patient.full_name not in page


def test_staff_switched_off_and_on_again_is_as_before(
    client: Client, desk: Desk, manager: StaffMember
) -> None:
    path, data = _switched_off(desk)
    seen = client.post(path, {"key": "k1"} | data).context["page"].hits.sign
    client.post(path, {"key": "k1", "seen": seen} | data)
    assert not Resource.objects.get(pk=desk.practitioner.pk).is_active
    client.post(path, {"key": "k2"} | data | {"version": 2, "is_active": "on"})
    assert Resource.objects.get(pk=desk.practitioner.pk).is_active


def test_a_blocking_answer_shows_which_visits_it_hits(client: Client, desk: Desk) -> None:
    member = make_staff(desk.location, Role.CLINICIAN)
    client.force_login(member.user)
    question = ScreeningQuestion.objects.create(
        clinic=desk.location.clinic,
        code="pregnant",
        position=1,
        text="Pregnant?",
        kind="yes_no",
        effect="block",
        source="-",
        certainty="found",
    )
    patient = Session.objects.get(number=1).patient
    path = f"/patients/{patient.pk}/screening/take/"
    data = {"key": new_key(), f"q{question.pk}": "yes", question.code: "yes"}
    shown = client.post(path, data)
    assert shown.status_code == 409
    assert shown.context["page"].hits.sessions == 4
    assert Screening.objects.count() == 1
    assert client.post(path, data | {"seen": shown.context["page"].hits.sign}).status_code == 302
    assert Screening.objects.count() == 2


def test_a_birthday_that_makes_somebody_too_young_shows_which_visits_it_hits(
    client: Client, desk: Desk
) -> None:
    client.force_login(make_staff(desk.location, Role.CLINICIAN).user)
    patient = Session.objects.get(number=1).patient
    data = {
        "key": "k",
        "version": patient.version,
        "first_name": patient.first_name,
        "last_name": patient.last_name,
        "date_of_birth": "2009-06-01",
        "mail_allowed": "on",
    }
    path = reverse("patient_edit", args=[patient.pk])
    shown = client.post(path, data)
    assert (shown.status_code, shown.context["page"].hits.sessions) == (409, 4)
    assert client.post(path, data | {"seen": shown.context["page"].hits.sign}).status_code == 302


def test_a_withdrawn_consent_shows_which_visits_it_hits(client: Client, desk: Desk) -> None:
    client.force_login(make_staff(desk.location, Role.CLINICIAN).user)
    consent = Session.objects.get(number=1).patient.consents.get()
    path = reverse("consent_withdraw", args=[consent.patient_id, consent.pk])
    shown = client.post(path, {"key": "k"})
    assert shown.status_code == 409
    consent.refresh_from_db()
    assert consent.withdrawn_at is None
    assert client.post(path, {"key": "k", "seen": shown.context["page"].hits.sign}).status_code == 302
    consent.refresh_from_db()
    assert consent.withdrawn_at


def statements_of_a_leave(desk: Desk) -> tuple[int, int]:
    """Of the count before, a leave of four weeks and the count after; and how many it hit."""
    first = Session.objects.filter(number=1).earliest("pk")
    assert first.starts_at
    span = {"starts_at": first.starts_at, "ends_at": first.starts_at + timedelta(days=28)}
    absence = Absence(location=desk.location, resource=desk.practitioner, kind="sick", **span)
    scope = ChangeScope(desk.location, desk.practitioner, **span)
    with (
        CaptureQueriesContext(connection) as statements,
        pytest.raises(SessionsHit) as hit,
        hits_seen_first(scope, seen="", now=NOW),
    ):
        add_absence(absence, by=desk.by, key=new_key(), now=NOW)
    sent = [each for each in statements if "SAVEPOINT" not in each["sql"]]
    return len(sent), hit.value.facts["count"]


def test_a_leave_over_many_visits_takes_as_many_statements_as_over_one(desk: Desk) -> None:
    statements_of_a_leave(desk)
    few, _one = statements_of_a_leave(desk)
    for day in (20, 21, 22, 25, 26, 27):
        desk.book(desk.series(), desk.visits(4, first=datetime(2027, 1, day)))
    assert statements_of_a_leave(desk) == (few, 7)
    assert few <= 17
