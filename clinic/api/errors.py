"""One shape of error for every endpoint: `{code, message, facts}`."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from rest_framework import exceptions, serializers
from rest_framework.response import Response

from clinic import faults
from clinic.api.permissions import staff_of
from clinic.errors import Refusal, say
from clinic.models import StaffMember


class KeyMissing(Refusal):
    code = "idempotency_key_missing"
    status = 400
    sentence = _(
        "A write needs the header Idempotency-Key: 1 to 80 characters of your own, new for each write."
    )


class BodyTooLarge(exceptions.APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = _("The body is too large.")


class ErrorShape(serializers.Serializer[Any]):
    """Every refusal: a code for programs, a sentence for people, and what the sentence is made of."""

    code = serializers.CharField()
    message = serializers.CharField()
    facts = serializers.DictField()


def refuse(problem: Exception, context: dict[str, Any]) -> Response | None:
    """Any refusal, of ours or of the framework, in one shape; further reasons stand in `facts.others`."""
    from rest_framework.views import exception_handler  # it reads the settings that name this module

    if isinstance(problem, RequestDataTooBig):
        problem = BodyTooLarge()
    if isinstance(problem, Http404):  # its own words name the table, and so tell it from a wrong role's 404
        problem = exceptions.NotFound()
    if isinstance(problem, Refusal):
        return Response(_told(problem, staff_of(context["request"])), status=problem.status)
    response = exception_handler(problem, context)
    if response is None:
        return None
    if isinstance(problem, exceptions.ValidationError):
        fields = response.data if isinstance(response.data, dict) else {"non_field_errors": response.data}
        response.data = {"code": "invalid", "message": _t("Some fields are not right."), "facts": fields}
        return response
    detail = getattr(problem, "detail", None) or response.data.get("detail", "")
    waits = getattr(problem, "wait", None)
    facts = {} if waits is None else {"wait_seconds": waits}
    response.data = {"code": getattr(detail, "code", "not_found"), "message": str(detail), "facts": facts}
    return response


def _told(refusal: Refusal, staff: StaffMember) -> dict[str, Any]:
    facts = {name: plain(value) for name, value in refusal.facts.items()}
    others = [_told(other, staff) for other in getattr(refusal, "others", ())]
    if others:
        facts["others"] = others
    return {"code": refusal.code, "message": say(refusal, staff.location.zone), "facts": facts}


def plain(value: Any) -> Any:
    """A fact as JSON can say it."""
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    is_plain = value is None or isinstance(value, (str, int, Decimal, date))
    return value if is_plain and not isinstance(value, Promise) else str(value)


def not_there(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 for an address that no view serves: as JSON below `/api/`, as a page elsewhere."""
    if not request.path.startswith("/api/"):
        return defaults.page_not_found(request, exception)
    return JsonResponse({"code": "not_found", "message": _t("Not found."), "facts": {}}, status=404)


def not_understood(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 for what is no request of ours; 413 for fields that are too large beside a photo that is not."""
    if not isinstance(exception, RequestDataTooBig):
        return defaults.bad_request(request, exception)
    kind, page = faults.refused_body(request.path, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return HttpResponse(page, content_type=kind, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def broken(request: HttpRequest) -> HttpResponse:
    """500, saying nothing of what broke: as JSON below `/api/`, as a page elsewhere. 503 if it was the database.

    Every error that nobody caught ends here, also that of a middleware, while it is still being handled.
    """
    fault = faults.fault_of(sys.exception())
    if fault is not None:
        return faults.answer(request, fault)
    if not request.path.startswith("/api/"):
        return defaults.server_error(request)
    message = _t("Something broke on our side. It is in the log.")
    return JsonResponse({"code": "error", "message": message, "facts": {}}, status=500)
