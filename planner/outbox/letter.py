"""From a message to a mail: the same facts as text and as HTML, for the state of things now.

The subject, the sender and the first line tell a stranger nothing but that a clinic wrote; a mail holds the
first name, dates, place and phone, and what to do. No pictures, no links, nothing fetched from elsewhere.
"""

from dataclasses import dataclass
from datetime import datetime
from email.utils import formataddr, parseaddr
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import css_inline
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import formats, translation
from django.utils.translation import gettext as _

from clinic.localtime import local_date
from clinic.models import Location
from planner.choices import Anchor
from planner.models import Message, Session
from planner.outbox.plan_messages import treated_until, visit_of
from planner.outbox.steps import AFTER_THE_SESSION, SessionTimes, fill
from planner.outbox.untold_changes import DateChange, cancellations_untold, dates_to_come, moves_untold

DAYS_SHOWN = 7


class NothingToTell(Exception):
    """Everything the mail would say has been undone."""


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """What one mail says, before it has a form. `day` is 1 to 7 in the week after a session."""

    subject: str
    sender: str
    preview: str
    title: str
    lead: str
    day: int | None
    sections: tuple[Section, ...]
    alarm: Section | None
    dates: Section | None
    foot: tuple[str, ...]

    @property
    def days(self) -> range:
        return range(1, DAYS_SHOWN + 1)


@dataclass(frozen=True, slots=True)
class Dates:
    """What the calendar has to tell: sessions to come, moves and cancelled times that the patient was not told of."""

    to_come: tuple[Session, ...]
    moves: tuple[DateChange, ...]
    cancelled: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Mail:
    subject: str
    text: str
    html: str


def letter_for(message: Message, *, now: datetime) -> Letter:
    """The letter for the state of things at `now`; raises NothingToTell when no news is left."""
    return write_letter(message, _known_dates(message, now), now=now)


def write_letter(message: Message, known: Dates, *, now: datetime) -> Letter:
    """The letter with these dates in it. Asks the database nothing about them, so the message may be an example."""
    news, dates = _news(message, known), _dates(message, known.to_come)
    about = _about(message, known.to_come, now)
    gone = "; ".join(news.lines) if message.step.anchor == Anchor.SESSION_CANCELLED else ""
    step, place = message.step, message.location

    def say(text: str) -> str:
        dated = text.replace("{session}", gone) if gone else text
        return fill(dated, about, clinic=place.clinic.mail_name, emergency=place.emergency_phone)

    def section(heading: str, text: str) -> Section:
        return Section(heading, tuple(say(line.strip()) for line in text.splitlines() if line.strip()))

    parts = [news, dates] if _is_news(message) else []
    parts += [section(_("Do"), step.do), section(_("Wait"), step.wait)]
    alarm = section(_alarm_heading(message), step.call)
    return Letter(
        subject=" ".join(say(step.subject).split()),
        sender=place.clinic.mail_name,
        preview=_preview(message),
        title=say(step.title),
        lead=say(step.normal),
        day=_day(message),
        sections=tuple(part for part in parts if part.lines),
        alarm=alarm if alarm.lines else None,
        dates=dates if dates.lines and not _is_news(message) else None,
        foot=_foot(place),
    )


def _is_news(message: Message) -> bool:
    return message.session is None


def render(message: Message, *, now: datetime) -> Mail:
    return render_with(message, _known_dates(message, now), now=now)


def render_with(message: Message, known: Dates, *, now: datetime) -> Mail:
    """The mail as it would look with these dates in it."""
    with translation.override(settings.LANGUAGE_CODE):
        letter = write_letter(message, known, now=now)
        facts = {"letter": letter, "language": settings.LANGUAGE_CODE}
        text = render_to_string("messages/mail.txt", facts)
        html = _inliner().inline(render_to_string("messages/mail.html", facts))
    return Mail(letter.subject, text.strip() + "\n", html)


def _known_dates(message: Message, now: datetime) -> Dates:
    anchor, series = message.step.anchor, message.series
    moves = moves_untold(series, now) if anchor == Anchor.SESSION_MOVED else ()
    gone = cancellations_untold(series) if anchor == Anchor.SESSION_CANCELLED else ()
    cancelled = tuple(change.was for change in gone if change.was)
    return Dates(dates_to_come(series, now), moves, cancelled)


