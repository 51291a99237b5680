"""The series: its line in time, its sessions with gaps, what was recommended and what was chosen."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.errors import Refusal, say
from clinic.permissions import Right
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import FormPage, show_page, taken, whole_number
from patients.models import Patient
from planner.choices import CAN_MOVE
from planner.forms.draft import StopForm
from planner.models import Series, Session
from planner.pages.series_page import series_page
from planner.readings import open_series
from planner.schedule.book import stop_series
from planner.schedule.marks import add_session, restore_series
from planner.schedule.refusals import every_reason


@needs(Right.SEE_PATIENTS)
def show(request: StaffRequest, series_id: int) -> HttpResponse:
    now = timezone.now()
    series = open_series(request.actor, series_id, now=now, whole=True)
    return show_page(request, "planner/series.html", series_page(series, request.staff, now=now))


@needs(Right.BOOK)
@require_POST
def restore(request: StaffRequest, series_id: int) -> HttpResponse:
    """Take the stop back."""
    series = open_series(request.actor, series_id, now=timezone.now(), whole=True)
    return _written(request, series, restore_series, _("The series goes on, as before."))


@needs(Right.BOOK)
@require_POST
def add(request: StaffRequest, series_id: int) -> HttpResponse:
    """One more session at the end."""
    series = open_series(request.actor, series_id, now=timezone.now(), whole=True)
    return _written(request, series, add_session, _("One more session; find a time for it."))


def _written(request: StaffRequest, series: Series, write: Callable[..., object], done: str) -> HttpResponse:
    now, seen = timezone.now(), whole_number(request.POST.get("version"))
    try:
        write(series.pk, by=request.actor, key=request.POST.get("key", ""), version=seen, now=now)
    except Refusal as refusal:
        said = " ".join(say(each, series.location.zone) for each in every_reason(refusal))
        page = series_page(series, request.staff, now=now, refusal=said)
        return show_page(request, "planner/series.html", page, status=refusal.status)
    return taken(request, reverse("series", args=[series.pk]), done)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPage(FormPage):
    """What is cancelled with the series."""

    series: Series
    patient: Patient
    coming: tuple[Session, ...]


@needs(Right.BOOK)
def stop(request: StaffRequest, series_id: int) -> HttpResponse:
    """Cancel every session that is still to come, with a reason that stays."""
    series = open_series(request.actor, series_id, now=timezone.now())
    form = StopForm(request.POST or None, initial={"key": uuid4().hex, "version": series.version})

    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            stop_series(series.pk, by=request.actor, now=timezone.now(), **form.cleaned_data)
        except Refusal as no:
            refusal = say(no, series.location.zone)
        else:
            return taken(
                request,
                reverse("series", args=[series.pk]),
                _("The series is stopped; its dates are free again."),
            )
    coming = tuple(series.sessions.filter(state__in=CAN_MOVE))
    page = StopPage(form=form, refusal=refusal, series=series, patient=series.patient, coming=coming)
    return show_page(request, "planner/series_stop.html", page, status=409 if refusal else 200)
