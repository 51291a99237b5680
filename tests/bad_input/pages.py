"""Sends what cannot be, and compares every row of every table."""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.http import HttpResponse
from django.test import Client

from planner.models import Series
from planner.schedule.session_place import SessionPlace, token_of
from tests.browser import Page

NOTHING_CHANGED = "Nothing was changed."
TICKS = {"clinic.ReadAudit", "sessions.Session", "usersessions.UserSession", "clinic.User"}


@dataclass(frozen=True)
class Pages:
    """Sends forms; what cannot be must leave every row of every table as it was."""

    client: Client

    def book(self, series: Series, *tokens: str, **more: Any) -> Any:
        return self.client.post(
            f"/series/{series.pk}/plans/", {"book": "1", "key": "k", "visit": tokens} | more
        )

    def refused(self, path: str, form: dict[str, Any], status: int = 409) -> str:
        """What the page says is wrong."""
        before = tables()
        answer = self.client.post(path, form)
        assert (answer.status_code, tables()) == (status, before)
        return said(answer)

    def booking_refused(self, series: Series, *visits: SessionPlace | str, status: int = 409) -> str:
        tokens = [each if isinstance(each, str) else token_of(each) for each in visits]
        return self.refused(f"/series/{series.pk}/plans/", {"book": "1", "key": "k", "visit": tokens}, status)


def said(answer: HttpResponse) -> str:
    return " ".join(Page("", answer.status_code, answer.content.decode(), "").alerts)


def tables() -> dict[str, list[Any]]:
    """Every row of every table but who looked at what."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values_list())
        for model in apps.get_models()
        if model._meta.label not in TICKS and model._meta.managed
    }
