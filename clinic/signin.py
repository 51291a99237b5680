from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.core.internal.ratelimit import get_ip
from django.http import HttpRequest

from clinic.models import User


class ClosedSignup(DefaultAccountAdapter):  # type: ignore[misc]
    """Staff are added by the manager; nobody signs up, and an inactive member does not sign in."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Tries are counted for the account and the address together: no stranger locks an account for its owner.

        An IPv6 address counts as its /64.
        """
        account = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{account}|{get_ip(request)}"

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        staff = getattr(user, "staff", None)
        if staff is not None and not staff.is_active:
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)


class StaffBackend(AuthenticationBackend):  # type: ignore[misc]
    def get_user(self, user_id: int) -> User | None:
        """With their place in a clinic and the practitioner they are: every page asks for both."""
        users = User.objects.select_related("staff__location__clinic", "practitioner")
        user = users.filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
