from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from clinic.faults import BUSY
from clinic.models import StaffMember

SEEN_TO = timedelta(minutes=1)
TRIES_PAUSE_SECONDS = 300
"""As long as the longest window in which tries are counted."""


class ActivityMiddleware:
    """Keeps when each sign-in was last used, to the minute: a write on every request costs more than a small page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.session.session_key
        if key and request.user.is_authenticated:
            lately = timezone.now() - SEEN_TO
            if not UserSession.objects.filter(session_key=key, last_seen_at__gt=lately).exists():
                UserSession.objects.create_from_request(request)
        return self.get_response(request)


class RetryAfterMiddleware:
    """Whoever is told 503 or 429, by a page of our own too, is told when to try again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers.setdefault("Retry-After", str(BUSY.retry_after))
        elif response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            response.headers.setdefault("Retry-After", str(TRIES_PAUSE_SECONDS))
        return response


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
        members = StaffMember.objects.select_related("location__clinic")
        staff = members.filter(user_id=request.user.pk, is_active=True).first()
        if staff:
            staff.user = request.user
        return staff
