"""What a mail says, in both its forms, and what its outside gives away: nothing."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from pytest_django import Settings

from clinic.models import Location
from planner.models import AftercareStep, Message, Series, Session
from planner.outbox.letter import Letter, NothingToTell, envelope, letter_for, render
from planner.outbox.plan_messages import (
    messages_for_booking,
    messages_for_cancellation,
    messages_for_change,
    messages_for_completion,
)
from planner.outbox.steps import load_steps
from tests.makers import NOW, make_booked_series, make_location, make_patient

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
STEPS = load_steps()
HEALTH = re.compile(
    r"needl|skin|stretch|mark|scar|treat|therap|session|red|sore|care|sun|cream|numb|derm|body|laser|"
    r"doctor|clinician|practitioner|medic|health|heal|patient|result|photo|pain",
    re.IGNORECASE,
)


@pytest.fixture
def location() -> Location:
    return make_location(
        phone="0113 555 0142", email="desk@linden.example", address="14 Linden Row, Leeds LS1 4AB"
    )


@pytest.fixture
def series(location: Location) -> Series:
    patient = make_patient(location.clinic, first_name="Amira", last_name="Haddad", skin_type=5)
    return make_booked_series(location, patient=patient)


def message_of(series: Series, code: str) -> Message:
    """A message of this step, whose session has come as far as the step needs it to."""
    step = series.protocol_version.steps.get(code=code)
    session = series.sessions.get(number=1)
    if step.anchor in ("session_end", "last_session_end"):
        session.state, session.done_at = "done", session.ends_at
        session.save()
        series.sessions.exclude(pk=session.pk).update(state="cancelled")
        messages_for_completion(session, now=session.ends_at)
    else:
        messages_for_booking(series, now=NOW)
    if step.anchor == "session_moved":
        series.messages.filter(session=None).update(state="sent")
        move(session, 2)
        messages_for_change(series, [session], now=NOW + DAY)
    if step.anchor == "session_cancelled":
        series.messages.filter(session=None).update(state="sent")
        cancel(session)
    return series.messages.exclude(state="withdrawn").filter(step=step).order_by("session__number").first()  # type: ignore[return-value]


def move(session: Session, days: int) -> None:
    was = session.starts_at
    session.starts_at, session.ends_at = session.starts_at + days * DAY, session.ends_at + days * DAY  # type: ignore[assignment]
    session.version += 1
    session.save()
    session.events.create(kind="moved", at=NOW + DAY, was_at=was, now_at=session.starts_at)


def cancel(session: Session) -> None:
    session.state, session.version = "cancelled", session.version + 1
    session.save()
    session.events.create(kind="cancelled", at=NOW + DAY, was_at=session.starts_at)
    messages_for_cancellation(session.series, [session], now=NOW + DAY)


class Words(HTMLParser):
    """The words a reader sees, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.hidden = "", 0
        self.feed(html)

    def handle_starttag(self, tag: Any, attrs: Any) -> None:
        self.hidden += tag in ("head", "style", "title")
        self.text += " "

    def handle_endtag(self, tag: Any) -> None:
        self.hidden -= tag in ("head", "style", "title")
        self.text += " "

    def handle_data(self, data: Any) -> None:
        self.text += data * (not self.hidden)


def lines_of(letter: Letter) -> list[str]:
    sections = [part for part in (*letter.sections, letter.alarm, letter.dates) if part]
    in_sections = [line for part in sections for line in (part.heading, *part.lines)]
    return [letter.preview, letter.title, letter.lead, *in_sections, *letter.foot]


every_step = pytest.mark.parametrize("code", [step.code for step in STEPS])


@every_step
def test_both_forms_say_the_same(series: Series, code: Any) -> None:
    message = message_of(series, code)
    mail = render(message, now=message.due_at)
    seen = " ".join(Words(mail.html).text.split())
    for line in lines_of(letter_for(message, now=message.due_at)):
        assert line in mail.text
        assert line in seen
    only_in_one = set(seen.split()) ^ set(mail.text.split())
    assert only_in_one <= {"-", "Day", "of", *"1234567"}


@every_step
def test_a_subject_gives_nothing_away(series: Series, code: Any) -> None:
    message = message_of(series, code)
    letter = letter_for(message, now=message.due_at)
    for outside in (letter.subject.replace("Linden Row", ""), letter.preview.replace("Linden Row", "")):
        assert HEALTH.findall(outside) == []
    assert "Haddad" not in letter.subject + " ".join(lines_of(letter))
    assert "{" not in letter.subject + " ".join(lines_of(letter))


@every_step
def test_a_mail_fetches_nothing_and_fits(series: Series, code: Any) -> None:
    message = message_of(series, code)
    mail = render(message, now=message.due_at)
    assert re.findall(r"<(?:img|link|script|a|iframe|form)\b|url\(|@import|https?://", mail.html) == []
    assert len(mail.html.encode()) < 100_000
    assert '<html lang="en-gb" dir="ltr">' in mail.html


