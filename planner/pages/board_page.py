"""The board's pages as values: a day by people, rooms or devices, a week of one of them, or of everybody."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from clinic.localtime import local_date, monday_of, weekday_label
from clinic.models import Absence, Location, Resource, ResourceKind
from clinic.opening_hours import Calendar, Intervals, open_calendar, union, without
from planner.pages.board_layout import BoardItem, Strip, Window, lay_out, minute_of, strips, window
from planner.pages.board_visit import DrawnVisit, ListedVisit, drawn, listed
from planner.pages.day_row import DayRow

KINDS = (
    (ResourceKind.PRACTITIONER, _l("People")),
    (ResourceKind.ROOM, _l("Rooms")),
    (ResourceKind.DEVICE, _l("Devices")),
)
UNSERVED = {
    ResourceKind.PRACTITIONER: _l("Without a practitioner"),
    ResourceKind.ROOM: _l("Without a room"),
    ResourceKind.DEVICE: _l("Without a device"),
}
ONE_DAY, ONE_WEEK = timedelta(days=1), timedelta(days=7)
LOOK_AHEAD = timedelta(days=30)


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
        return monday_of(self.day)

    @property
    def days(self) -> list[date]:
        """The one day, or its whole week."""
        if self.view == "day":
            return [self.day]
        return [self.monday + timedelta(days=n) for n in range(7)]


@dataclass(frozen=True, slots=True)
class BoardLink:
    """A choice of the board's tools; `key` presses it."""

    word: str | Promise
    url: str
    is_current: bool
    key: str = ""


@dataclass(frozen=True, slots=True)
class BoardTools:
    """What stands above every board; `has_legend` where phases are drawn, `whose` where it is somebody's week."""

    title: str
    asked: BoardAddress
    is_now: bool
    before_url: str
    after_url: str
    today_url: str
    views: tuple[BoardLink, ...]
    kinds: tuple[BoardLink, ...]
    whose: tuple[BoardLink, ...]
    has_legend: bool


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """A resource on a day. `face` are initials, `url` is where its head leads, `now` the class of the now-line."""

    name: str
    visits: tuple[DrawnVisit, ...]
    strips: tuple[Strip, ...] = ()
    sub: str = ""
    url: str = ""
    has_face: bool = False
    is_away: bool = False
    now: str = ""


@dataclass(frozen=True, slots=True)
class BoardDayPage:
    """Columns side by side. `next_open` is the next day that is, and its address; `marks` are the icons in use."""

    tools: BoardTools
    columns: tuple[BoardColumn, ...]
    shown: Window
    clock: str
    now: str
    marks: tuple[str, ...]
    closed: str = ""
    next_open: BoardLink | None = None

    def patient_ids(self) -> set[int]:
        return {visit.of.session.patient_id for each in self.columns for visit in each.visits}


@dataclass(frozen=True, slots=True)
class BoardWeekDay:
    """One day of everybody's week."""

    day: date
    url: str
    is_today: bool
    visits: tuple[ListedVisit, ...]
    closed: str


@dataclass(frozen=True, slots=True)
class BoardWeekPage:
    tools: BoardTools
    days: tuple[BoardWeekDay, ...]

    def patient_ids(self) -> set[int]:
        return {visit.of.session.patient_id for each in self.days for visit in each.visits}


