"""The board: a day by people, rooms or devices, or a week of one of them or of everybody."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from clinic.localtime import local_date
from clinic.models import Absence, Location, Resource, ResourceKind
from clinic.permissions import Right
from clinic.views.access import StaffRequest, needs
from planner.pages.board_layout import BoardItem, Column, Window, lay_out, minute_of, strips, window
from planner.pages.day_row import DayRow, rows_of
from planner.schedule.opening_hours import Calendar, open_calendar, without
from planner.schedule.sessions import sessions_on
from planner.views.today import own_column

KINDS = (
    (ResourceKind.PRACTITIONER, _l("People")),
    (ResourceKind.ROOM, _l("Rooms")),
    (ResourceKind.DEVICE, _l("Devices")),
)
ONE_DAY, ONE_WEEK = timedelta(days=1), timedelta(days=7)
LOOK_AHEAD = timedelta(days=30)
YEARS = (2000, 2100)


@dataclass(frozen=True, slots=True)
class BoardAddress:
    """What the address asks for; anything it cannot mean is today, by people."""

    day: date
    view: str
    by: str
    of: int | None

    def url(self, **other: object) -> str:
        parts = {"day": self.day.isoformat(), "view": self.view, "by": self.by, "of": self.of} | other
        return f"{reverse('board')}?{urlencode({k: v for k, v in parts.items() if v is not None})}"

    @property
    def monday(self) -> date:
        return self.day - timedelta(days=self.day.weekday())


def asked_for(request: StaffRequest, today: date) -> BoardAddress:
    wanted = request.GET
    of = wanted.get("of", "")
    return BoardAddress(
        day=_day(wanted.get("day", ""), today),
        view="week" if wanted.get("view") == "week" else "day",
        by=wanted["by"] if wanted.get("by") in ResourceKind.values else ResourceKind.PRACTITIONER,
        of=int(of) if of.isdecimal() and len(of) < 19 else None,
    )


def _day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today
    return day if YEARS[0] <= day.year < YEARS[1] else today


@needs(Right.SEE_SCHEDULE)
def show(request: StaffRequest) -> HttpResponse:
    now, location = timezone.now(), request.staff.location
    asked = asked_for(request, local_date(now, location.zone))
    days = _days_of(asked)
    rows = rows_of(sessions_on(location, days[0], days[-1]), location, now)
    resources = _resources(location, asked.by, rows)
    calendar = open_calendar(location, resources, days[0], days[-1])
    board = _Board(location, asked, rows, resources, calendar, now)
    if asked.view == "day":
        return render(request, "planner/board_day.html", board.day())
    chosen = _chosen(request, asked, resources)
    if chosen is None:
        return render(request, "planner/board_week.html", board.week_of_everybody())
    return render(request, "planner/board_day.html", board.week_of(chosen))


def _days_of(asked: BoardAddress) -> list[date]:
    if asked.view == "day":
        return [asked.day]
    return [asked.monday + timedelta(days=n) for n in range(7)]


def _resources(location: Location, kind: str, rows: Iterable[DayRow]) -> list[Resource]:
    """Those in use, in the board's order, then those no longer in use that still have a session."""
    in_use = list(location.resources.filter(kind=kind, is_active=True))
    booked = {row.resources[kind] for row in rows if kind in row.resources}
    return in_use + sorted(booked - set(in_use), key=lambda resource: resource.name)


def _chosen(request: StaffRequest, asked: BoardAddress, resources: Sequence[Resource]) -> Resource | None:
    """Whose week; without a word a clinician's own, and everybody's for the others."""
    if asked.of is None and asked.by == ResourceKind.PRACTITIONER:
        own = own_column(request)
        return own if own in resources else None
    return next((each for each in resources if each.pk == asked.of), None)


