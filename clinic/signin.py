from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignup(DefaultAccountAdapter):  # type: ignore[misc]
    """Staff are added by the manager; nobody signs up, and an inactive member does not sign in."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        staff = getattr(user, "staff", None)
        if staff is not None and not staff.is_active:
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)
