"""Every page of the demo clinic in a real browser, by role, width and theme: no barrier, nothing runs off the side."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect
from pytest_django import DjangoDbBlocker

from clinic.permissions import Right, Role, rights_of
from tests.e2e.conftest import barriers, picture, scrolls_sideways, sign_in
from tests.e2e.on_a_day import ORDINARY
from tests.e2e.served_demo import ServedDemo, demo_on

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("walk")]

PASSWORD = "linden-row-demo"
SEEN_AS = (("light", 360), ("light", 820), ("light", 1440), ("dark", 1440), ("dark", 360))
SEEN_BRIEFLY = (("light", 360), ("dark", 1440))  # the second and later states of one page
# Pages that say other things to another role; every other page is looked at as the first role that may open it.
DIFFERENT_FOR_EACH = ("today", "board", "patient", "series", "session", "messages", "message", "settings")


@dataclass(frozen=True, slots=True)
class DemoPage:
    name: str
    address: str
    right: Right | None
    is_first: bool

    def is_for(self, role: Role) -> bool:
        return self.right is None or self.right in rights_of(role)

    @property
    def file_name(self) -> str:
        return self.address.strip("/").replace("/", "-").replace("?", "-") or "home"


@dataclass(frozen=True, slots=True)
class Demo:
    served: ServedDemo
    pages: tuple[DemoPage, ...]

    @property
    def root(self) -> str:
        return self.served.root


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Demo]:
    """On an ordinary morning, whatever the day of the test."""
    with demo_on(ORDINARY, django_db_blocker) as served:
        yield Demo(served, demo_pages_in(served))


def demo_pages_in(served: ServedDemo) -> tuple[DemoPage, ...]:
    return tuple(
        DemoPage(name, address, None if right is None else Right(right), is_first=not place)
        for name, addresses, right in json.loads(served.run("tests.e2e.demo_pages"))
        for place, address in enumerate(addresses)
    )


@pytest.fixture
def someone(browser: Browser, demo: Demo) -> Iterator[Callable[[str], tuple[Page, list[str]]]]:
    """A signed-in person's page, and all it complains of."""
    contexts: list[BrowserContext] = []

    def arrive(name: str) -> tuple[Page, list[str]]:
        complaints: list[str] = []
        context = browser.new_context(locale="en-GB", reduced_motion="reduce")
        context.set_default_timeout(30_000)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("console", lambda said: _note(said, complaints))
        contexts.append(context)
        page = context.new_page()
        if name:
            sign_in(page, demo.root, f"{name}@linden.example", PASSWORD)
        return page, complaints

    yield arrive
    for context in contexts:
        context.close()


def _note(said: ConsoleMessage, complaints: list[str]) -> None:
    """Errors and warnings; not that a page answered with a conflict, which is its way to say no."""
    if said.type in ("error", "warning") and "409 (Conflict)" not in said.text:
        complaints.append(said.text)


def _is_a_page(page: Page, address: str) -> bool:
    """Whether something to look at is there: what only takes posts, sends on, or is no HTML is not.

    Nor is a mail shown as it left: it stands in a sandbox where no script runs, so axe cannot answer.
    """
    answer = page.context.request.get(address, max_redirects=0)
    assert answer.status in (200, 302, 303, 405, 409), (address, answer.status)
    is_html = answer.headers["content-type"].startswith("text/html")
    is_sealed = "sandbox" in answer.headers.get("content-security-policy", "")
    return answer.status in (200, 409) and is_html and not is_sealed


def _look(page: Page, who: str, shown: DemoPage) -> list[str]:
    """What is wrong with the page, at each width and in each theme; the dark differs by its colours only."""
    wrong: list[str] = []
    for theme, width in SEEN_AS if shown.is_first else SEEN_BRIEFLY:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 900})
        picture(page, f"{who}-{shown.file_name}-{width}-{theme}")
        rules = () if theme == "light" else ("color-contrast",)
        found = [*barriers(page, *rules), *(["scrolls sideways"] if scrolls_sideways(page) else [])]
        wrong += [f"{shown.address} {width} {theme}: {each}" for each in found]
    return wrong


def _look_at_all(page: Page, root: str, who: str, pages: list[DemoPage]) -> list[str]:
    wrong: list[str] = []
    for shown in pages:
        if _is_a_page(page, root + shown.address):
            page.goto(root + shown.address)
            wrong += _look(page, who, shown)
    return wrong


def _worth_a_look(pages: tuple[DemoPage, ...], role: Role) -> list[DemoPage]:
    """All that nobody before this role may open; of the pages that differ by role, one each."""
    may = [shown for shown in pages if shown.right is not None and shown.is_for(role)]
    differing = {shown.name: shown for shown in reversed(may) if shown.name in DIFFERENT_FOR_EACH}
    own = [shown for shown in may if _first_who_may(shown) is role]
    return own + [shown for shown in differing.values() if shown not in own]