def envelope(message: Message, mail: Mail) -> EmailMultiAlternatives:
    """The mail with its headers; the id also stands in a header of ours, since some servers replace the first."""
    place = message.location
    thread = (message.session or message.series).uuid.hex
    mailed = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        from_email=formataddr((place.clinic.mail_name, parseaddr(settings.DEFAULT_FROM_EMAIL)[1])),
        to=[message.patient.email],
        reply_to=[place.email] if place.email else None,
        headers={
            "Message-ID": message.message_id,
            "X-Clinic-Message-ID": message.message_id,
            "References": f"<{thread}@{settings.MAIL_DOMAIN}>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "Content-Language": settings.LANGUAGE_CODE,
        },
    )
    mailed.attach_alternative(mail.html, "text/html")
    return mailed


def moment(instant: datetime, zone: ZoneInfo) -> str:
    """`Tuesday 19 January 2027, 10:05 GMT`: a mail is read anywhere."""
    local = instant.astimezone(zone)
    return f"{formats.date_format(local, 'l j F Y, H:i')} {local:%Z}"


def _about(message: Message, dates: tuple[Session, ...], now: datetime) -> SessionTimes:
    session = message.session or next(iter(dates), None)
    if session is not None:
        return visit_of(session, now)
    place = message.location
    return SessionTimes(now, now, now, place.zone, place.quiet_from, place.quiet_to)


def _news(message: Message, known: Dates) -> Section:
    zone, anchor = message.location.zone, message.step.anchor
    if anchor == Anchor.SESSION_MOVED:
        news = Section(_("What changed"), tuple(_move_line(change, zone) for change in known.moves))
    elif anchor == Anchor.SESSION_CANCELLED:
        news = Section(_("Cancelled"), tuple(moment(was, zone) for was in known.cancelled))
    elif known.to_come or not _is_news(message):
        return Section("", ())
    else:
        raise NothingToTell
    if not news.lines:
        raise NothingToTell
    return news


def _move_line(change: DateChange, zone: ZoneInfo) -> str:
    assert change.now is not None
    if change.was is None:
        return _("New: %(now)s") % {"now": moment(change.now, zone)}
    times = {"was": moment(change.was, zone), "now": moment(change.now, zone)}
    return _("%(was)s is now %(now)s") % times


def _dates(message: Message, to_come: tuple[Session, ...]) -> Section:
    """All dates in news about them, the visit itself before it, and the next one after it."""
    if message.step.anchor == Anchor.SESSION_START and message.session:
        return _date_section(_("Your visit"), message, (message.session,))
    if message.step.anchor in AFTER_THE_SESSION:
        return _date_section(_("Your next visit"), message, to_come[:1])
    return _date_section(_("Your dates"), message, to_come)


def _date_section(heading: str, message: Message, sessions: tuple[Session, ...]) -> Section:
    place = message.location
    times = (session.starts_at for session in sessions if session.starts_at)
    where = _("%(heading)s, at %(place)s") % {"heading": heading, "place": place.address or place.name}
    return Section(where, tuple(moment(each, place.zone) for each in times))


def _day(message: Message) -> int | None:
    if message.step.anchor != Anchor.SESSION_END or message.session is None:
        return None
    zone = message.location.zone
    day = (local_date(message.due_at, zone) - local_date(treated_until(message.session), zone)).days
    return day if 1 <= day <= DAYS_SHOWN else None


def _alarm_heading(message: Message) -> str:
    phone = message.location.phone
    if message.step.anchor not in AFTER_THE_SESSION:
        return (
            _("Call %(phone)s before you come if") % {"phone": phone}
            if phone
            else _("Tell us before you come if")
        )
    return _("Call %(phone)s the same day if") % {"phone": phone} if phone else _("Tell us the same day if")


def _preview(message: Message) -> str:
    """What mail programs show beside the subject: a greeting long enough that nothing else fits there."""
    names = {"name": message.patient.first_name, "clinic": message.location.clinic.mail_name}
    return (
        _(
            "Hello %(name)s, this is a note from %(clinic)s for you alone. Open it when you have a quiet minute."
        )
        % names
    )


def _foot(place: Location) -> tuple[str, ...]:
    where = ", ".join(part for part in (place.clinic.mail_name, place.address, place.phone) if part)
    reason = _("You get this mail because you come to us. If you want no more mail, tell us.")
    answer = _("You can answer this mail; it reaches the front desk.")
    return (answer, where, reason) if place.email else (where, reason)


@cache
def _inliner() -> css_inline.CSSInliner:
    found = finders.find("css/mail.css")
    assert isinstance(found, str)
    css = Path(found).read_text(encoding="utf-8")
    return css_inline.CSSInliner(extra_css=css, keep_at_rules=True, load_remote_stylesheets=False)
