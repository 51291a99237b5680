"""What a clinic may write into its mails, and how the time of a step is said."""

import re
import unicodedata
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from planner.choices import Anchor
from planner.outbox.steps import MINUTES_A_DAY, StepTiming

REVEALING_WORDS = ("mark", "marks", "red", "sore")
REVEALING_STEMS = (
    "aftercare", "clinician", "collagen", "consult", "cream", "derm", "doctor", "heal", "laser", "medic", "microneedl",
    "needl", "numb", "pain", "patient", "peel", "practitioner", "radiofreq", "scar", "session", "skin", "stretch",
    "stria", "therap", "treat", "wound",
)  # fmt: skip
"""What a subject must not say: anyone may read it over a shoulder."""
BLANK = re.compile(r"\{(?:clinic|emergency|session|after_[1-9]\d{0,2}_(?:hours|days))\}")
BLANKS = "{clinic} {emergency} {session} {after_24_hours} {after_7_days}"
_REVEALS = re.compile(rf"\b(?:(?:{'|'.join(REVEALING_WORDS)})\b|(?:{'|'.join(REVEALING_STEMS)})\w*)")


def revealed_by(subject: str) -> str:
    """The first word that tells what the visit is for, or nothing. Sees through capitals and invisible letters."""
    seen = "".join(c for c in unicodedata.normalize("NFKC", subject) if unicodedata.category(c) != "Cf")
    found = _REVEALS.search(seen.casefold())
    return found[0] if found else ""


def breaks_the_line(text: str) -> bool:
    """Whether `text` holds line ends or other control characters, which could add a header to a mail."""
    return any(unicodedata.category(c) in ("Cc", "Zl", "Zp") for c in text)


def strange_blank(text: str) -> str:
    """The first blank that cannot be filled, or the brace that opens or closes none; otherwise nothing."""
    found = re.search(r"\{[^{}]*\}?|\}", BLANK.sub("", text))
    return found[0] if found else ""


def when(step: StepTiming) -> str:
    """`14 days before, at 10:00`."""
    if step.anchor in (Anchor.SERIES_BOOKED, Anchor.SESSION_MOVED, Anchor.SESSION_CANCELLED):
        return _("at once")
    span = _span(step.offset_minutes, step.anchor)
    if step.at_local_time is None:
        return span
    return _("%(span)s, at %(time)s") % {"span": span, "time": f"{step.at_local_time:%H:%M}"}


def _span(offset: int, anchor: str) -> str:
    if offset == 0:
        return _("the same day")
    amount = _amount(timedelta(minutes=abs(offset)))
    if offset < 0:
        return _("%(amount)s before") % {"amount": amount}
    if anchor == Anchor.LAST_SESSION_END:
        return _("%(amount)s after the last") % {"amount": amount}
    return _("%(amount)s after") % {"amount": amount}


def _amount(span: timedelta) -> str:
    days, minutes = divmod(span // timedelta(minutes=1), MINUTES_A_DAY)
    if minutes == 0:
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    hours = span // timedelta(hours=1)
    return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
