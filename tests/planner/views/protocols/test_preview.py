"""A look at a mail before it is sent."""

from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.models import Location
from planner.models import Protocol
from planner.outbox.preview import preview
from planner.outbox.steps import load_steps
from tests.makers import (
    NOW,
)
from tests.planner.views.protocols.pages import edit_step, everything, step_of, typed

pytestmark = pytest.mark.django_db


def written(queries: CaptureQueriesContext) -> list[str]:
    """What changed anything but who is signed in."""
    words = ("INSERT", "UPDATE", "DELETE")
    said = (q["sql"] for q in queries.captured_queries if q["sql"].startswith(words))
    return [sql for sql in said if '"usersessions_usersession"' not in sql]


@pytest.mark.parametrize("code", [step.code for step in load_steps()])
def test_every_mail_can_be_looked_at_and_nothing_is_sent_or_written(
    clinician: Client, protocol: Protocol, code: Any
) -> None:
    step = step_of(protocol, code)
    with CaptureQueriesContext(connection) as queries:
        page = clinician.get(reverse("protocol_step", args=[protocol.pk, step.pk]))
        sealed = clinician.get(reverse("protocol_step_mail", args=[protocol.pk, step.pk]))
    looked = page.context["page"].mail.text
    assert looked.startswith("Hello Maya, this is a note from Linden Row")
    assert step.title in looked
    assert "{" not in looked + page.context["page"].mail.subject
    assert page.context["page"].mail.html == sealed.content.decode()
    rules = set(sealed["Content-Security-Policy"].split("; "))
    assert rules == {"default-src 'none'", "style-src 'unsafe-inline'", "frame-ancestors 'none'", "sandbox"}
    assert (written(queries), mail.outbox) == ([], [])


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("booked", ["Your dates, at Leeds", "Tuesday 16 February 2027, 10:00 GMT"]),
        (
            "moved",
            [
                "What changed",
                "- Monday 15 February 2027, 10:00 GMT is now Tuesday 16 February 2027, 10:00 GMT",
            ],
        ),
        ("cancelled", ["Cancelled", "- Tuesday 16 February 2027, 10:00 GMT"]),
        ("before_1d", ["Your visit, at Leeds", "Tuesday 16 February 2027, 10:00 GMT"]),
        ("after_1d", ["Day 1 of 7", "From Wednesday 17 February, 12:00: mineral sunscreen"]),
        ("after_1d", ["Your next visit, at Leeds", "Tuesday 23 March 2027, 10:00 GMT"]),
    ],
)
def test_a_look_has_dates_as_the_mail_will_have(
    location: Location, protocol: Protocol, code: str, lines: Any
) -> None:
    text = preview(step_of(protocol, code), location, now=NOW).text
    assert [line for line in lines if line not in text] == []


def test_what_was_typed_can_be_looked_at_without_saving_it(clinician: Client, protocol: Protocol) -> None:
    before = everything()
    answer = edit_step(
        clinician,
        step_of(protocol, "after_1d"),
        title="Only a try",
        do="Rest until {after_2_days}.",
        look="yes",
        change_note="",
    )
    assert answer.status_code == 200
    assert "Only a try" in answer.context["page"].mail.text
    assert "Rest until" in answer.context["page"].mail.text
    assert "{" not in answer.context["page"].mail.text
    assert typed(answer)["title"] == "Only a try"
    assert (everything(), mail.outbox) == (before, [])


def test_words_with_markup_stay_words(clinician: Client, protocol: Protocol) -> None:
    edit_step(clinician, step_of(protocol, "after_1d"), normal="<script>alert(1)</script>")
    step = step_of(protocol, "after_1d")
    for name in ("protocol_step", "protocol_step_mail"):
        page = clinician.get(reverse(name, args=[protocol.pk, step.pk])).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