@pytest.mark.parametrize("code", [step.code for step in STEPS if step.anchor.endswith("session_end")])
def test_every_mail_after_a_session_has_the_red_box(series: Series, code: Any) -> None:
    message = message_of(series, code)
    alarm = letter_for(message, now=message.due_at).alarm
    assert alarm.heading == "Call 0113 555 0142 the same day if"
    assert "you have a fever of 38 °C or more" in alarm.lines
    assert "ring 999 first" in alarm.lines[-1]


def test_looks_are_written_into_the_elements_and_dark_mode_stays(series: Series) -> None:
    html = render(message_of(series, "after_1d"), now=NOW).html
    assert re.search(r'<td class="mail__card" style="[^"]*border-top: 3px solid #0B5A6B', html)
    assert "@media (prefers-color-scheme: dark)" in html


# --- dates ---


def test_a_confirmation_names_every_date_with_weekday_zone_and_place(series: Series) -> None:
    dates = letter_for(message_of(series, "booked"), now=NOW).sections[0]
    assert dates.heading == "Your dates, at 14 Linden Row, Leeds LS1 4AB"
    assert dates.lines == (
        "Monday 8 February 2027, 10:00 GMT",
        "Monday 15 March 2027, 10:00 GMT",
        "Monday 19 April 2027, 10:00 BST",
        "Monday 24 May 2027, 10:00 BST",
    )


def test_a_confirmation_names_no_date_that_is_no_more(series: Series) -> None:
    message = message_of(series, "booked")
    series.sessions.exclude(number=2).update(state="cancelled")
    assert letter_for(message, now=NOW).sections[0].lines == ("Monday 15 March 2027, 10:00 GMT",)


def test_a_moved_mail_says_what_moved_and_lists_all_dates(series: Series) -> None:
    letter = letter_for(message_of(series, "moved"), now=NOW + DAY)
    assert letter.sections[0].heading == "What changed"
    assert letter.sections[0].lines == (
        "Monday 8 February 2027, 10:00 GMT is now Wednesday 10 February 2027, 10:00 GMT",
    )
    assert len(letter.sections[1].lines) == 4


def test_a_moved_mail_says_nothing_of_what_was_told_before(series: Series) -> None:
    message_of(series, "moved")
    series.messages.filter(session=None).update(state="sent")
    session = series.sessions.get(number=3)
    move(session, 1)
    session.events.update(at=NOW + 2 * DAY)
    messages_for_change(series, [session], now=NOW + 2 * DAY)
    message = series.messages.get(step__code="moved", state="waiting")
    assert letter_for(message, now=NOW + 2 * DAY).sections[0].lines == (
        "Monday 19 April 2027, 10:00 BST is now Tuesday 20 April 2027, 10:00 BST",
    )


def test_a_session_that_got_its_first_date_is_called_new(series: Series) -> None:
    message = message_of(series, "moved")
    series.sessions.get(number=2).events.create(kind="booked", at=NOW + DAY, was_at=None)
    assert letter_for(message, now=NOW + DAY).sections[0].lines[1] == "New: Monday 15 March 2027, 10:00 GMT"


def test_a_cancellation_names_all_dates_that_went(series: Series) -> None:
    message_of(series, "cancelled")
    cancel(series.sessions.get(number=3))
    letter = letter_for(series.messages.get(step__code="cancelled", state="waiting"), now=NOW + DAY)
    gone = ("Monday 8 February 2027, 10:00 GMT", "Monday 19 April 2027, 10:00 BST")
    left = ("Monday 15 March 2027, 10:00 GMT", "Monday 24 May 2027, 10:00 BST")
    assert [part.lines for part in letter.sections[:2]] == [gone, left]


def test_the_blank_for_the_session_holds_the_dates_that_went(series: Series) -> None:
    message = message_of(series, "cancelled")
    message.step.title = "Not on {session}"
    assert letter_for(message, now=NOW + DAY).title == "Not on Monday 8 February 2027, 10:00 GMT"


@pytest.mark.parametrize("code", ["booked", "cancelled"])
def test_news_that_was_undone_is_not_told(series: Series, code: str) -> None:
    message = message_of(series, code)
    series.sessions.update(state="no_show")
    with pytest.raises(NothingToTell):
        letter_for(message, now=NOW + DAY)


def test_aftercare_names_the_next_date_only(series: Series) -> None:
    message = message_of(series, "after_1d")
    series.sessions.filter(number__gte=2).update(state="booked")
    letter = letter_for(message, now=message.due_at)
    assert letter.dates.heading == "Your next visit, at 14 Linden Row, Leeds LS1 4AB"
    assert letter.dates.lines == ("Monday 15 March 2027, 10:00 GMT",)


