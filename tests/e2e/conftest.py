"""A real browser. Without Chromium these tests are skipped, loudly; REQUIRE_ALL=1 makes that a failure."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.chromium import HOW, chromium
from tests.servers import ROOT, skip_or_fail

PICTURES = ROOT / "test-artifacts"
WIDTHS = (360, 820, 1440)
THEMES = ("light", "dark")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        skip_or_fail(HOW)
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = (
        "true"  # Playwright's loop runs in this thread; the ORM is used beside it
    )
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def somebody(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A browser of their own for each person; whatever the page complains of fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def arrive(width: int = 1440, theme: str = "light", **options: object) -> BrowserContext:
        size = {"width": width, "height": 900}
        context = browser.new_context(
            viewport=size, color_scheme=theme, locale="en-GB", reduced_motion="reduce", **options
        )  # fmt: skip
        context.set_default_timeout(15_000)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        contexts.append(context)
        return context

    yield arrive
    for context in contexts:
        context.close()
    assert complaints == []


def picture(page: Page, name: str) -> Path:
    """Keep what the page looks like, for people to look at."""
    PICTURES.mkdir(exist_ok=True)
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path


def barriers(page: Page, *only: str) -> list[str]:
    """What axe finds, one line each; by all its rules, or by those named."""
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(only)} if only else {})
    found = Axe().run(page, options=options).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found]


def scrolls_sideways(page: Page) -> bool:
    return bool(
        page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1")
    )


def sign_in(page: Page, root: str, email: str, password: str) -> None:
    page.goto(f"{root}/account/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    page.click("button[type=submit] >> nth=0")
    page.wait_for_url(f"{root}/")
