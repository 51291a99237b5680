"""The board: a day by people, rooms or devices, or a week of one of them or of everybody."""

from collections.abc import Iterable, Sequence
from datetime import date

from django.http import HttpResponse
from django.utils import timezone

from clinic.localtime import local_date
from clinic.models import Resource, ResourceKind
from clinic.permissions import Right
from clinic.services.audit import note_reading
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import show_page
from planner.obstacles.of_sessions import Surroundings
from planner.pages.board_page import Board, BoardAddress, BoardDayPage, BoardWeekPage
from planner.pages.day_row import DayRow, around_those, rows_of
from planner.pages.today_page import own_column
from planner.schedule.sessions import sessions_on

YEARS = (2000, 2100)


@needs(Right.SEE_SCHEDULE)
def show(request: StaffRequest) -> HttpResponse:
    now, location = timezone.now(), request.staff.location
    asked = asked_for(request, local_date(now, location.zone))
    first, last = asked.days[0], asked.days[-1]
    sessions = sessions_on(location, first, last)
    around = around_those(sessions, location, now, days=(first, last))
    rows = rows_of(sessions, around)
    resources = _resources(around, asked.by, rows)
    board = Board(location, asked, rows, resources, around.calendar, now)
    chosen = _chosen(request, asked, resources) if asked.view == "week" else None
    page: BoardDayPage | BoardWeekPage
    if asked.view == "day":
        template, page = "planner/board_day.html", board.day()
    elif chosen is None:
        template, page = "planner/board_week.html", board.week_of_everybody()
    else:
        template, page = "planner/board_day.html", board.week_of(chosen)
    note_reading(request.actor, "board", page.patient_ids(), now=now)
    return show_page(request, template, page)


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


def _resources(around: Surroundings, kind: str, rows: Iterable[DayRow]) -> list[Resource]:
    """Those in use, in the board's order, then those no longer in use that still have a session."""
    in_use = [each for each in around.resources.values() if each.kind == kind and each.is_active]
    booked = {row.resources[kind] for row in rows if kind in row.resources}
    return in_use + sorted(booked - set(in_use), key=lambda resource: resource.name)


def _chosen(request: StaffRequest, asked: BoardAddress, resources: Sequence[Resource]) -> Resource | None:
    """Whose week; without a word a clinician's own, and everybody's for the others."""
    if asked.of is None and asked.by == ResourceKind.PRACTITIONER:
        own = own_column(request.staff)
        return own if own in resources else None
    return next((each for each in resources if each.pk == asked.of), None)