def _first_who_may(shown: DemoPage) -> Role:
    return next(role for role in (Role.CLINICIAN, Role.MANAGER) if shown.is_for(role))


@pytest.mark.parametrize(
    ("who", "role"),
    [("clinician", Role.CLINICIAN), ("manager", Role.MANAGER), ("desk", Role.FRONT_DESK)],
)
def test_every_page_is_without_barriers(
    someone: Callable[[str], tuple[Page, list[str]]], demo: Demo, who: str, role: Role
) -> None:
    page, complaints = someone(who)
    own = _worth_a_look(demo.pages, role)
    assert len(own) > 5
    assert _look_at_all(page, demo.root, who, own) == []
    assert complaints == []


def test_ones_own_account_is_without_barriers(
    someone: Callable[[str], tuple[Page, list[str]]], demo: Demo
) -> None:
    page, complaints = someone("clinician")
    own = [shown for shown in demo.pages if shown.right is None and shown.name != "account_logout"]
    assert _look_at_all(page, demo.root, "account", own) == []
    assert complaints == []


def test_the_sign_in_is_without_barriers(
    someone: Callable[[str], tuple[Page, list[str]]], demo: Demo
) -> None:
    page, complaints = someone("")
    own = [shown for shown in demo.pages if shown.right is None]
    assert _look_at_all(page, demo.root, "stranger", own) == []
    assert complaints == []


def test_a_phone_has_the_boards_tools_in_one_row_and_a_tablet_the_protocols_last_column(
    someone: Callable[[str], tuple[Page, list[str]]], demo: Demo
) -> None:
    page, complaints = someone("clinician")
    page.set_viewport_size({"width": 360, "height": 900})
    page.goto(f"{demo.root}/board/")
    assert _height(page, ".boardpage__tools") < 100
    page.set_viewport_size({"width": 820, "height": 900})
    page.goto(f"{demo.root}/settings/protocols/")
    assert _height(page, "tbody tr:first-child td:last-child .chip") < 30
    assert complaints == []


def _height(page: Page, selector: str) -> float:
    """In pixels, of the first that is found."""
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return box["height"]


def test_the_keyboard_alone_leads_from_sign_in_to_the_plans(
    someone: Callable[[str], tuple[Page, list[str]]], demo: Demo
) -> None:
    colleague, _ = someone("clinician")
    address = _of_somebody_to_plan_for(colleague, demo)
    colleague.goto(demo.root + address)
    name = colleague.locator("h1").inner_text()
    page, complaints = someone("")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{demo.root}/account/login/")
    _tab_to(page, "input[name=login]")
    page.keyboard.type("clinician@linden.example\t")
    _tab_to(page, "input[name=password]")
    page.keyboard.type(f"{PASSWORD}\n")
    page.wait_for_url(f"{demo.root}/")
    page.keyboard.type(f"/{name}\n")
    page.wait_for_url("**/patients/?q=*")
    for link in (address, f"{address}plan/"):
        _tab_to(page, f"main a[href='{link}']")
        page.keyboard.press("Enter")
        page.wait_for_url(demo.root + link)
    _tab_to(page, "main form button:not([name])")
    page.keyboard.press("Enter")
    page.wait_for_url("**/plans/")
    expect(page.locator("h1")).to_have_text(f"A plan for {name}")
    assert complaints == []


def _of_somebody_to_plan_for(page: Page, demo: Demo) -> str:
    """The address of a patient who has an area that is in no series yet."""
    for shown in demo.pages:
        if shown.name == "plan":
            page.goto(demo.root + shown.address)
            if page.locator("input[name=areas]").count():
                return shown.address.removesuffix("plan/")
    raise AssertionError("nobody in the demo can be planned for")


def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until that element has the focus, as one who has no mouse does."""
    for _ in range(120):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {selector}")


def test_the_longest_names_run_off_no_page(
    someone: Callable[[str], tuple[Page, list[str]]], demo: Demo
) -> None:
    """Last on this demo: whoever and whatever has a name gets the longest that people have, once for all pages."""
    demo.served.run("tests.e2e.long_names")
    wrong: list[str] = []
    for who, role in (("manager", Role.MANAGER), ("clinician", Role.CLINICIAN)):
        page, complaints = someone(who)
        for shown in _worth_a_look(demo.pages, role):
            if shown.is_first and _is_a_page(page, demo.root + shown.address):
                page.goto(demo.root + shown.address)
                wrong += _runs_off(page, shown)
        assert complaints == []
    assert wrong == []


def _runs_off(page: Page, shown: DemoPage) -> list[str]:
    found = []
    for width in (360, 820, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        if scrolls_sideways(page):
            picture(page, f"runs-off-{shown.file_name}-{width}")
            found.append(f"{shown.address} {width}")
    return found
