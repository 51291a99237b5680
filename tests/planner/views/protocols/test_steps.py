"""The mails of a version, and the series under way that keep theirs."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import Location
from planner.models import (
    Message,
    MessageEvent,
    Protocol,
)
from planner.outbox.plan_messages import messages_for_booking, messages_for_completion
from planner.outbox.step_words import REVEALING_STEMS, REVEALING_WORDS
from planner.outbox.steps import load_steps
from tests.makers import (
    NOW,
    make_booked_series,
)
from tests.planner.views.protocols.pages import (
    OURS,
    current,
    edit,
    edit_step,
    everything,
    rows_of,
    step_of,
    typed,
)

pytestmark = pytest.mark.django_db


def test_a_changed_step_is_a_new_version_in_which_only_it_differs(
    clinician: Client, protocol: Protocol
) -> None:
    old = current(protocol)
    before = rows_of(old)
    answer = edit_step(
        clinician,
        step_of(protocol, "after_1d"),
        subject="Good morning from {clinic}",
        title="The day after",
        normal="Warm.\r\nUntil {after_3_days}.",
        amount="2",
        at_local_time="11:30",
        expires_after_hours="12",
    )
    assert (answer.status_code, answer.url) == (302, reverse("protocol", args=[protocol.pk]))
    new = current(protocol)
    step = new.steps.get(code="after_1d")
    assert (step.subject, step.title) == ("Good morning from {clinic}", "The day after")
    assert step.normal == "Warm.\nUntil {after_3_days}."
    assert (step.offset_minutes, f"{step.at_local_time:%H:%M}", step.expires_after_hours) == (
        2880,
        "11:30",
        12,
    )
    assert (step.source[: len(OURS)], step.certainty) == (OURS, "clinic_setting")
    after = rows_of(new)
    assert [row for row in after.pop("steps") if row["code"] != "after_1d"] == [
        row for row in before.pop("steps") if row["code"] != "after_1d"
    ]
    assert after == before


def test_switching_a_mail_off_keeps_its_source(clinician: Client, protocol: Protocol) -> None:
    was = step_of(protocol, "before_14d")
    edit_step(clinician, was, is_active=None)
    now = step_of(protocol, "before_14d")
    assert (now.is_active, now.source, now.certainty) == (False, was.source, was.certainty)


@pytest.mark.parametrize(
    ("code", "amount", "unit", "at", "offset"),
    [
        ("before_7d", "10", "days", "09:30", -14400),
        ("before_7d", "0", "days", "07:15", 0),
        ("before_7d", "48", "hours", None, -2880),
        ("after_4h", "6", "hours", None, 360),
        ("after_4h", "1", "days", "08:00", 1440),
        ("after_12w", "90", "days", "10:00", 129600),
    ],
)
def test_the_time_of_a_step_counts_from_where_it_did(
    clinician: Client, protocol: Protocol, code: str, amount: str, unit: str, at: Any, offset: Any
) -> None:
    edit_step(clinician, step_of(protocol, code), amount=amount, unit=unit, at_local_time=at)
    step = step_of(protocol, code)
    assert (step.offset_minutes, step.at_local_time and f"{step.at_local_time:%H:%M}") == (offset, at)


def test_news_of_dates_has_no_time_of_its_own(clinician: Client, protocol: Protocol) -> None:
    step = step_of(protocol, "booked")
    page = clinician.get(reverse("protocol_step", args=[protocol.pk, step.pk]))
    assert "amount" not in page.context["page"].form.fields
    edit_step(clinician, step, title="Booked", amount="3", unit="days")
    assert (step_of(protocol, "booked").title, step_of(protocol, "booked").offset_minutes) == ("Booked", 0)


@pytest.mark.parametrize(
    ("code", "changes", "where"),
    [
        ("after_1d", {"subject": "Your visit\nBcc: x@example.com"}, "subject"),
        ("after_1d", {"subject": "Your visit\u2028to us"}, "subject"),
        ("after_1d", {"subject": "A note {name}"}, "subject"),
        ("after_1d", {"subject": "x" * 121}, "subject"),
        ("after_1d", {"title": "Day {after_1_days}"}, "title"),
        ("after_1d", {"title": ""}, "title"),
        ("after_1d", {"normal": ""}, "normal"),
        ("after_1d", {"do": "Until {after_soon_days}"}, "do"),
        ("after_1d", {"do": "Until {after_0_days}"}, "do"),
        ("after_1d", {"wait": "Until {after 3 days}"}, "wait"),
        ("after_1d", {"call": "ring {emergency"}, "call"),
        ("after_1d", {"call": "ring emergency}"}, "call"),
        ("after_1d", {"call": ""}, "call"),
        ("after_1d", {"at_local_time": ""}, "at_local_time"),
        ("after_1d", {"unit": "hours"}, "at_local_time"),
        ("after_1d", {"unit": "hours", "at_local_time": "", "amount": "73"}, "amount"),
        ("after_1d", {"amount": "0"}, "amount"),
        ("after_1d", {"amount": "-1"}, "amount"),
        ("after_1d", {"expires_after_hours": "0"}, "expires_after_hours"),
        ("after_1d", {"change_note": ""}, "change_note"),
    ],
)
def test_a_step_that_could_not_be_sent_is_refused_where_it_stands(
    clinician: Client, protocol: Protocol, code: str, changes: dict[str, Any], where: str
) -> None:
    before = everything()
    answer = edit_step(clinician, step_of(protocol, code), **changes)
    assert answer.status_code == 422
    assert f'id="id_{where}_error"' in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize("word", [*REVEALING_WORDS, *REVEALING_STEMS])
def test_a_subject_that_tells_a_stranger_is_refused(clinician: Client, protocol: Protocol, word: Any) -> None:
    before = everything()
    answer = edit_step(clinician, step_of(protocol, "after_1d"), subject=f"About your {word.upper()}, now")
    assert answer.status_code == 422
    assert f"“{word}” tells a stranger" in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize("subject", ["Your s\u200bkin", "Your ｓｋｉｎ", "Your microneedling", "Skincare"])
def test_a_subject_is_read_as_a_stranger_would(clinician: Client, protocol: Protocol, subject: str) -> None:
    assert edit_step(clinician, step_of(protocol, "after_1d"), subject=subject).status_code == 422
    assert protocol.versions.count() == 1


@pytest.mark.parametrize(
    "subject", ["A note from Oscar at the market", *sorted({s.subject for s in load_steps()})]
)
def test_a_subject_that_says_nothing_may_be_used(clinician: Client, protocol: Protocol, subject: Any) -> None:
    answer = edit_step(clinician, step_of(protocol, "before_28d"), subject=subject, title="Soon")
    assert answer.status_code == 302


# Series under way keep what they began with


# Seen elsewhere: editing a template cancels reminders and plans none anew.
def test_messages_of_a_series_under_way_stay_as_they_were_planned(
    clinician: Client, location: Location, protocol: Protocol
) -> None:
    series = make_booked_series(location, version=current(protocol))
    messages_for_booking(series, now=NOW)
    before = [list(table.objects.order_by("pk").values_list()) for table in (Message, MessageEvent)]
    edit_step(clinician, step_of(protocol, "before_1d"), title="Other words", amount="2")
    edit_step(clinician, step_of(protocol, "before_7d"), is_active=None)
    assert [list(table.objects.order_by("pk").values_list()) for table in (Message, MessageEvent)] == before
    assert protocol.versions.count() == 3


# Seen elsewhere: editing a template cancels reminders and plans none anew.
def test_a_series_under_way_goes_on_with_the_mails_it_began_with(
    clinician: Client, location: Location, protocol: Protocol
) -> None:
    first = current(protocol)
    series = make_booked_series(location, version=first)
    edit_step(clinician, step_of(protocol, "after_1d"), is_active=None)
    session = series.sessions.get(number=1)
    session.state, session.done_at = "done", session.ends_at
    session.save()
    messages_for_completion(session, now=session.ends_at)
    planned = series.messages.values_list("step__version", "step__code").order_by("due_at")
    codes = ["after_4h", "after_1d", "after_3d", "after_7d", "after_14d", "after_28d"]
    assert list(planned) == [(first.pk, code) for code in codes]


def test_a_new_series_gets_the_new_mails(clinician: Client, location: Location, protocol: Protocol) -> None:
    edit_step(clinician, step_of(protocol, "before_7d"), is_active=None)
    series = make_booked_series(location, version=current(protocol), sessions_planned=1)
    messages_for_booking(series, now=NOW)
    codes = series.messages.order_by("due_at").values_list("step__code", flat=True)
    assert list(codes) == ["booked", "before_14d", "before_5d", "before_3d", "before_1d", "before_0d"]


def test_a_step_of_an_earlier_version_is_only_read(clinician: Client, protocol: Protocol) -> None:
    old = step_of(protocol, "after_1d")
    edit(clinician, protocol, sessions_max="6")
    path = reverse("protocol_step", args=[protocol.pk, old.pk])
    page = clinician.get(path)
    assert "Save as a new version" not in page.content.decode()
    before = everything()
    answer = clinician.post(path, typed(page) | {"change_note": "Late", "title": "Late"})
    assert answer.status_code == 409
    assert everything() == before
