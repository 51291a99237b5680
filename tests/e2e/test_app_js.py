"""What `app.js` adds to every page, on a page made of the app's own parts; no server and no database behind it."""

from collections.abc import Callable

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import BrowserContext, Page, Route

from tests.servers import ROOT

pytestmark = pytest.mark.browser
HOME = "http://clinic.test/"
PARTS = """<!doctype html><html lang="en"><title>Parts</title><body>
<nav><a href="/today/" data-go="t">Today</a></nav>
<input data-find aria-label="Find">
<form method="post" action="/plain/"><input type="hidden" name="key" value="1">
  <button name="how" value="fast" data-busy="Saving, one moment">Save</button></form>
<form method="post" action="/asked/" data-ask="Remove it?" data-ask-text="It is gone then."><button>Remove</button>
</form>
<div data-toast><button type="button" data-close-toast>Close</button></div>
<dialog id="keys"><h2>Keys</h2><label><input type="checkbox" data-single-keys checked>On</label></dialog>
{ask}<script src="/app.js"></script></body></html>"""


@pytest.fixture
def sent() -> list[str]:
    return []


@pytest.fixture
def page(somebody: Callable[..., BrowserContext], sent: list[str]) -> Page:
    """Posts are noted and answered with nothing, so that the page stays as it is after one."""
    script = (ROOT / "clinic/static/js/app.js").read_text()
    html = PARTS.replace("{ask}", render_to_string("components/ask.html"))

    def serve(route: Route) -> None:
        if route.request.method == "POST":
            sent.append(f"{route.request.url.removeprefix(HOME)} {route.request.post_data or ''}".strip())
            route.fulfill(status=204)
        elif route.request.url.endswith("app.js"):
            route.fulfill(body=script, content_type="text/javascript")
        else:
            route.fulfill(body=html, content_type="text/html")

    page = somebody().new_page()
    page.route("**/*", serve)
    page.goto(HOME)
    return page


def _focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.tagName"))


def test_a_form_pressed_twice_is_sent_once_with_its_buttons_value(page: Page, sent: list[str]) -> None:
    save = page.locator("button[name=how]")
    page.evaluate("const b = document.querySelector('[name=how]'); b.click(); b.click()")
    page.wait_for_function("document.querySelector('[name=how]').disabled")
    assert save.inner_text() == "Saving, one moment"
    assert sent == ["plain/ key=1&how=fast"]


def test_what_cannot_be_undone_asks_first(page: Page, sent: list[str]) -> None:
    page.click("text=Remove")
    assert page.locator("#ask-title").inner_text() == "Remove it?"
    page.click("text=Leave as it is")
    assert sent == []
    page.click("form[data-ask] button")
    page.click("[data-ask-yes]")
    page.wait_for_function("document.querySelector('form[data-ask]').dataset.sent")
    assert sent == ["asked/"]


def test_escape_is_a_no(page: Page, sent: list[str]) -> None:
    page.click("text=Remove")
    page.keyboard.press("Escape")
    page.wait_for_timeout(100)
    assert sent == []


def test_slash_finds_and_types_nothing(page: Page) -> None:
    page.keyboard.press("/")
    assert (_focused(page), page.locator("[data-find]").input_value()) == ("INPUT", "")


def test_letters_typed_into_a_field_stay_letters(page: Page) -> None:
    page.focus("[data-find]")
    page.keyboard.type("gt?")
    assert (page.locator("[data-find]").input_value(), page.url) == ("gt?", HOME)


def test_g_then_t_goes_to_today(page: Page) -> None:
    page.keyboard.type("gt")
    page.wait_for_url(HOME + "today/")


def test_a_question_mark_shows_the_keys(page: Page) -> None:
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()


def test_single_keys_can_be_turned_off_and_stay_off(page: Page) -> None:
    page.keyboard.press("?")
    page.uncheck("[data-single-keys]")
    page.goto(HOME)
    page.keyboard.press("?")
    page.keyboard.press("/")
    assert (page.locator("#keys").is_visible(), _focused(page)) == (False, "BODY")


def test_a_toast_closes(page: Page) -> None:
    page.click("[data-close-toast]")
    assert page.locator("[data-toast]").count() == 0
