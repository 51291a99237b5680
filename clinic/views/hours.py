"""Settings: the weekly hours of the location and of each resource."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.errors import Refusal, say
from clinic.forms import WeeklyHoursForm
from clinic.models import Location, Resource, WeeklyHours
from clinic.permissions import Right
from clinic.queries import weekly_hours_of
from clinic.readings import open_hours, open_resource
from clinic.services import hours as service
from clinic.services.once import Edited
from clinic.services.sessions_hit import ChangeScope
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import FormPage, answer_button, answer_form, show_page, whole_number


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursPage(FormPage):
    owner: Location | Resource
    hours: Sequence[WeeklyHours]

    @property
    def is_location(self) -> bool:
        return isinstance(self.owner, Location)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursChangePage(FormPage):
    owner: Location | Resource

    @property
    def owner_url(self) -> str:
        return _page_of(self.owner)


def _page_of(owner: Location | Resource) -> str:
    if isinstance(owner, Resource):
        return reverse("settings_resource_hours", args=[owner.pk])
    return reverse("settings_hours")


def _scope(request: StaffRequest, owner: Location | Resource) -> ChangeScope:
    return ChangeScope(request.staff.location, owner if isinstance(owner, Resource) else None)


def _owners_hours(request: StaffRequest, owner: Location | Resource) -> HttpResponse:
    row = WeeklyHours(resource=owner) if isinstance(owner, Resource) else WeeklyHours(location=owner)
    form = WeeklyHoursForm(request.POST or None, instance=row)

    def write() -> str:
        service.add_weekly_hours(row, by=request.actor, key=form.cleaned_data["key"], now=timezone.now())
        return _("The hours of %(name)s were added.") % {"name": owner}

    page = HoursPage(form=form, owner=owner, hours=list(weekly_hours_of(owner)))
    scope = _scope(request, owner)
    return answer_form(
        request, "clinic/hours.html", page, write=write, to=_page_of(owner), hits_in=lambda: scope
    )


@needs(Right.MANAGE_CLINIC)
def location_hours(request: StaffRequest) -> HttpResponse:
    return _owners_hours(request, request.staff.location)


@needs(Right.MANAGE_CLINIC)
def resource_hours(request: StaffRequest, resource_id: int) -> HttpResponse:
    return _owners_hours(request, open_resource(request.actor, resource_id))


@needs(Right.MANAGE_CLINIC)
def change_hours(request: StaffRequest, hours_id: int) -> HttpResponse:
    row = open_hours(request.actor, hours_id)
    owner = row.resource or request.staff.location
    form = WeeklyHoursForm(request.POST or None, instance=row)

    def write() -> str:
        key, now = form.cleaned_data["key"], timezone.now()
        service.change_weekly_hours(Edited(row), by=request.actor, key=key, now=now)
        return _("The hours of %(name)s were changed.") % {"name": owner}

    page, scope = HoursChangePage(form=form, owner=owner), _scope(request, owner)
    return answer_form(
        request, "clinic/hours_change.html", page, write=write, to=page.owner_url, hits_in=lambda: scope
    )


@needs(Right.MANAGE_CLINIC)
@require_POST
def remove_hours(request: StaffRequest, hours_id: int) -> HttpResponse:
    row = open_hours(request.actor, hours_id)
    owner = row.resource or request.staff.location
    form = WeeklyHoursForm(instance=row)
    row.version = whole_number(request.POST.get("version"))
    scope = _scope(request, owner)

    def write() -> str:
        key, now = f"no-hours-{hours_id}", timezone.now()
        service.remove_weekly_hours(row, by=request.actor, key=key, now=now)
        return _("The hours of %(name)s were removed.") % {"name": owner}

    try:
        return answer_button(request, write=write, to=_page_of(owner), hits_in=lambda: scope)
    except Refusal as no:
        page = HoursChangePage(form=form, refusal=say(no, request.staff.location.zone), owner=owner)
        return show_page(request, "clinic/hours_change.html", page, status=no.status)
