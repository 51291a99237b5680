"""The demo on forty days of a year: told on each of them, and made in full on those where most could go wrong."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
import time_machine
from django.test import Client

from clinic.localtime import local_date
from clinic.models import Location, StaffMember
from clinic.opening_hours import Calendar, covers, open_calendar
from planner.choices import MessageState, SeriesState, SessionState
from planner.demo.make import tell
from planner.demo.place import ZONE, DemoClinic, make_place
from planner.demo.stories import DAYS_AHEAD, DAYS_BACK, WITHOUT_A_PLAN, Story
from planner.models import Message, Reservation, Series, Session
from planner.outbox.letter import NothingToTell, render
from planner.protocols.catalogue import current_versions
from tests.databases import DemoDay, in_demo

pytestmark = pytest.mark.django_db

MONTH_ENDS = [date(2027, month, 1) - timedelta(days=1) for month in range(2, 13)]
EASTER = [date(2027, 3, day) for day in (25, 26, 27, 28, 29)]  # the clocks go forward on its Sunday
CLOCKS_BACK = [date(2027, 10, day) for day in (30, 31)]
CHRISTMAS = [date(2027, 12, day) for day in (22, 24, 25, 26, 27, 28, 31)]
NEW_YEAR = [date(2028, 1, day) for day in (1, 2, 3, 4)]
LEAP = [date(2028, 2, day) for day in (28, 29)] + [date(2028, 3, 1)]
PLAIN = [date(2027, 1, 4) + timedelta(days=47 * n) for n in range(9)]
DAYS = sorted({*MONTH_ENDS, *EASTER, *CLOCKS_BACK, *CHRISTMAS, *NEW_YEAR, *LEAP, *PLAIN})
ONE_DAY = timedelta(days=1)
MOST = 14


def test_there_are_forty_days() -> None:
    assert len(DAYS) >= 40


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_told_on_that_day_it_is_rich_whole_and_fits(day: date) -> None:
    place = make_place(datetime.combine(day, time(10, 20), tzinfo=UTC))
    told = tell(place, day, current_versions(place.location.clinic), Random(1))
    calendar = _calendar(place, told)
    assert _thin_days(told, day, calendar) == []
    assert _what_does_not_fit(told, place, calendar) == []
    assert {story.kind for story in told} == {"drifting", "under way", "done", "stopped", *WITHOUT_A_PLAN}
    assert sum(story.missed is not None for story in told) >= 1
    assert all(_keeps_its_gaps(story) for story in told)


def _calendar(place: DemoClinic, told: list[Story]) -> Calendar:
    days = [slot.day for story in told for slot in story.booked]
    return open_calendar(place.location, place.location.resources.all(), min(days), max(days))


def _thin_days(told: list[Story], today: date, calendar: Calendar) -> list[str]:
    """Days of the fortnight on which too few come, or more than rooms hold; today is full, whatever day it is."""
    visits = Counter(slot.day for story in told for slot in story.slots)
    found = []
    for day in (today + n * ONE_DAY for n in range(-DAYS_BACK, DAYS_AHEAD + 1)):
        least = 10 if day == today or day.weekday() < 5 else 1
        if calendar.location_open_on(day) and not least <= visits[day] <= MOST:
            found.append(f"{day:%a %d %b}: {visits[day]}")
    return found


def _what_does_not_fit(told: list[Story], place: DemoClinic, calendar: Calendar) -> list[str]:
    """Uses outside open hours or over an absence, and uses of one resource that overlap, turnaround included."""
    turnaround = {
        each.pk: timedelta(minutes=each.turnaround_minutes) for each in place.location.resources.all()
    }
    held: dict[int, list[tuple[datetime, datetime]]] = {pk: [] for pk in turnaround}
    wrong = []
    for story in told:
        for slot in {*story.slots, *story.booked}:
            needle = slot.starts + timedelta(minutes=45)
            needled = needle + timedelta(minutes=45)
            for pk, since, until in (
                (slot.room, slot.starts, needled + timedelta(minutes=15)),
                (slot.practitioner, needle, needled),
                (slot.device, needle, needled),
            ):
                held[pk].append((since, until + turnaround[pk]))
                if not covers(calendar.free_on(pk, slot.day), since, until):
                    wrong.append(f"{pk} is not there on {since}")
    for pk, uses in held.items():
        wrong += [f"{pk} twice on {b[0]}" for a, b in pairwise(sorted(uses)) if b[0] < a[1]]
    return wrong


def _keeps_its_gaps(story: Story) -> bool:
    gaps = [(b.day - a.day).days for line in (story.slots, story.booked) for a, b in pairwise(line)]
    return all(story.gap.min_days <= gap <= story.gap.max_days for gap in gaps)


MADE_IN_FULL = {
    "29 February, before the doors open": datetime(2028, 2, 29, 7, 30, tzinfo=ZONE),
    "Easter Sunday, the clocks go forward": datetime(2027, 3, 28, 12, 0, tzinfo=ZONE),
    "the clocks go back": datetime(2027, 10, 31, 0, 30, tzinfo=ZONE),
    "Christmas night": datetime(2027, 12, 25, 22, 45, tzinfo=ZONE),
}


@pytest.fixture(scope="module", params=MADE_IN_FULL.values(), ids=MADE_IN_FULL)  # type: ignore[call-overload, untyped-decorator]
def made(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[datetime]:
    """The demo of that day, made on another by `--day`, and now it is that day."""
    made_on = request.param.replace(year=2024, month=7, day=3)
    demo = in_demo(DemoDay(request.param, made_on))
    with django_db_blocker.unblock(), demo, time_machine.travel(request.param, tick=False):
        yield request.param


def test_made_in_full_every_state_is_there(made: datetime) -> None:
    assert set(Series.objects.values_list("state", flat=True)) == set(SeriesState)
    states = set(Message.objects.values_list("state", flat=True))
    assert states == set(MessageState) - {MessageState.SENDING}
    sessions = set(Session.objects.values_list("state", flat=True))
    assert sessions >= set(SessionState) - {SessionState.ARRIVED, SessionState.IN_TREATMENT}


def test_made_in_full_no_session_is_left_between_two_states(made: datetime) -> None:
    """What is past has ended, what is to come has not begun, and what is booked holds one of each kind."""
    past = Session.objects.filter(
        ends_at__lte=made, state__in=["booked", "confirmed", "arrived", "in_treatment"]
    )
    assert not past.exists()
    assert not Session.objects.filter(
        starts_at__gt=made, state__in=["arrived", "in_treatment", "done"]
    ).exists()
    held = Counter(Reservation.objects.filter(is_active=True).values_list("session", flat=True))
    holding = Session.objects.filter(state__in=["booked", "confirmed", "arrived", "in_treatment", "done"])
    assert {held[pk] for pk in holding.values_list("pk", flat=True)} == {3}


def test_made_in_full_no_session_is_outside_opening_hours(made: datetime) -> None:
    place = Location.objects.get()
    sessions = Session.objects.exclude(starts_at=None)
    days = [local_date(session.starts_at, place.zone) for session in sessions]
    calendar = open_calendar(place, place.resources.all(), min(days), max(days))
    outside = [
        session.pk
        for session, day in zip(sessions, days, strict=True)
        if not covers(
            calendar.location_open_on(day),
            session.starts_at.astimezone(place.zone).replace(tzinfo=None),
            session.ends_at.astimezone(place.zone).replace(tzinfo=None),
        )
    ]
    assert outside == []


def test_made_in_full_every_waiting_mail_can_be_written(made: datetime) -> None:
    waiting = Message.objects.filter(state=MessageState.WAITING).select_related(
        "patient", "series", "session__location", "step", "location__clinic"
    )
    assert not waiting.filter(due_at__lt=made).exists()
    one_of_each = {message.step_id: message for message in waiting}
    assert len(one_of_each) > 20
    for message in one_of_each.values():
        try:
            assert render(message, now=message.due_at).text
        except NothingToTell:
            assert message.step.anchor == "series_booked"


def test_made_in_full_today_has_visits_or_heads_with_the_next_day(made: datetime) -> None:
    pages = {}
    for email in ("desk", "clinician"):
        client = Client()
        client.force_login(StaffMember.objects.get(user__email=f"{email}@linden.example").user)
        pages[email] = client.get("/").content.decode()
    is_night = made.hour > 20
    assert ["first visit" in page for page in pages.values()] == [is_night] * 2
    assert ["dayrow" in page for page in pages.values()] == [True, True]