@dataclass(frozen=True, slots=True)
class _Board:
    """What has been read for one page, and the pages made of it."""

    location: Location
    asked: BoardAddress
    rows: Sequence[DayRow]
    resources: Sequence[Resource]
    calendar: Calendar
    now: datetime

    def day(self) -> dict[str, object]:
        day = self.asked.day
        open_times = [self.calendar.open_on(each.pk, day) for each in self.resources]
        shown = window([self.calendar.location_open_on(day), *open_times], self.items(self.rows))
        columns = [self.column(each, day, shown) for each in self.resources]
        is_open = any(open_times) or bool(self.calendar.location_open_on(day))
        return self.frame(ONE_DAY) | {
            "title": date_format(day, "l j F Y"),
            "columns": columns + self.unserved() if is_open or self.rows else [],
            "shown": shown,
            "closed": "" if is_open else self.closed_word(day),
            "next_open": None if is_open else self.next_open(),
        }

    def week_of(self, chosen: Resource) -> dict[str, object]:
        days = self.days_worth_showing()
        items = self.items(row for row in self.rows if _has(row, chosen))
        shown = window([self.calendar.open_on(chosen.pk, day) for day in days], items)
        columns = [self.column(chosen, day, shown, of_week=True) for day in days]
        return self.week(chosen) | {"columns": columns, "shown": shown}

    def week_of_everybody(self) -> dict[str, object]:
        today = local_date(self.now, self.location.zone)
        days = [
            {
                "day": day,
                "url": self.asked.url(day=day, view="day", of=None),
                "is_today": day == today,
                "rows": self.rows_on(day),
                "closed": "" if self.calendar.location_open_on(day) else self.closed_word(day),
            }
            for day in self.days_worth_showing()
        ]
        return self.week(None) | {"days": days}

    def week(self, chosen: Resource | None) -> dict[str, object]:
        first, last = self.asked.monday, self.asked.monday + timedelta(days=6)
        people = [(each.name, self.asked.url(of=each.pk), each == chosen) for each in self.resources]
        span = {"first": date_format(first, "j F"), "last": date_format(last, "j F Y")}
        return self.frame(ONE_WEEK) | {
            "title": _("%(first)s to %(last)s") % span,
            "whose": [(_("Everybody"), self.asked.url(of=0), chosen is None), *people],
        }

    def frame(self, step: timedelta) -> dict[str, object]:
        asked, today = self.asked, local_date(self.now, self.location.zone)
        is_now = today == asked.day if step == ONE_DAY else asked.monday <= today < asked.monday + ONE_WEEK
        local = self.now.astimezone(self.location.zone)
        return {
            "asked": asked,
            "is_now": is_now,
            "minute": minute_of(local),
            "clock": f"{local:%H:%M}",
            "before_url": asked.url(day=asked.day - step),
            "after_url": asked.url(day=asked.day + step),
            "today_url": asked.url(day=today),
            "views": [
                (word, asked.url(view=view, of=None), asked.view == view, key)
                for view, word, key in (("day", _("Day"), "1"), ("week", _("Week"), "2"))
            ],
            "kinds": [(word, asked.url(by=kind, of=None), asked.by == kind) for kind, word in KINDS],
        }

    def column(
        self, resource: Resource, day: date, shown: Window, *, of_week: bool = False
    ) -> Column[DayRow]:
        blocks = lay_out(self.items(row for row in self.rows_on(day) if _has(row, resource)))
        open_times = self.calendar.open_on(resource.pk, day)
        is_free = bool(self.calendar.free_on(resource.pk, day))
        is_today = day == local_date(self.now, self.location.zone)
        return Column(
            name=date_format(day, "D j M") if of_week else resource.name,
            sub="" if of_week else self.places_of(resource, day),
            url=self.asked.url(day=day, view="day", of=None) if of_week else self.week_url(resource),
            blocks=blocks,
            strips=strips(
                shown,
                datetime.combine(day, time.min),
                open_times=open_times,
                place_open=self.calendar.location_open_on(day),
                absences=[
                    (each.starts, each.ends, str(Absence.Kind(each.kind).label))
                    for each in self.calendar.absences_of(resource.pk)
                ],
                closed_word=self.closed_word(day),
            ),
            is_away=not (of_week or is_free or blocks) and bool(self.calendar.location_open_on(day)),
            now=shown.now(minute_of(self.now.astimezone(self.location.zone))) if is_today else "",
        )

    def unserved(self) -> list[Column[DayRow]]:
        """Sessions that need nothing of this kind still have their place on the board."""
        blocks = lay_out(self.items(row for row in self.rows if self.asked.by not in row.resources))
        words = {
            ResourceKind.PRACTITIONER: _("Without a practitioner"),
            ResourceKind.ROOM: _("Without a room"),
            ResourceKind.DEVICE: _("Without a device"),
        }
        return [Column(words[ResourceKind(self.asked.by)], "", "", blocks, ())] if blocks else []

    def items(self, rows: Iterable[DayRow]) -> list[BoardItem[DayRow]]:
        return [
            BoardItem(
                minute_of(row.starts_at.astimezone(self.location.zone)),
                tuple(
                    (span.kind, (span.ends_at - span.starts_at) // timedelta(minutes=1)) for span in row.spans
                ),
                row,
            )
            for row in rows
        ]

    def rows_on(self, day: date) -> list[DayRow]:
        return [row for row in self.rows if local_date(row.starts_at, self.location.zone) == day]

    def places_of(self, resource: Resource, day: date) -> str:
        """The rooms a practitioner works in that day; who works in a room or with a device."""
        other = ResourceKind.ROOM if resource.kind == ResourceKind.PRACTITIONER else ResourceKind.PRACTITIONER
        rows = [row for row in self.rows_on(day) if _has(row, resource)]
        return ", ".join(sorted({row.resources[other].name for row in rows if other in row.resources}))

    def week_url(self, resource: Resource) -> str:
        return self.asked.url(view="week", of=resource.pk)

    def closed_word(self, day: date) -> str:
        return self.calendar.holidays.get(day) or _("Closed")

    def days_worth_showing(self) -> list[date]:
        """The week without a weekend on which nothing is open or booked."""
        return [
            day
            for day in self.calendar.days()
            if day.weekday() < 5 or self.calendar.location_open_on(day) or self.rows_on(day)
        ]

    def next_open(self) -> tuple[date, str] | None:
        first = self.asked.day + ONE_DAY
        ahead = open_calendar(self.location, (), first, first + LOOK_AHEAD)
        closures = tuple((each.starts, each.ends) for each in ahead.absences)
        days = (day for day in ahead.days() if without(ahead.location_open_on(day), closures))
        day = next(days, None)
        return (day, self.asked.url(day=day)) if day else None


def _has(row: DayRow, resource: Resource) -> bool:
    return row.resources.get(resource.kind) == resource
