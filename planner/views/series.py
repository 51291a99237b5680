"""The series: its line in time, its sessions with gaps, what was recommended and what was chosen."""

from dataclasses import dataclass
from uuid import uuid4

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.errors import Refusal, say
from clinic.permissions import Right
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import FormPage, show_page, taken
from patients.models import Patient
from planner.choices import CAN_MOVE
from planner.forms.draft import StopForm
from planner.models import Series, Session
from planner.pages.series_page import series_page, sessions_with_users
from planner.readings import open_series
from planner.schedule.book import stop_series


@needs(Right.SEE_PATIENTS)
def show(request: StaffRequest, series_id: int) -> HttpResponse:
    now = timezone.now()
    series = open_series(request.actor, series_id, now=now, read=_with_its_line)
    return show_page(request, "planner/series.html", series_page(series, now=now))


def _with_its_line(series: QuerySet[Series]) -> QuerySet[Series]:
    return series.prefetch_related("areas", sessions_with_users())


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
