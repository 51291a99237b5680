"""What a member of staff sets for themselves, from the top bar of any page."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinic.models import StaffMember
from clinic.permissions import Right
from clinic.services.staff import hide_names as hide
from clinic.services.staff import wear_theme
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import came_from, key_sent


@needs(Right.SEE_SCHEDULE)
@require_POST
def hide_names(request: StaffRequest) -> HttpResponse:
    hide(hides=request.POST.get("hide") == "1", by=request.actor, key=key_sent(request), now=timezone.now())
    return redirect(came_from(request) or "/")


@needs(Right.SEE_SCHEDULE)
@require_POST
def appearance(request: StaffRequest) -> HttpResponse:
    theme = request.POST.get("theme", "")
    if theme not in StaffMember.Theme.values:
        return HttpResponseBadRequest()
    chosen = StaffMember.Theme(theme)
    wear_theme(chosen, by=request.actor, key=key_sent(request), now=timezone.now())
    return redirect(came_from(request) or "/")


def closed(request: HttpRequest) -> HttpResponse:
    """Nobody signs up or changes an address by themselves: the manager does it under Staff."""
    raise Http404
