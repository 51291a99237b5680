"""The door of every page: which right it needs. Strangers sign in; whoever may not see a page gets 404."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse

from clinic.actor import Actor
from clinic.models import StaffMember
from clinic.permissions import Right

P = ParamSpec("P")


class StaffRequest(HttpRequest):
    """A request that has passed `needs`: somebody is signed in and has a place in a clinic."""

    staff: StaffMember
    actor: Actor
    htmx: Any


def needs(
    right: Right, *, to_write: Right | None = None
) -> Callable[[Callable[Concatenate[StaffRequest, P], HttpResponse]], Callable[..., HttpResponse]]:
    """Let a view be opened with `right`, and posted to with `to_write` where that is another one."""

    def wrap(view: Callable[Concatenate[StaffRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            staff: StaffMember | None = request.staff  # type: ignore[attr-defined]
            wanted = right if request.method in ("GET", "HEAD") else to_write or right
            if staff is None or not staff.may(wanted):
                raise Http404
            request.actor = Actor.of(staff)  # type: ignore[attr-defined]
            return view(cast(StaffRequest, request), *args, **kwargs)

        guarded.right = right  # type: ignore[attr-defined]
        guarded.right_to_write = to_write or right  # type: ignore[attr-defined]
        return guarded

    return wrap
