from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from clinic.models import StaffMember


class StaffMiddleware:
    """Sets `request.staff`: the signed-in user's active place in a clinic, or None. Fresh on every request.

    Templates show times in that place's zone. What a signed-in person sees is never stored by a browser or a
    proxy.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        staff = request.staff = self._staff(request)  # type: ignore[attr-defined]
        with timezone.override(staff.location.zone if staff else None):
            response = self.get_response(request)
        if request.user.is_authenticated:
            add_never_cache_headers(response)
        return response

    def _staff(self, request: HttpRequest) -> StaffMember | None:
        if not request.user.is_authenticated:
            return None
        members = StaffMember.objects.select_related("location__clinic", "user")
        return members.filter(user_id=request.user.pk, is_active=True).first()
