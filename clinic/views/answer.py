"""How a form is answered: shown, taken, or shown again with what was refused and everything that was typed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from clinic.errors import Refusal, say
from clinic.views.access import StaffRequest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

INVALID = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPage:
    """What a page with one form is given; pages that show more beside it add their own."""

    form: BaseForm
    refusal: str = ""


def show_page(
    request: HttpRequest, template: str, page: "DataclassInstance", *, status: int = 200
) -> HttpResponse:
    """The page drawn from its value, which the template knows as `page`: a dataclass, never a dict."""
    return render(request, template, {"page": page}, status=status)


def answer_form(
    request: StaffRequest, template: str, page: FormPage, *, write: Callable[[], str], to: str
) -> HttpResponse:
    """With a valid form, `write` (which returns what to say) and go on to `to`; otherwise the page once more."""
    if request.method != "POST":
        return show_page(request, template, page)
    if not page.form.is_valid():
        return show_page(request, template, page, status=INVALID)
    try:
        return taken(request, to, write())
    except Refusal as no:
        page = replace(page, refusal=say(no, request.staff.location.zone))
        return show_page(request, template, page, status=no.status)


def taken(request: StaffRequest, to: str, said: str) -> HttpResponse:
    """After a write: say what happened and go on."""
    messages.success(request, said)
    return redirect(to)


def came_from(request: StaffRequest) -> str:
    """The page the button was on, if it is one of ours; otherwise nothing."""
    page = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return page if is_ours else ""


def key_sent(request: StaffRequest) -> str:
    """The form's own; a button without one stands for itself."""
    return request.POST.get("key") or uuid4().hex


def whole_number(text: str | None) -> int:
    """What a hidden field says; 0, which is no row and no version, for whatever is no number."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0
