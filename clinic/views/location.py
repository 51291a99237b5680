"""Settings: the clinic, its location, and where the settings begin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.forms import ClinicForm, LocationForm
from clinic.localtime import local_date
from clinic.permissions import Right
from clinic.queries import coming_holidays
from clinic.services.once import Edited
from clinic.services.resources import change_location
from clinic.services.sessions_hit import ChangeScope
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import FormPage, answer_form


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationPage(FormPage):
    """Of the location; the clinic's own names stand in `business`."""

    business: ClinicForm
    holidays: Sequence[tuple[date, str]]


@needs(Right.MANAGE_PROTOCOLS)
def settings(request: StaffRequest) -> HttpResponse:
    """To the first page this member of staff may set something on."""
    return redirect("settings_location" if request.staff.may(Right.MANAGE_CLINIC) else "protocols")


@needs(Right.MANAGE_CLINIC)
def location(request: StaffRequest) -> HttpResponse:
    place, data = request.staff.location, request.POST or None
    holidays = coming_holidays(place, local_date(timezone.now(), place.zone))
    business = ClinicForm(data, instance=place.clinic, prefix="clinic")
    form = LocationForm(data, instance=place)
    if data and not business.is_valid():
        form.add_error(None, _("The clinic's name is missing."))

    def write() -> str:
        key, now = form.cleaned_data["key"], timezone.now()
        change_location(Edited(place), Edited(place.clinic), by=request.actor, key=key, now=now)
        return _("The clinic was changed.")

    page = LocationPage(form=form, business=business, holidays=holidays)
    scope = ChangeScope(place)
    return answer_form(
        request, "clinic/location.html", page, write=write, to="settings_location", hits_in=lambda: scope
    )
