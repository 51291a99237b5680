"""What a member of staff sets for themselves, from the top bar of any page."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from clinic.models import StaffMember
from clinic.permissions import Right
from clinic.services.staff import hide_names as hide
from clinic.services.staff import wear_theme
from clinic.views.access import StaffRequest, needs


def _back(request: StaffRequest) -> HttpResponse:
    """To the page the button was on, if it is one of ours."""
    page = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return redirect(page if is_ours else "/")


@needs(Right.SEE_SCHEDULE)
@require_POST
def hide_names(request: StaffRequest) -> HttpResponse:
    hide(request.staff, hides=request.POST.get("hide") == "1")
    return _back(request)


@needs(Right.SEE_SCHEDULE)
@require_POST
def appearance(request: StaffRequest) -> HttpResponse:
    theme = request.POST.get("theme", "")
    if theme not in StaffMember.Theme.values:
        return HttpResponseBadRequest()
    wear_theme(request.staff, StaffMember.Theme(theme))
    return _back(request)


def closed(request: HttpRequest) -> HttpResponse:
    """Nobody signs up or changes an address by themselves: the manager does it under Staff."""
    raise Http404
