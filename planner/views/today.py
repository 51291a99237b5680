"""Today: the front desk sees who is here and what needs them, a clinician the next patient."""

from datetime import date, datetime, timedelta
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.errors import Refusal, say
from clinic.localtime import local_date
from clinic.models import Location, Resource
from clinic.permissions import Right, Role
from clinic.services.audit import note_reading
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import whole_number
from planner.choices import SessionState
from planner.models import Session
from planner.pages.chairside import checks_on_the_day, depth_advice
from planner.pages.day_row import DayRow, rows_of
from planner.pages.day_shown import day_shown
from planner.pages.desk_tasks import AHEAD, decisions, needs_of_the_desk
from planner.schedule.book import change_state
from planner.schedule.drift import drifts
from planner.schedule.sessions import sessions_on
from planner.treatment.records import last_record
from planner.treatment.session_clock import treatment_of

STATES_BY_HAND = (
    SessionState.CONFIRMED,
    SessionState.ARRIVED,
    SessionState.BOOKED,
    SessionState.NO_SHOW,
)


@needs(Right.SEE_SCHEDULE)
def show(request: StaffRequest) -> HttpResponse:
    """A clinician's own day, or everybody's with ?who=all; htmx asks for ?part=here every minute."""
    now, location = timezone.now(), request.staff.location
    today = local_date(now, location.zone)
    if request.htmx and request.GET.get("part") == "here":
        rows = rows_of(sessions_on(location, today, today), location, now)
        return render(request, "planner/_here.html", _here(rows, now))
    rows = rows_of(sessions_on(location, today, today + AHEAD), location, now)
    own = None if request.GET.get("who") == "all" else own_column(request)
    return _clinician(request, own, rows, now) if own else _desk(request, rows, today, now)


def _split(rows: list[DayRow], today: date, location: Location) -> tuple[list[DayRow], list[DayRow]]:
    """Those of today, and the later ones."""
    later = [row for row in rows if local_date(row.starts_at, location.zone) > today]
    return rows[: len(rows) - len(later)], later


def own_column(request: StaffRequest) -> Resource | None:
    """The practitioner that a signed-in clinician is."""
    if request.staff.role != Role.CLINICIAN:
        return None
    return Resource.objects.filter(
        user=request.staff.user, location=request.staff.location, is_active=True
    ).first()


def _here(rows: list[DayRow], now: datetime) -> dict[str, object]:
    return {"here": [row for row in rows if row.is_here], "now": now}


def _desk(request: StaffRequest, coming: list[DayRow], today: date, now: datetime) -> HttpResponse:
    location = request.staff.location
    rows, later = _split(coming, today, location)
    shown = day_shown(coming, location, now)
    adrift = drifts(location, today=today)
    context = {
        "today": today,
        "shown": shown,
        "city": location.timezone.rsplit("/")[-1].replace("_", " "),
        "rows": rows,
        "to_come": shown.to_come,
        "done": [row for row in rows if row.session.state == SessionState.DONE],
        "missed": [row for row in rows if row.session.state == SessionState.NO_SHOW],
        "placeless": sum(not drift.has_time for drift in adrift),
        "needs": needs_of_the_desk(request.staff, adrift, later, today=today, now=now),
        "has_own_day": own_column(request) is not None,
        "key": uuid4().hex,
    }
    return render(request, "planner/today_desk.html", context | _here(rows, now))


def _clinician(request: StaffRequest, own: Resource, coming: list[DayRow], now: datetime) -> HttpResponse:
    today = local_date(now, request.staff.location.zone)
    all_mine = [row for row in coming if row.practitioner == own]
    mine, _later = _split(all_mine, today, request.staff.location)
    shown = day_shown(all_mine, request.staff.location, now, own=own)
    following = None if shown.is_over else _next(mine)
    after = [row for row in mine if row != following and (row.is_here or row.is_to_come)]
    context: dict[str, object] = {
        "today": today,
        "shown": shown,
        "own": own,
        "mine": mine,
        "done": [row for row in mine if row.session.state == SessionState.DONE],
        "missed": [row for row in mine if row.session.state == SessionState.NO_SHOW],
        "next": following,
        "after": shown.to_come if shown.is_over else after,
        "decisions": decisions(request.staff, own, all_mine, today=today),
        "key": uuid4().hex,
        "now": now,
    }
    if following:
        note_reading(request.staff, following.session.patient_id, "today", now=now)
        context |= _chairside(following, now)
    return render(request, "planner/today_clinician.html", context)


def _next(mine: list[DayRow]) -> DayRow | None:
    """In treatment before those who are here, before those who come; each in the order of time."""
    order = (
        (SessionState.IN_TREATMENT,),
        (SessionState.ARRIVED,),
        (SessionState.BOOKED, SessionState.CONFIRMED),
    )
    return next((row for states in order for row in mine if row.session.state in states), None)


def _chairside(row: DayRow, now: datetime) -> dict[str, object]:
    session = row.session
    depths = {depth.site: depth for depth in session.series.protocol_version.depths.all()}
    areas = [area for area in session.series.areas.all() if area.site in depths]
    last = last_record(session)
    return {
        "last": last,
        "last_days_ago": _days_between(last.session.starts_at, now, session.location) if last else None,
        "advice": [(area, depth_advice(session, area, depths[area.site])) for area in areas],
        "checks": checks_on_the_day(session, now),
        "needle_at": treatment_of(row.spans).starts_at,
        "minutes_to_needle": max((treatment_of(row.spans).starts_at - now) // timedelta(minutes=1), 0),
        "age": session.patient.age_on(local_date(now, session.location.zone)),
    }


def _days_between(since: datetime | None, now: datetime, location: Location) -> int | None:
    return (local_date(now, location.zone) - local_date(since, location.zone)).days if since else None


@needs(Right.RUN_DAY)
@require_POST
def change(request: StaffRequest, session_id: int) -> HttpResponse:
    """Arrived, confirmed, did not come, or back to booked, by one button; `next` is where it was pressed."""
    sessions = Session.objects.select_related("location", "patient")
    session = get_object_or_404(sessions, pk=session_id, patient__clinic=request.staff.location.clinic)
    to = request.POST.get("to", "")
    if to not in STATES_BY_HAND:
        return HttpResponse(status=400)
    try:
        changed = change_state(
            session.pk,
            SessionState(to),
            by=request.actor,
            key=request.POST.get("key", ""),
            version=whole_number(request.POST.get("version")),
            now=timezone.now(),
        )
    except Refusal as refusal:
        context = {"session": session, "refusal": say(refusal, session.location.zone), "back": _back(request)}
        return render(request, "planner/refused.html", context, status=refusal.status)
    messages.success(request, _said(changed, request))
    return redirect(_back(request) or reverse("session", args=[session.pk]))


def _said(session: Session, request: StaffRequest) -> str:
    name = session.patient.initials if request.staff.hides_names else session.patient.full_name
    words = {
        SessionState.BOOKED: _("%(name)s is booked again, not here yet."),
        SessionState.CONFIRMED: _("%(name)s is confirmed."),
        SessionState.ARRIVED: _("%(name)s is here."),
        SessionState.NO_SHOW: _("%(name)s did not come. Session %(number)s needs a new time."),
    }
    return words[SessionState(session.state)] % {"name": name, "number": session.number}


def _back(request: StaffRequest) -> str:
    """Where the button was, if that is a page of ours."""
    url = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if is_ours else ""
