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


def right_asked(view: Any, method: str) -> Right:
    """The right of the route's action for this method; of its like (reading or writing) where it has no such method."""
    is_safe = method in permissions.SAFE_METHODS
    actions = getattr(view, "action_map", {})
    alike = [name for each, name in actions.items() if (each.upper() in permissions.SAFE_METHODS) == is_safe]
    for name in (actions.get(method.lower()), *alike, *actions.values()):
        if name is not None:
            return cast(Right, getattr(getattr(view, name), "right", view.right))
    return cast(Right, view.right)


class HasRight(permissions.BasePermission):
    """A viewset names `right`, its writes their own; a wrong role is told 404, as for an id of nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        if not staff_of(request).may(right_asked(view, request.method or "")):
            raise exceptions.NotFound
        return True
