"""Settings: the days that are not like every week: leave, closures, upkeep and extra hours."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.forms import AbsenceForm, ExtraHoursForm
from clinic.localtime import local_date, moment_label
from clinic.models import Absence, ExtraHours
from clinic.permissions import Right
from clinic.queries import coming_absences, coming_extra_hours
from clinic.readings import open_absence, open_extra_hours
from clinic.services import hours as service
from clinic.services.sessions_hit import ChangeScope
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import FormPage, answer_button, answer_form, show_page, taken

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class DaysPage:
    absences: Page[Absence]
    extra: Sequence[ExtraHours]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDayPage(FormPage):
    title: str


@needs(Right.MANAGE_CLINIC)
def days(request: StaffRequest) -> HttpResponse:
    """Those that are not over yet."""
    here, now = request.staff.location, timezone.now()
    absences = Paginator(coming_absences(here, now), PER_PAGE).get_page(request.GET.get("page"))
    return show_page(request, "clinic/days.html", DaysPage(absences, list(coming_extra_hours(here, now))))


def _said(request: StaffRequest, row: Absence | ExtraHours, sentence: str) -> str:
    """What was kept, with the way to the board of its first day, where booked sessions can be seen and moved."""
    zone = request.staff.location.zone
    facts = {
        "who": row.resource or request.staff.location,
        "start": moment_label(row.starts_at, zone),
        "end": moment_label(row.ends_at, zone),
    }
    board = f"{reverse('board')}?day={local_date(row.starts_at, zone):%Y-%m-%d}"
    return format_html('{} <a href="{}">{}</a>', sentence % facts, board, _("Look at the board"))


@needs(Right.MANAGE_CLINIC)
def new_absence(request: StaffRequest) -> HttpResponse:
    form = AbsenceForm(request.POST or None, location=request.staff.location)

    def write() -> str:
        key, now = form.cleaned_data["key"], timezone.now()
        row = service.add_absence(form.absence(), by=request.actor, key=key, now=now)
        sentence = _("%(who)s is away from %(start)s to %(end)s. Booked sessions stay until you move them.")
        return _said(request, row, sentence)

    page = NewDayPage(form=form, title=_("Somebody or something is away"))
    return answer_form(
        request, "clinic/day_new.html", page, write=write, to="settings_days", hits_in=form.scope
    )


@needs(Right.MANAGE_CLINIC)
def new_extra_hours(request: StaffRequest) -> HttpResponse:
    form = ExtraHoursForm(request.POST or None, location=request.staff.location)

    def write() -> str:
        key, now = form.cleaned_data["key"], timezone.now()
        row = service.add_extra_hours(form.extra_hours(), by=request.actor, key=key, now=now)
        return _said(request, row, _("%(who)s is also open from %(start)s to %(end)s."))

    page = NewDayPage(form=form, title=_("Open on another day"))
    return answer_form(request, "clinic/day_new.html", page, write=write, to="settings_days")


@needs(Right.MANAGE_CLINIC)
@require_POST
def remove_absence(request: StaffRequest, absence_id: int) -> HttpResponse:
    absence, now = open_absence(request.actor, absence_id), timezone.now()
    service.remove_absence(absence, by=request.actor, key=f"no-absence-{absence_id}", now=now)
    return taken(request, "settings_days", _("They are there again in that time."))


@needs(Right.MANAGE_CLINIC)
@require_POST
def remove_extra_hours(request: StaffRequest, extra_id: int) -> HttpResponse:
    extra, now = open_extra_hours(request.actor, extra_id), timezone.now()
    scope = ChangeScope(request.staff.location, extra.resource, extra.starts_at, extra.ends_at)

    def write() -> str:
        service.remove_extra_hours(extra, by=request.actor, key=f"no-extra-hours-{extra_id}", now=now)
        return _("The extra hours were removed.")

    return answer_button(request, write=write, to="settings_days", hits_in=lambda: scope)
