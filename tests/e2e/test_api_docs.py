"""The readable description in a real browser, under the policy that lets nothing inline run."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from tests.e2e.conftest import picture
from tests.makers import make_location, make_staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def test_the_docs_show_every_operation_and_run_nothing_inline(
    somebody: Callable[..., BrowserContext], live_server: LiveServer
) -> None:
    signed_in = Client()
    signed_in.force_login(make_staff(make_location()).user)
    context = somebody()
    cookie = signed_in.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    page, complaints = context.new_page(), []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(f"{live_server.url}/api/docs/")
    expect(page.locator(".opblock-summary-path", has_text="/book/")).to_be_visible()
    assert page.locator(".opblock").count() > 45
    page.get_by_text("/api/v1/series/{series_id}/book/").click()
    expect(page.get_by_text("Idempotency-Key")).to_be_visible()
    picture(page, "api-docs")
    assert complaints == []
