"""How a form is answered: shown, taken, or shown again with what was refused and everything that was typed."""

from collections.abc import Callable

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import redirect, render

from clinic.errors import Refusal, say
from clinic.views.access import StaffRequest

INVALID = 422


def answer(
    request: StaffRequest,
    template: str,
    form: BaseForm,
    *,
    write: Callable[[], str],
    to: str,
    **context: object,
) -> HttpResponse:
    """With a valid form, `write` (which returns what to say) and go on to `to`; otherwise render `template`.

    The template gets `form`, and `refusal` where the write was refused.
    """
    status, refusal = 200, ""
    if request.method == "POST" and form.is_valid():
        try:
            return taken(request, to, write())
        except Refusal as no:
            status, refusal = no.status, say(no, request.staff.location.zone)
    elif request.method == "POST":
        status = INVALID
    return render(request, template, {"form": form, "refusal": refusal} | context, status=status)


def taken(request: StaffRequest, to: str, said: str) -> HttpResponse:
    """After a write: say what happened and go on."""
    messages.success(request, said)
    return redirect(to)


def whole_number(text: str | None) -> int:
    """What a hidden field says; 0, which is no row and no version, for whatever is no number."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0
