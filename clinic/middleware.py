from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from ipaddress import ip_address

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from clinic.faults import BUSY
from clinic.models import StaffMember

SEEN_TO = timedelta(minutes=1)
MOST_REMEMBERED = 10_000
TRIES_PAUSE_SECONDS = 300
"""As long as the longest window in which tries are counted."""


class ClientAddressMiddleware:
    """From here on `REMOTE_ADDR` is the client's own address, and nobody else reads the headers of proxies.

    Each proxy adds whom it heard last, so with `TRUSTED_PROXY_COUNT` of them the client's is that many from the end;
    whatever stands before it, the client wrote. Where nothing of use stands there, the nearest proxy's own address
    is kept: a request that came around the proxies shares one count with its like, and is served.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        told = request.META.pop("HTTP_X_FORWARDED_FOR", "").split(",")
        request.META.pop("HTTP_X_FORWARDED_PORT", None)
        count = settings.TRUSTED_PROXY_COUNT
        if 0 < count <= len(told):
            with suppress(ValueError):
                request.META["REMOTE_ADDR"] = str(ip_address(told[-count].strip()))
        return self.get_response(request)


class ActivityMiddleware:
    """Keeps when each sign-in was last used, to the minute: a write on every request costs more than a small page.

    Each process remembers by itself what it wrote in the last minute, so that nothing is asked to find out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.written: dict[str, datetime] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.session.session_key
        if key and request.user.is_authenticated and self._is_due(key, timezone.now()):
            UserSession.objects.create_from_request(request)
        return self.get_response(request)

    def _is_due(self, key: str, now: datetime) -> bool:
        if key in self.written and now < self.written[key] + SEEN_TO:
            return False
        if len(self.written) >= MOST_REMEMBERED:
            self.written.clear()
        self.written[key] = now
        return True


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
        staff: StaffMember | None = getattr(request.user, "staff", None)
        return staff if staff is not None and staff.is_active else None