@dataclass(frozen=True)
class Board:
    """What has been read for one page, and the pages made of it."""

    location: Location
    asked: BoardAddress
    rows: Sequence[DayRow]
    resources: Sequence[Resource]
    calendar: Calendar
    now: datetime

    def day(self) -> BoardDayPage:
        day = self.asked.day
        place = self.calendar.location_open_on(day)
        open_times = {each.pk: self.calendar.open_on(each.pk, day) for each in self.resources}
        shown = window([place, *open_times.values()], self.items(self.rows))
        is_open = bool(place) or any(open_times.values())
        columns = tuple(self.column(each, day, shown, open_times[each.pk], place) for each in self.resources)
        return self.page(
            columns + self.unserved() if is_open or self.rows else (),
            shown,
            title=date_format(day, "l j F Y"),
            closed="" if is_open else self.closed_word(day),
            next_open=None if is_open else self.next_open(),
        )

    def week_of(self, chosen: Resource) -> BoardDayPage:
        days = self.days_worth_showing()
        open_times = [self.calendar.open_on(chosen.pk, day) for day in days]
        shown = window(open_times, self.items(row for row in self.rows if _has(row, chosen)))
        columns = (
            self.column(chosen, day, shown, opens, self.calendar.location_open_on(day), of_week=True)
            for day, opens in zip(days, open_times, strict=True)
        )
        return self.page(tuple(columns), shown, title=self.week_title(), whose=self.whose(chosen))

    def week_of_everybody(self) -> BoardWeekPage:
        days = tuple(
            BoardWeekDay(
                day=day,
                url=self.asked.url(day=day, view="day", of=None),
                is_today=day == self.today,
                visits=tuple(listed(row, self.asked.by) for row in self.by_day[day]),
                closed="" if self.calendar.location_open_on(day) else self.closed_word(day),
            )
            for day in self.days_worth_showing()
        )
        return BoardWeekPage(self.tools(self.week_title(), self.whose(None)), days)

    def page(
        self,
        columns: tuple[BoardColumn, ...],
        shown: Window,
        *,
        title: str,
        whose: tuple[BoardLink, ...] = (),
        closed: str = "",
        next_open: BoardLink | None = None,
    ) -> BoardDayPage:
        marks = {visit.mark for column in columns for visit in column.visits if visit.mark}
        return BoardDayPage(
            tools=self.tools(title, whose, has_legend=bool(columns)),
            columns=columns,
            shown=shown,
            clock=f"{self.local_now:%H:%M}",
            now=next((column.now for column in columns if column.now), ""),
            marks=tuple(sorted(marks)),
            closed=closed,
            next_open=next_open,
        )

    def tools(self, title: str, whose: tuple[BoardLink, ...] = (), *, has_legend: bool = False) -> BoardTools:
        asked, today = self.asked, self.today
        step = ONE_DAY if asked.view == "day" else ONE_WEEK
        views = (("day", _("Day"), "1"), ("week", _("Week"), "2"))
        return BoardTools(
            title=title,
            asked=asked,
            is_now=today in asked.days,
            before_url=asked.url(day=asked.day - step),
            after_url=asked.url(day=asked.day + step),
            today_url=asked.url(day=today),
            views=tuple(
                BoardLink(word, asked.url(view=view, of=None), asked.view == view, key)
                for view, word, key in views
            ),
            kinds=tuple(
                BoardLink(word, asked.url(by=kind, of=None), asked.by == kind) for kind, word in KINDS
            ),
            whose=whose,
            has_legend=has_legend,
        )

    def week_title(self) -> str:
        first, last = self.asked.days[0], self.asked.days[-1]
        span = {"first": date_format(first, "j F"), "last": date_format(last, "j F Y")}
        return _("%(first)s to %(last)s") % span

    def whose(self, chosen: Resource | None) -> tuple[BoardLink, ...]:
        people = (BoardLink(each.name, self.week_url(each), each == chosen) for each in self.resources)
        return (BoardLink(_("Everybody"), self.asked.url(of=0), chosen is None), *people)

    def column(
        self,
        resource: Resource,
        day: date,
        shown: Window,
        opens: Intervals,
        place: Intervals,
        *,
        of_week: bool = False,
    ) -> BoardColumn:
        rows = self.served[resource.pk, day]
        absences = self.calendar.absences_of(resource.pk)
        is_free = bool(without(opens, union((each.starts, each.ends) for each in absences)))
        is_away = not (of_week or is_free or rows) and bool(place)
        return BoardColumn(
            name=weekday_label(day) if of_week else resource.name,
            sub="" if of_week else self.places_of(resource, rows),
            url=self.asked.url(day=day, view="day", of=None) if of_week else self.week_url(resource),
            visits=self.visits(rows),
            strips=strips(
                shown,
                datetime.combine(day, time.min),
                open_times=opens,
                place_open=place,
                absences=[(each.starts, each.ends, str(Absence.Kind(each.kind).label)) for each in absences],
                closed_word=self.closed_word(day),
            ),
            has_face=self.has_faces and not is_away,
            is_away=is_away,
            now=shown.now(minute_of(self.local_now)) if day == self.today else "",
        )

    def unserved(self) -> tuple[BoardColumn, ...]:
        """Sessions that need nothing of this kind still have their place on the board."""
        visits = self.visits([row for row in self.rows if self.asked.by not in row.resources])
        name = str(UNSERVED[ResourceKind(self.asked.by)])
        return (BoardColumn(name, visits, has_face=self.has_faces),) if visits else ()

    def visits(self, rows: Iterable[DayRow]) -> tuple[DrawnVisit, ...]:
        return tuple(drawn(block, self.asked.by) for block in lay_out(self.items(rows)))

    def items(self, rows: Iterable[DayRow]) -> list[BoardItem[DayRow]]:
        return [self.item_of[row.session.pk] for row in rows]

    def places_of(self, resource: Resource, rows: Iterable[DayRow]) -> str:
        """The rooms a practitioner works in that day; who works in a room or with a device."""
        other = ResourceKind.ROOM if resource.kind == ResourceKind.PRACTITIONER else ResourceKind.PRACTITIONER
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
            if day.weekday() < 5 or self.calendar.location_open_on(day) or self.by_day[day]
        ]

    def next_open(self) -> BoardLink | None:
        first = self.asked.day + ONE_DAY
        ahead = open_calendar(self.location, (), first, first + LOOK_AHEAD)
        closures = tuple((each.starts, each.ends) for each in ahead.absences)
        days = (day for day in ahead.days() if without(ahead.location_open_on(day), closures))
        day = next(days, None)
        return BoardLink(weekday_label(day), self.asked.url(day=day), False) if day else None

    @cached_property
    def local_now(self) -> datetime:
        return self.now.astimezone(self.location.zone)

    @property
    def today(self) -> date:
        return self.local_now.date()

    @property
    def has_faces(self) -> bool:
        return self.asked.view == "day" and self.asked.by == ResourceKind.PRACTITIONER

    @cached_property
    def item_of(self) -> Mapping[int, BoardItem[DayRow]]:
        """What is drawn of a session, by its id."""
        return {
            row.session.pk: BoardItem(
                minute_of(row.starts_at.astimezone(self.location.zone)),
                tuple(
                    (span.kind, (span.ends_at - span.starts_at) // timedelta(minutes=1)) for span in row.spans
                ),
                row,
            )
            for row in self.rows
        }

    @cached_property
    def by_day(self) -> Mapping[date, list[DayRow]]:
        found: defaultdict[date, list[DayRow]] = defaultdict(list)
        for row in self.rows:
            found[local_date(row.starts_at, self.location.zone)].append(row)
        return found

    @cached_property
    def served(self) -> Mapping[tuple[int, date], list[DayRow]]:
        """By resource and day."""
        found: defaultdict[tuple[int, date], list[DayRow]] = defaultdict(list)
        for day, rows in self.by_day.items():
            for row in rows:
                for resource in row.resources.values():
                    found[resource.pk, day].append(row)
        return found


def _has(row: DayRow, resource: Resource) -> bool:
    return row.resources.get(resource.kind) == resource
