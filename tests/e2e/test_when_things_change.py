"""Four days on which a plan meets life, in a real browser: by mouse, and where it says so by the keyboard alone."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect

from clinic.permissions import Role
from patients.models import ScreeningQuestion
from planner.models import Message, Session
from planner.outbox.deliver import HELD_FOR, deliver_due
from tests.e2e.conftest import barriers, picture
from tests.makers import make_staff, make_steps
from tests.planner.desk import Desk, open_desk, session_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WEEK_BEFORE = datetime(2027, 1, 13, 9, tzinfo=UTC)
"""The first session is on Tuesday 19 January at ten."""
Open = Callable[[Role, str], Page]


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(WEEK_BEFORE, tick=True) as moved:
        yield moved


@pytest.fixture
def desk(clock: Any) -> Desk:
    desk = open_desk()
    make_steps(desk.version)
    desk.booked()
    return desk


@pytest.fixture
def first(desk: Desk) -> Session:
    return Session.objects.get(number=1)


@pytest.fixture
def open_as(somebody: Callable[..., BrowserContext], live_server: object, desk: Desk) -> Open:
    """A page as somebody with this role sees it."""
    root, known = str(live_server), {}

    def visit(role: Role, path: str) -> Page:
        if role not in known:
            client = Client()
            client.force_login(make_staff(desk.location, role, name=str(role.label)).user)
            context = somebody()
            cookie = {"name": "session", "value": client.cookies["session"].value, "url": root}
            context.add_cookies([cookie])  # type: ignore[list-item]
            known[role] = context.new_page()
        known[role].goto(root + path)
        return known[role]

    return visit


def test_a_practitioner_falls_ill(open_as: Open, desk: Desk, first: Session, clock: Any) -> None:
    """Counted before, marked after, its mail held; moved, all is well again."""
    page = open_as(Role.MANAGER, "/settings/days/absence/")
    page.locator("input[name=kind][value=sick]").check(force=True)
    page.select_option("select[name=resource]", label="Priya Nair")
    page.fill("input[name=from_day]", "2027-01-18")
    page.fill("input[name=to_day]", "2027-01-20")
    page.get_by_role("button", name="Add to the calendar").click()
    expect(page.get_by_role("alert")).to_contain_text("This hits 1 booked session.")
    expect(page.get_by_role("alert")).to_contain_text("Priya Nair is away on Tue 19 Jan.")
    picture(page, "ill-before")
    assert barriers(page) == []
    page.get_by_role("button", name="Go on anyway").click()
    expect(page.get_by_role("heading", name="Away and extra days")).to_be_visible()

    reminder = Message.objects.filter(session=first, state="waiting", due_at__gt=WEEK_BEFORE).earliest(
        "due_at"
    )
    Message.objects.filter(due_at__lte=WEEK_BEFORE).delete()
    deliver_due(now=reminder.due_at)
    reminder.refresh_from_db()
    assert (reminder.state, reminder.events.last().code) == ("waiting", "held")

    page = open_as(Role.FRONT_DESK, "/board/?day=2027-01-19")
    expect(page.locator("a.sess")).to_have_attribute("aria-label", re.compile("Priya Nair away"))
    page = open_as(Role.FRONT_DESK, f"/patients/{first.patient_id}/")
    expect(page.locator("main")).to_contain_text("Priya Nair is away on Tue 19 Jan until Thu 21 Jan.")
    page = open_as(Role.FRONT_DESK, "/")
    needs = page.locator(".todo li", has_text="Priya Nair is away")
    picture(page, "ill-needs-you")
    assert barriers(page) == []
    needs.get_by_role("link", name=re.compile("Move it")).click()
    page.get_by_role("button", name=re.compile("Move|Book|Take")).first.click()
    page.wait_for_url(re.compile(r"/(sessions|series)/\d+/$"))

    first.refresh_from_db()
    assert first.starts_at
    assert first.starts_at.date() not in {datetime(2027, 1, day).date() for day in (18, 19, 20)}
    expect(open_as(Role.FRONT_DESK, "/").locator("main")).not_to_contain_text("Priya Nair is away")
    assert not Message.objects.filter(session=first, state="waiting", events__code="held").exists()
    due = Message.objects.filter(session=first, state="waiting").earliest("due_at").due_at
    assert deliver_due(now=due + HELD_FOR) >= 1


def test_a_patient_becomes_pregnant_between_two_visits(open_as: Open, desk: Desk, first: Session) -> None:
    """By the keyboard alone: what it hits is said, then the plan waits and says so everywhere."""
    ScreeningQuestion.objects.create(
        clinic=desk.location.clinic,
        code="pregnant",
        position=1,
        text="Are you pregnant, or might you be?",
        kind="yes_no",
        effect="block",
        ask_every_session=True,
        source="-",
        certainty="found",
    )
    page = open_as(Role.CLINICIAN, f"/patients/{first.patient_id}/screening/take/")
    page.locator("main input[type=radio][value=yes]").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Save answers").focus()
    page.keyboard.press("Enter")
    hit = page.get_by_role("alert")
    expect(hit).to_contain_text("This hits 4 booked sessions.")
    assert barriers(page) == []
    for _step in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Go on anyway":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="May not be booked")).to_be_visible()

    page = open_as(Role.FRONT_DESK, f"/series/{first.series_id}/")
    expect(page.locator("main")).to_contain_text("The screening rules out session 1 of 4 on Tue 19 Jan.")
    expect(page.locator("main")).to_contain_text("3 later sessions have the same in their way.")
    expect(page.locator("main")).not_to_contain_text("pregnant")
    picture(page, "pregnant-series")
    assert barriers(page) == []
    page = open_as(Role.FRONT_DESK, f"/sessions/{first.pk}/move/")
    expect(page.locator("main")).not_to_contain_text("Nearest times that work")
    expect(page.locator("main")).to_contain_text("The screening rules a treatment out")


def test_a_cancelled_session_is_restored(open_as: Open, desk: Desk, first: Session) -> None:
    page = open_as(Role.FRONT_DESK, f"/sessions/{first.pk}/cancel/")
    page.fill("[name=reason]", "The wrong patient")
    page.get_by_role("button", name="Cancel the session").click()
    page = open_as(Role.FRONT_DESK, f"/sessions/{first.pk}/")
    expect(page.locator(".chip").first).to_contain_text("Cancelled")
    assert barriers(page) == []
    page.get_by_role("button", name="Restore the session").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main .chip").first).to_contain_text("Booked")
    restored = Session.objects.get(pk=first.pk)
    assert (restored.state, restored.starts_at) == ("booked", first.starts_at)
    assert restored.reservations.filter(is_active=True).count() == 3


def test_yesterdays_visit_is_recorded_today(open_as: Open, desk: Desk, first: Session, clock: Any) -> None:
    """Nobody checked her in; the desk says that she came, and the clinician records it as of its own day."""
    clock.move_to(datetime(2027, 1, 20, 9, tzinfo=UTC))
    page = open_as(Role.FRONT_DESK, "/")
    left = page.locator(".todo li", has_text="nobody said what became of it")
    picture(page, "yesterday-needs-you")
    left.get_by_role("link", name=re.compile("Say it")).click()
    page.get_by_role("button", name="Came", exact=True).click()
    page = open_as(Role.CLINICIAN, f"/sessions/{first.pk}/")
    page.fill("[name=cartridge_lot]", "KN-2417")
    page.fill("[name=cartridge_expires_on]", "08/2031")
    page.fill("[name=pain]", "3")
    picture(page, "yesterday-record")
    assert barriers(page) == []
    page.get_by_role("button", name="Finish the session").click()
    expect(page.locator("main .chip").first).to_contain_text("Done")
    recorded = session_of(first.series, 1)
    assert recorded.done_at
    assert recorded.starts_at
    assert recorded.done_at - recorded.starts_at < timedelta(hours=12)
    record = recorded.record
    assert record.recorded_at.date() == datetime(2027, 1, 20).date()
