"""What every endpoint shares: its right, its pages, and one shape of error `{code, message, facts}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from rest_framework import exceptions, pagination, permissions
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.errors import Refusal, say
from clinic.models import StaffMember
from clinic.permissions import Right

if TYPE_CHECKING:
    from rest_framework.views import APIView


class Pages(pagination.PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


def staff_of(request: Request) -> StaffMember:
    """The caller's place in a clinic; a caller without one is a stranger."""
    if not hasattr(request, "member"):
        members = StaffMember.objects.select_related("location__clinic", "user")
        request.member = members.filter(user_id=request.user.pk, is_active=True).first()
    if request.member is None:
        raise exceptions.NotFound
    return cast(StaffMember, request.member)


class HasRight(permissions.BasePermission):
    """Every view names `right` (to read) and may name `right_to_write`; a wrong role is told 404, like a stranger's id."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user.is_authenticated:
            return False
        right = cast(Right, view.right)  # type: ignore[attr-defined]
        if request.method not in permissions.SAFE_METHODS:
            right = getattr(view, "right_to_write", right)
        if not staff_of(request).may(right):
            raise exceptions.NotFound
        return True


def _error(code: str, message: str, facts: Any, status: int) -> Response:
    return Response({"code": code, "message": message, "facts": facts}, status=status)


def refuse(problem: Exception, context: dict[str, Any]) -> Response | None:
    """Any refusal, of ours or of the framework, as `{code, message, facts}`."""
    from rest_framework.views import exception_handler  # it reads the settings that name this module

    if isinstance(problem, Refusal):
        zone = staff_of(context["request"]).location.zone
        return _error(problem.code, say(problem, zone), problem.facts, problem.status)
    response = exception_handler(problem, context)
    if response is None:
        return None
    if isinstance(problem, exceptions.ValidationError):
        response.data = {"code": "invalid", "message": "Some fields are not right.", "facts": response.data}
    else:
        detail = getattr(problem, "detail", None) or response.data.get("detail", "")
        code = getattr(detail, "code", "not_found")
        response.data = {"code": code, "message": str(detail), "facts": {}}
    return response
