from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from clinic.faults import refused_body


class LargeBodiesMiddleware:
    """Only signed-in people may send what is as large as a photo: asked before anything reads the body."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        is_large = length.isdecimal() and int(length) > settings.MAX_BODY_BYTES
        if is_large and not request.user.is_authenticated:
            kind, page = refused_body(request.path, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return HttpResponse(page, content_type=kind, status=413, headers={"Connection": "close"})
        return self.get_response(request)
