"""A busy or lost database: one answer for pages, for htmx and for programs, made without asking it."""

import json
from dataclasses import dataclass
from http import HTTPStatus

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import RawPostDataException, UnreadablePostError
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

WAITED_IN_FULL = {"55P03", "57014"}
"""PostgreSQL's codes: no lock in time, cut by the statement time-out."""
WAITED_IN_VAIN = {*WAITED_IN_FULL, "40P01", "40001"}
"""These, a deadlock and a serialization failure."""
CUT_OFF = {"25P03", "25P04"}
"""A transaction that idled too long or took too long; the connection is gone, and Django calls it an internal error."""
UNPARSABLE = (
    BadRequest, MultiPartParserError, RawPostDataException, SuspiciousOperation, UnreadablePostError,
)  # fmt: skip
SECRET = ("password", "credential", "passkey")


@dataclass(frozen=True, slots=True)
class Fault:
    code: str
    title: str | Promise
    text: str | Promise
    retry_after: int


BUSY = Fault(
    "busy",
    _("Somebody else is changing the same thing"),
    _("It was held for too long, so nothing was changed. Try again in a few seconds."),
    3,
)
UNAVAILABLE = Fault(
    "unavailable",
    _("The clinic's data cannot be reached just now"),
    _(
        "Nothing was changed, unless it was stored in the last moment. Try again in a few seconds: it counts once."
    ),
    5,
)


def pgcode(error: Exception) -> str | None:
    """PostgreSQL's own code of what Django calls a database error."""
    return getattr(error.__cause__, "pgcode", None)


def fault_of(error: BaseException | None) -> Fault | None:
    """Whether the error is the database's and passes: busy, or unavailable. None for a fault of ours."""
    if not isinstance(error, (DatabaseError, InterfaceError)):
        return None
    code = pgcode(error)
    if code in WAITED_IN_VAIN:
        return BUSY
    lost = isinstance(error, (OperationalError, InterfaceError)) or code in CUT_OFF
    return UNAVAILABLE if lost else None


def answer(request: HttpRequest, fault: Fault) -> HttpResponse:
    """503 with Retry-After. A page holds what was posted, so that it can be sent again as it was, with its key.

    No context processor runs and no session is asked: both would meet the same database.
    """
    response = _body(request, fault)
    response["Retry-After"] = str(fault.retry_after)
    add_never_cache_headers(response)
    return response


def _body(request: HttpRequest, fault: Fault) -> HttpResponse:
    if request.path.startswith("/api/"):
        told = {"code": fault.code, "message": f"{fault.title}. {fault.text}"}
        return JsonResponse(told | {"facts": {"wait_seconds": fault.retry_after}}, status=503)
    if request.headers.get("HX-Request"):
        page = render_to_string("503_toast.html", {"fault": fault})
        return HttpResponse(page, status=503, headers={"HX-Retarget": "#toasts", "HX-Reswap": "innerHTML"})
    page = render_to_string(
        "503.html",
        {"fault": fault, "posts": request.method == "POST", "address": request.get_full_path()}
        | {"typed": _typed(request)},
    )
    return HttpResponse(page, status=503)


def _typed(request: HttpRequest) -> list[tuple[str, str]]:
    """The posted fields, without secrets; files are no fields. None if what was sent is no form at all."""
    try:
        lists = request.POST.lists()
    except UNPARSABLE:
        return []
    return [
        (name, str(value))
        for name, values in lists
        if not any(word in name.lower() for word in SECRET)
        for value in values
    ]


def refused_body(path: str, status: HTTPStatus) -> tuple[str, bytes]:
    """The content type and the page, or the API's shape, for a body that is too large or of unknown length."""
    too_large = status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "too_large" if too_large else "length_required"
    said = (
        _t("What you sent is too large.") if too_large else _t("What you sent does not say how long it is.")
    )
    if path.startswith("/api/"):
        return "application/json", json.dumps({"code": code, "message": said, "facts": {}}).encode()
    return "text/html; charset=utf-8", render_to_string("413.html", {"said": said}).encode()