def test_aftercare_without_a_next_date_names_none(series: Series) -> None:
    message = message_of(series, "after_1d")
    assert letter_for(message, now=message.due_at).dates is None


# Seen elsewhere: a mail shows UTC or the wrong day.
def test_hours_count_from_the_end_of_the_session(series: Series) -> None:
    message = message_of(series, "after_1d")
    lines = [line for part in letter_for(message, now=NOW).sections for line in part.lines]
    assert any(line.startswith("From Tuesday 9 February, 12:00: mineral sunscreen") for line in lines)
    assert any(line.startswith("Until Thursday 11 February, 12:00: sport") for line in lines)


@pytest.mark.parametrize(
    ("code", "day"),
    [("after_4h", None), ("after_1d", 1), ("after_7d", 7), ("after_14d", None), ("before_1d", None)],
)
def test_the_week_after_a_session_is_counted(series: Series, code: str, day: Any) -> None:
    message = message_of(series, code)
    mail = render(message, now=message.due_at)
    assert letter_for(message, now=message.due_at).day == day
    assert len(re.findall(r'class="bar bar--on"', mail.html)) == (day or 0)
    assert (f"Day {day} of 7" in mail.text) == (day is not None)


# Seen elsewhere: a mail shows UTC or the wrong day; nine o'clock is nine in the seller's zone.
def test_times_are_those_of_the_location() -> None:
    location = make_location(timezone="America/New_York", address="5 Elm St")
    series = make_booked_series(location, first=datetime(2027, 2, 1, 15, 0, tzinfo=UTC), sessions_planned=1)
    letter = letter_for(message_of(series, "booked"), now=NOW)
    assert letter.sections[0].heading == "Your dates, at 5 Elm St"
    assert letter.sections[0].lines == ("Monday 1 February 2027, 10:00 EST",)


# --- what people write into it ---


@pytest.mark.parametrize(
    "name", ['<script>alert("x")</script>', "O'Brien & Söhne", "🙂 مها", "{{ 7|add:7 }}"]
)
def test_names_come_out_as_they_were_written(location: Location, name: str) -> None:
    series = make_booked_series(location, patient=make_patient(location.clinic, first_name=name))
    mail = render(message_of(series, "booked"), now=NOW)
    assert f"Hello {name}, this is a note" in mail.text
    assert "<script" not in mail.html
    assert f"Hello {name}, this is a note" in Words(mail.html).text


def test_words_of_the_clinic_are_no_template(series: Series) -> None:
    message = message_of(series, "booked")
    AftercareStep.objects.update(do="{% now 'Y' %} {{ settings.SECRET_KEY }} {unknown}")
    message.step.refresh_from_db()
    assert "- {% now 'Y' %} {{ settings.SECRET_KEY }} {unknown}" in render(message, now=NOW).text


def test_a_clinic_without_phone_is_written_to(series: Series) -> None:
    message = message_of(series, "after_1d")
    message.location.phone = ""
    assert letter_for(message, now=NOW).alarm.heading == "Tell us the same day if"


# --- headers ---


@pytest.fixture
def mailed(series: Series, settings: Settings) -> EmailMultiAlternatives:
    settings.MAIL_DOMAIN = "linden.example"
    settings.DEFAULT_FROM_EMAIL = "Series planner <clinic@linden.example>"
    message = message_of(series, "before_1d")
    return envelope(message, render(message, now=NOW))


def test_headers_stop_automatic_answers_and_tie_a_sessions_mails_together(
    mailed: EmailMultiAlternatives, series: Series
) -> None:
    session, step = series.sessions.get(number=1), series.protocol_version.steps.get(code="before_1d")
    message_id = f"<{series.uuid.hex}.1.{step.pk}.1@linden.example>"
    sent = mailed.message()
    assert sent["Message-ID"] == sent["X-Clinic-Message-ID"] == message_id
    assert sent["References"] == f"<{session.uuid.hex}@linden.example>"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["X-Auto-Response-Suppress"] == "All"
    assert sent["Reply-To"] == "desk@linden.example"
    assert sent["Content-Language"] == "en-gb"
    assert parseaddr(sent["From"]) == ("Linden Row", "clinic@linden.example")


def test_a_mail_is_text_and_html_in_one(mailed: EmailMultiAlternatives) -> None:
    sent = mailed.message()
    assert sent.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in sent.get_payload()] == ["text/plain", "text/html"]


def test_a_line_break_in_the_clinics_name_reaches_no_header(series: Series) -> None:
    message = message_of(series, "booked")
    message.location.clinic.mail_name = "Linden\r\nBcc: x@example.com"
    assert letter_for(message, now=NOW).subject == "Your dates at Linden Bcc: x@example.com"
