from http import HTTPStatus
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.views import LoginView
from allauth.core.internal.ratelimit import consume, get_ip
from allauth.usersessions.models import UserSession
from django.core.exceptions import NON_FIELD_ERRORS
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from clinic.models import User
from clinic.prepared import Given, Prepared

TOO_MANY = "too_many_login_attempts"


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

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Many addresses together do not guess on either: an account has one more count for all of them.

        It does not hold where somebody is signed in to the account, so that its owner is not kept out.
        """
        super().pre_authenticate(request, **credentials)
        login = credentials.get("email", "")
        if UserSession.objects.filter(user__email__iexact=login, ip=self.get_client_ip(request)).exists():
            return
        account = super()._get_login_attempts_cache_key(request, **credentials)
        elsewhere = consume(request, app="allauth.account", action="login_failed_elsewhere", key=account)
        if not elsewhere:
            raise self.validation_error(TOO_MANY)
        self._login_failed_rl_usage.usage += elsewhere.usage

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        staff = getattr(user, "staff", None)
        if staff is not None and not staff.is_active:
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)


class SignIn(LoginView):  # type: ignore[misc]
    def form_invalid(self, form: Any) -> HttpResponse:
        """Whoever tried too often is told so in HTTP's words too."""
        response: HttpResponse = super().form_invalid(form)
        if form.has_error(NON_FIELD_ERRORS, TOO_MANY):
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
        return response


class StaffBackend(AuthenticationBackend):  # type: ignore[misc]
    def get_user(self, user_id: int) -> User | None:
        """With their place in a clinic and the practitioner they are: every page asks for both."""
        user = next(iter(_with_their_place(pk=user_id)), None)
        return user if user and self.user_can_authenticate(user) else None


@Prepared
def _with_their_place() -> QuerySet[User]:
    return User.objects.select_related("staff__location__clinic", "practitioner").filter(pk=Given("pk"))
