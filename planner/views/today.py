"""Today: the front desk sees who is here and what needs them, a clinician the next patient."""

from uuid import uuid4

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
from planner.schedule.marks import change_state, take_back

STATES_BY_HAND = (
    SessionState.CONFIRMED,
    SessionState.ARRIVED,
    SessionState.BOOKED,
    SessionState.NO_SHOW,
    SessionState.RELEASED,
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
    """Arrived, confirmed, did not come, will ring back, or as it was before; `next` is where it was pressed.

    `without_time` brings a cancelled session back although its time has gone.
    """
    session = open_session(request.actor, session_id, now=timezone.now())
    to = request.POST.get("to", "")
    if to not in STATES_BY_HAND:
        return HttpResponse(status=400)
    seen, key, now = whole_number(request.POST.get("version")), request.POST.get("key", ""), timezone.now()
    try:
        if to == SessionState.BOOKED:
            keeps_time = "without_time" not in request.POST
            changed = take_back(
                session.pk, by=request.actor, key=key, version=seen, now=now, keeps_time=keeps_time
            )
        else:
            wanted = SessionState(to)
            changed = change_state(session.pk, wanted, by=request.actor, key=key, version=seen, now=now)
    except Refusal as refusal:
        page = RefusedPage(session, say(refusal, session.location.zone), came_from(request), uuid4().hex)
        return show_page(request, "planner/refused.html", page, status=refusal.status)
    messages.success(request, _said(changed, request))
    return redirect(came_from(request) or reverse("session", args=[session.pk]))


def _said(session: Session, request: StaffRequest) -> str:
    name = session.patient.initials if request.staff.hides_names else session.patient.full_name
    words = {
        SessionState.BOOKED: _("%(name)s is booked, as before."),
        SessionState.PLANNED: _("Session %(number)s of %(name)s is back and has no time yet."),
        SessionState.RELEASED: _("%(name)s will ring back. Session %(number)s needs a new time."),
        SessionState.CONFIRMED: _("%(name)s is confirmed."),
        SessionState.ARRIVED: _("%(name)s is here."),
        SessionState.NO_SHOW: _("%(name)s did not come. Session %(number)s needs a new time."),
    }
    return words[SessionState(session.state)] % {"name": name, "number": session.number}
