"""Days and moments on pages, in the reader's language and the zone of the page; every template knows these two."""

from datetime import date, datetime, time, tzinfo

from django import template
from django.utils import timezone

from clinic import localtime

register = template.Library()

DAYS = {
    "": localtime.day_label,
    "short": localtime.weekday_label,
    "long": localtime.long_day_label,
    "bare": localtime.bare_day_label,
    "month": localtime.month_label,
    "iso": date.isoformat,
}
MOMENTS = {"": localtime.full_moment_label, "short": localtime.short_moment_label}


def _zone() -> tzinfo:
    return timezone.get_current_timezone()


@register.filter
def day(value: date | datetime | None, form: str = "") -> str:
    """`Tue 5 Jan 2027`; short `Tue 5 Jan`, long `Tuesday 5 January`, bare `5 Jan 2027`, month `01/2027`, iso.

    Nothing where there is no day.
    """
    if not value:
        return ""
    shown = localtime.local_date(value, _zone()) if isinstance(value, datetime) else value
    return DAYS[form](shown)


@register.filter
def moment(value: datetime | time | None, form: str = "") -> str:
    """`Tue 5 Jan 2027, 14:00`; short `Tue 5 Jan, 14:00`, time `14:00`. Nothing where there is no moment."""
    if value is None or value == "":
        return ""
    if form == "time":
        return localtime.time_label(value.astimezone(_zone()) if isinstance(value, datetime) else value)
    assert isinstance(value, datetime)
    return MOMENTS[form](value, _zone())
