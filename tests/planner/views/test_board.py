"""The board's page: what stands in which column, and what an address may ask for."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from clinic.models import Absence, ReadAudit
from patients.models import Patient
from planner.models import Session
from tests.makers import make_location, make_staff
from tests.planner.full_day import DAY, NOW, FullDay, add_visits

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_twenty_to_eleven() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk(client: Client, day: FullDay) -> Client:
    client.force_login(day.desk.user)
    return client


def columns(response: Any) -> dict[str, list[str]]:
    return {
        column.name: [visit.of.session.patient.first_name for visit in column.visits]
        for column in response.context["page"].columns
    }


def test_a_day_by_people(desk: Client) -> None:
    assert columns(desk.get("/board/")) == {
        "Dr Elena Marsh": ["Zara", "Amira", "Chloe", "Inês"],
        "Priya Nair": ["Sofia", "Daniel", "Nora"],
        "Tomasz Zielinski": ["Beth", "Hannah", "Freya"],
        "Dr Ruth Okafor": ["Grace", "شيرين"],
        "Jonas Weber": [],
    }


def test_a_day_by_rooms(desk: Client) -> None:
    assert columns(desk.get("/board/?by=room"))["Room 5"] == ["Grace", "Hannah", "شيرين"]


def test_a_day_by_devices(desk: Client) -> None:
    assert columns(desk.get("/board/?by=device"))["Pen A"] == ["Zara", "Chloe"]


def test_one_numbs_while_the_other_is_needled_in_two_lanes(desk: Client) -> None:
    elena = desk.get("/board/").context["page"].columns[0]
    assert [visit.box.css for visit in elena.visits[:2]] == [
        "at t-0900 d-105 shared of-2 lane-1",
        "at t-1005 d-105 shared of-2 lane-2",
    ]


def test_whoever_is_away_all_day_has_a_narrow_column_with_the_word(desk: Client) -> None:
    jonas = desk.get("/board/").context["page"].columns[-1]
    assert (jonas.is_away, [strip.word for strip in jonas.strips]) == (True, ["Sick"])


def test_leave_and_upkeep_stand_where_they_are(desk: Client) -> None:
    okafor = desk.get("/board/").context["page"].columns[3]
    room_1 = desk.get("/board/?by=room").context["page"].columns[0]
    assert ("Leave", "at t-1200 d-120") in [(strip.word, strip.box.css) for strip in okafor.strips]
    assert [(strip.word, strip.box.css) for strip in room_1.strips] == [("Upkeep", "at t-1700 d-180")]


def test_the_now_line_is_on_today_alone(desk: Client) -> None:
    assert {column.now for column in desk.get("/board/").context["page"].columns} == {"t-1040"}
    assert {column.now for column in desk.get("/board/?day=2027-01-13").context["page"].columns} == {""}


def test_a_session_says_itself_in_words(desk: Client) -> None:
    text = desk.get("/board/").content.decode()
    assert (
        "Daniel Hughes, session 3 of 4, 10:30 to 12:15, Priya Nair, Room 3, Pen C. Late. Not confirmed. "
        "Numbing 10:30, Needling 11:15, Recovery 12:00"
    ) in text


def test_done_is_faded_and_a_miss_is_struck_out(desk: Client) -> None:
    text = desk.get("/board/").content.decode()
    assert (text.count("sess--done"), text.count("sess--gone")) == (1, 1)


def test_the_mark_before_the_number_is_the_gravest(desk: Client) -> None:
    marks = {
        block.of.session.patient.first_name: str(block.of.mark.word) if block.of.mark else ""
        for column in desk.get("/board/").context["page"].columns
        for block in column.visits
    }
    assert {name: marks[name] for name in ("Zara", "Chloe", "Inês", "Nora", "Sofia", "Grace")} == {
        "Zara": "Here",
        "Chloe": "Consent missing",
        "Inês": "Not confirmed",
        "Nora": "",
        "Sofia": "Done",
        "Grace": "Did not come",
    }


def test_whoever_left_still_shows_what_is_booked(desk: Client, day: FullDay) -> None:
    day.practitioners[1].is_active = False
    day.practitioners[1].save()
    assert columns(desk.get("/board/"))["Priya Nair"] == ["Sofia", "Daniel", "Nora"]


def test_what_needs_no_device_has_a_column_of_its_own(desk: Client, day: FullDay) -> None:
    day.sessions["Nora"].reservations.filter(resource__kind="device").delete()
    assert columns(desk.get("/board/?by=device"))["Without a device"] == ["Nora"]


def test_a_week_of_everybody_is_a_list_a_day(desk: Client) -> None:
    days = desk.get("/board/?view=week").context["page"].days
    assert [(each.day.isoformat(), len(each.visits)) for each in days] == [
        ("2027-01-11", 1),
        ("2027-01-12", 12),
        ("2027-01-13", 1),
        ("2027-01-14", 0),
        ("2027-01-15", 0),
    ]


def test_a_week_of_one(desk: Client, day: FullDay) -> None:
    page = desk.get(f"/board/?view=week&of={day.practitioners[1].pk}")
    assert columns(page) == {
        "Mon 11 Jan": [],
        "Tue 12 Jan": ["Sofia", "Daniel", "Nora"],
        "Wed 13 Jan": [],
        "Thu 14 Jan": [],
        "Fri 15 Jan": [],
    }


def test_a_clinician_s_week_is_her_own(client: Client, day: FullDay) -> None:
    client.force_login(day.clinician.user)
    assert columns(client.get("/board/?view=week"))["Tue 12 Jan"] == ["Zara", "Amira", "Chloe", "Inês"]


def test_a_closed_day_says_so_and_offers_the_next_open_one(desk: Client, day: FullDay) -> None:
    Absence.objects.create(
        location=day.location,
        kind="closure",
        starts_at=DAY + timedelta(days=6),
        ends_at=DAY + timedelta(days=7),
    )
    page = desk.get("/board/?day=2027-01-16")
    text = page.content.decode()
    assert "is closed on Sat 16 Jan" in text
    assert ("Next open day: Tue 19 Jan" in text, "?day=2027-01-19" in text) == (True, True)
    assert page.context["page"].columns == ()


def test_a_closed_day_with_a_session_still_shows_it(desk: Client, day: FullDay) -> None:
    nora = day.sessions["Nora"]
    Session.objects.filter(pk=nora.pk).update(
        starts_at=nora.starts_at + timedelta(days=4), ends_at=nora.ends_at + timedelta(days=4)
    )
    page = desk.get("/board/?day=2027-01-16")
    assert ("is closed on Sat 16 Jan" in page.content.decode(), columns(page)["Priya Nair"]) == (
        True,
        ["Nora"],
    )


def test_a_public_holiday_has_its_name(desk: Client) -> None:
    assert "Good Friday" in desk.get("/board/?day=2027-03-26").content.decode()


@pytest.mark.parametrize(
    "day_asked", ["", "x", "2027-02-30", "0001-01-01", "9999-12-31", "2027-01-12T00:00", "🌿"]
)
def test_a_day_that_is_none_is_today(desk: Client, day_asked: str) -> None:
    page = desk.get("/board/", {"day": day_asked})
    assert (page.status_code, page.context["page"].tools.asked.day) == (200, DAY.date())


@pytest.mark.parametrize("query", ["view=year", "by=patient", "of=x", "view=week&of=99999999999999999999"])
def test_nonsense_in_an_address_is_read_as_nothing(desk: Client, query: str) -> None:
    assert desk.get(f"/board/?{query}").status_code == 200


def test_the_day_the_clocks_change_is_drawn(desk: Client) -> None:
    assert desk.get("/board/?day=2027-03-28").status_code == 200


def test_arrows_today_and_views_are_links(desk: Client) -> None:
    page = desk.get("/board/?day=2027-01-14&by=room")
    assert page.context["page"].tools.before_url == "/board/?day=2027-01-13&view=day&by=room"
    assert page.context["page"].tools.after_url == "/board/?day=2027-01-15&view=day&by=room"
    assert page.context["page"].tools.today_url == "/board/?day=2027-01-12&view=day&by=room"


def _seen_on(desk: Client, url: str) -> list[str]:
    """Whom the one note of a page names."""
    ReadAudit.objects.all().delete()
    desk.get(url)
    names = Patient.objects.filter(pk__in=ReadAudit.objects.get(what="board").patient_ids)
    return sorted(names.values_list("first_name", flat=True))


def test_a_board_notes_in_one_row_whom_it_shows(desk: Client, day: FullDay) -> None:
    shown = {name for names in columns(desk.get("/board/")).values() for name in names}
    assert _seen_on(desk, "/board/") == sorted(shown)
    whole_week = _seen_on(desk, "/board/?view=week&of=0")
    assert set(whole_week) > shown


def test_the_week_of_one_notes_only_theirs(desk: Client, day: FullDay) -> None:
    address = f"/board/?view=week&of={day.practitioners[0].pk}"
    shown = {name for names in columns(desk.get(address)).values() for name in names}
    assert _seen_on(desk, address) == sorted(shown)
    assert set(_seen_on(desk, "/board/?view=week&of=0")) > shown


def test_a_day_with_nobody_leaves_no_note(desk: Client, day: FullDay) -> None:
    desk.get("/board/?day=2027-06-13")
    assert not ReadAudit.objects.exists()


def test_hidden_names_are_hidden_on_the_board(desk: Client, day: FullDay) -> None:
    day.desk.hides_names = True
    day.desk.save()
    assert "Malik" not in desk.get("/board/").content.decode()


def test_another_clinic_s_day_is_not_shown(client: Client, day: FullDay) -> None:
    client.force_login(make_staff(make_location()).user)
    assert client.get("/board/").context["page"].columns == ()


@pytest.mark.parametrize("url", ["/board/", "/board/?by=room", "/board/?view=week", "/board/?day=2027-01-16"])
def test_thirty_more_sessions_cost_no_more_statements(
    desk: Client, day: FullDay, url: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    desk.get(url)
    with django_assert_max_num_queries(12) as few:
        desk.get(url)
    add_visits(day, 30)
    with django_assert_max_num_queries(len(few)):
        desk.get(url)
