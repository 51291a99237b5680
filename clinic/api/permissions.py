"""Who may ask: the caller's place in a clinic, and the right that a view names."""

from __future__ import annotations

from typing import Any, cast

from rest_framework import exceptions, permissions
from rest_framework.request import Request

from clinic.models import StaffMember, User
from clinic.permissions import Right


def staff_of(request: Request) -> StaffMember:
    """The caller's place in a clinic; a caller without one is a stranger."""
    if not hasattr(request, "member"):
        members = StaffMember.objects.select_related("location__clinic", "user")
        request.member = members.filter(user=cast(User, request.user), is_active=True).first()  # type: ignore[attr-defined]
    if request.member is None:  # type: ignore[attr-defined]
        raise exceptions.NotFound
    return cast(StaffMember, request.member)  # type: ignore[attr-defined]


class HasRight(permissions.BasePermission):
    """Every view names `right` and may name `right_to_write`; a wrong role is told 404, as for an id of nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        right = cast(Right, view.right)
        if request.method not in permissions.SAFE_METHODS:
            right = getattr(view, "right_to_write", right)
        if not staff_of(request).may(right):
            raise exceptions.NotFound
        return True
