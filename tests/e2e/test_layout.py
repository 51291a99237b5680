"""Nothing runs off its side and no text is printed over another: the longest names on days of the longest dates."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from pytest_django import DjangoDbBlocker

from clinic.permissions import Role
from tests.e2e.conftest import picture, scrolls_sideways, sign_in
from tests.e2e.on_a_day import CHRISTMAS, LONGEST
from tests.e2e.served_demo import demo_on
from tests.e2e.test_pages import PASSWORD, DemoPage, demo_pages_in

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("layout")]

WIDTHS = (360, 820, 1440, 1920)
DATED = "today board patient series series_plan session session_move messages message consent absence protocols".split()
"""The pages whose width depends on dates."""
OVERPRINT = (Path(__file__).parent / "overprint.js").read_text()
Served = tuple[str, tuple[DemoPage, ...], str]


@pytest.fixture(
    scope="module", params=[LONGEST, CHRISTMAS], ids=["longest dates", "evening before Christmas"]
)
def served(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Served]:
    at: datetime = request.param
    with demo_on(at, django_db_blocker) as served:
        if at == LONGEST:
            served.run("tests.e2e.long_names")
        yield served.root, demo_pages_in(served), f"{at:%m-%d}"


@pytest.mark.parametrize(("who", "role"), [("clinician", Role.CLINICIAN), ("desk", Role.FRONT_DESK)])
def test_nothing_runs_off_or_overprints(browser: Browser, served: Served, who: str, role: Role) -> None:
    root, pages, day = served
    page = browser.new_context(locale="en-GB", reduced_motion="reduce").new_page()
    sign_in(page, root, f"{who}@linden.example", PASSWORD)
    wrong, looked_at = [], set()
    for shown in pages:
        if shown.right is not None and shown.is_for(role) and shown.name in DATED:
            answer = page.goto(root + shown.address)
            if answer and answer.status == 200 and "html" in answer.headers["content-type"]:
                looked_at.add(shown.name)
                wrong += _wrong(page, f"{day}-{who}-{shown.file_name}")
    page.context.close()
    assert {"today", "board", "patient", "series", "session", "messages"} <= looked_at
    assert wrong == []


def _wrong(page: Page, name: str) -> list[str]:
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        here = [*(["scrolls sideways"] if scrolls_sideways(page) else []), *page.evaluate(OVERPRINT)]
        if here:
            picture(page, f"wrong-{name}-{width}")
        found += [f"{name} {width}: {each}" for each in here]
    return found


def test_a_long_name_stays_within_the_button_that_asks(browser: Browser, served: Served) -> None:
    """On a phone, the words of “Remove …” ran off both sides of the question."""
    root, _pages, _day = served
    page = browser.new_context(reduced_motion="reduce", viewport={"width": 360, "height": 800}).new_page()
    sign_in(page, root, "manager@linden.example", PASSWORD)
    page.goto(f"{root}/settings/days/")
    for button in page.get_by_role("main").get_by_role("button", name="Remove").all():
        button.click()
        asked, yes = page.locator("#ask").bounding_box(), page.locator("[data-ask-yes]").bounding_box()
        assert asked
        assert yes
        assert yes["x"] >= asked["x"]
        assert yes["x"] + yes["width"] <= asked["x"] + asked["width"]
        words = page.locator("[data-ask-yes]").evaluate("e => e.scrollWidth - e.clientWidth")
        assert words == 0
        page.keyboard.press("Escape")
    page.context.close()


def test_two_texts_in_one_place_are_noticed(browser: Browser) -> None:
    """The measure itself: it sees what overlaps, and lets pass what is hidden or apart."""
    page = browser.new_context().new_page()
    page.set_content(
        "<p style='position:absolute;top:10px;left:10px'>One name</p>"
        "<p style='position:absolute;top:12px;left:30px'>another</p>"
        "<p style='position:absolute;top:60px;left:10px'>Apart</p><p hidden>hidden</p>"
        "<svg style='position:absolute;top:90px;left:0' width='300'>"
        "<text x='50' y='20' text-anchor='end'>1 Apr</text><text x='51' y='20'>2 May</text>"
        "<text x='200' y='20'>far</text></svg>"
    )
    assert page.evaluate(OVERPRINT) == ["“One name” over “another”", "“1 Apr” over “2 May”"]
    page.context.close()
