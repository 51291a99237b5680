"""The series: its line in time, its sessions with gaps, what was recommended and what was chosen."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import uuid4

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.errors import Refusal, say
from clinic.localtime import local_date
from clinic.models import Resource
from clinic.permissions import Right
from clinic.services.audit import note_reading
from clinic.views.access import StaffRequest, needs
from planner.choices import CAN_MOVE, SeriesState, SessionState
from planner.forms.draft import StopForm
from planner.models import Series, Session
from planner.outbox.message_lists import mails_to_come
from planner.pages.series_card import series_card
from planner.schedule.book import stop_series
from planner.schedule.sessions import held
from planner.schedule.slack import Slack, slack


def series_for(request: StaffRequest, series_id: int, *and_also: "str | Prefetch[str]") -> Series:
    """The series, if it belongs to the asker's clinic; `and_also` is prefetched."""
    everything = Series.objects.select_related(
        "patient", "location__clinic", "protocol_version__protocol", "recommended_version__protocol"
    ).prefetch_related(*and_also)
    return get_object_or_404(everything, pk=series_id, patient__clinic=request.staff.location.clinic)


@needs(Right.SEE_PATIENTS)
def show(request: StaffRequest, series_id: int) -> HttpResponse:
    now = timezone.now()
    sessions = Session.objects.order_by("number").prefetch_related(held())
    series = series_for(request, series_id, "areas", Prefetch("sessions", sessions))
    note_reading(request.staff, series.patient_id, "series", now=now, object_id=series.pk)
    today = local_date(now, series.location.zone)
    return render(
        request,
        "planner/series.html",
        {
            "card": series_card(series, today),
            "series": series,
            "patient": series.patient,
            "rows": _rows(series, now=now),
            "to_come": mails_to_come(series.messages.all())[:6],
        },
    )


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session with who and what serves it, the days since the one before, and how far it can still slip."""

    session: Session
    gap: int | None
    off_target: int
    used: dict[str, Resource]
    slack: Slack | None


def _rows(series: Series, *, now: datetime) -> list[SessionLine]:
    zone = series.location.zone
    sessions = list(series.sessions.all())
    dated = [each for each in sessions if each.starts_at and each.state != SessionState.CANCELLED]
    gaps = {
        after.number: (local_date(after.starts_at, zone) - local_date(before.starts_at, zone)).days
        for before, after in pairwise(dated)
        if before.starts_at and after.starts_at
    }
    is_open = series.state == SeriesState.ACTIVE
    slacks = {each.number: each for each in slack(series, now=now)} if is_open else {}
    return [
        SessionLine(
            session=session,
            gap=gaps.get(session.number),
            off_target=gaps.get(session.number, series.gap_target_days) - series.gap_target_days,
            used={r.resource.kind: r.resource for r in session.reservations.all() if r.is_active},
            slack=slacks.get(session.number),
        )
        for session in sessions
    ]


@needs(Right.BOOK)
def stop(request: StaffRequest, series_id: int) -> HttpResponse:
    """Cancel every session that is still to come, with a reason that stays."""
    series = series_for(request, series_id)
    form = StopForm(request.POST or None, initial={"key": uuid4().hex, "version": series.version})
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            stop_series(series.pk, by=request.actor, now=timezone.now(), **form.cleaned_data)
        except Refusal as no:
            refusal = say(no, series.location.zone)
        else:
            messages.success(request, _("The series is stopped; its dates are free again."))
            return redirect("series", series.pk)
    context = {"series": series, "patient": series.patient, "form": form, "refusal": refusal}
    context["coming"] = series.sessions.filter(state__in=CAN_MOVE)
    return render(request, "planner/series_stop.html", context, status=409 if refusal else 200)
