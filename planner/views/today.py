"""Today: the front desk sees who is here and what needs them, a clinician the next patient."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.errors import Refusal, say
from clinic.permissions import Right
from clinic.services.audit import note_reading
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import came_from, show_page, whole_number
from planner.choices import SessionState
from planner.models import Session
from planner.pages.today_page import (
    DeskDayPage,
    HerePart,
    OwnDayPage,
    RefusedPage,
    desk_day,
    here_part,
    own_column,
    own_day,
)
from planner.readings import open_session
from planner.schedule.book import change_state

STATES_BY_HAND = (
    SessionState.CONFIRMED,
    SessionState.ARRIVED,
    SessionState.BOOKED,
    SessionState.NO_SHOW,
)


@needs(Right.SEE_SCHEDULE)
def show(request: StaffRequest) -> HttpResponse:
    """A clinician's own day, or everybody's with ?who=all; htmx asks for ?part=here every minute."""
    now, staff = timezone.now(), request.staff
    own = None if request.GET.get("who") == "all" else own_column(staff)
    page: HerePart | DeskDayPage | OwnDayPage
    if request.htmx and request.GET.get("part") == "here":
        template, page = "planner/_here.html", here_part(staff.location, now)
    elif own is None:
        template, page = "planner/today_desk.html", desk_day(staff, now)
    else:
        template, page = "planner/today_clinician.html", own_day(staff, own, now)
    note_reading(request.actor, "today", page.patient_ids(), now=now)
    return show_page(request, template, page)


@needs(Right.RUN_DAY)
@require_POST
def change(request: StaffRequest, session_id: int) -> HttpResponse:
    """Arrived, confirmed, did not come, or back to booked, by one button; `next` is where it was pressed."""
    session = open_session(request.actor, session_id, now=timezone.now())
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
        page = RefusedPage(session, say(refusal, session.location.zone), came_from(request))
        return show_page(request, "planner/refused.html", page, status=refusal.status)
    messages.success(request, _said(changed, request))
    return redirect(came_from(request) or reverse("session", args=[session.pk]))


def _said(session: Session, request: StaffRequest) -> str:
    name = session.patient.initials if request.staff.hides_names else session.patient.full_name
    words = {
        SessionState.BOOKED: _("%(name)s is booked again, not here yet."),
        SessionState.CONFIRMED: _("%(name)s is confirmed."),
        SessionState.ARRIVED: _("%(name)s is here."),
        SessionState.NO_SHOW: _("%(name)s did not come. Session %(number)s needs a new time."),
    }
    return words[SessionState(session.state)] % {"name": name, "number": session.number}
