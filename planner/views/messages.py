"""The outbox: what waits, what left and as it left, and what did not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from csp.constants import NONE, UNSAFE_INLINE
from csp.decorators import csp
from django.contrib import messages as toasts
from django.core.paginator import Page, Paginator
from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.errors import Refusal, say
from clinic.localtime import local_date
from clinic.models import Location
from clinic.permissions import Right
from clinic.services.audit import note_reading
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import key_sent, show_page
from patients.models import Patient
from planner.choices import MessageState
from planner.forms.outbox import OutboxFilter, WithdrawForm
from planner.models import Message, MessageEvent
from planner.outbox import letter
from planner.outbox.plan_messages import OPEN, send_now, withdraw
from planner.readings import open_message

PER_PAGE = 50
CAN_CHANGE = (*OPEN, MessageState.FAILED)
OVERDUE = timedelta(minutes=10)
AS_IT_LEFT = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "frame-ancestors": [NONE],
    "sandbox": True,
}


@dataclass(frozen=True, slots=True)
class MessagesPage:
    """The outbox's rows; `only` is the patient they are narrowed to, `overdue` how many should have left."""

    found: Page[Any]
    form: OutboxFilter
    only: Patient | None
    overdue: int


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One message, `text` as it left or as it would leave now."""

    message: Message
    text: str
    refusal: str
    form: WithdrawForm
    key: str
    can_send: bool
    can_withdraw: bool


@needs(Right.SEE_MESSAGES)
def index(request: StaffRequest) -> HttpResponse:
    """The location's messages, narrowed by state, day and patient."""
    here, now = request.staff.location, timezone.now()
    form = OutboxFilter(request.GET)
    today = local_date(now, here.zone)
    found = form.narrowed(Message.objects.filter(location=here), here, today=today)
    events = MessageEvent.objects.filter(message=OuterRef("pk")).order_by("-at", "-id")
    last = events.values(said=JSONObject(code="code", facts="facts"))[:1]
    rows = found.select_related("patient", "step", "session").annotate(last_said=Subquery(last))
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    patient_id = form.chosen.get("patient")
    only = here.clinic.patients.filter(pk=patient_id).first() if patient_id else None
    shows = [message.patient_id for message in shown] + ([only.pk] if only else [])
    note_reading(request.actor, "messages", shows, now=now)
    page = MessagesPage(shown, form, only, _overdue(here, now))
    return show_page(request, "planner/messages.html", page)


def _overdue(here: Location, now: datetime) -> int:
    """How many should have left: a sign that no worker runs or no mail server answers."""
    return Message.objects.filter(location=here, state__in=OPEN, due_at__lt=now - OVERDUE).count()


@needs(Right.SEE_MESSAGES)
def show(request: StaffRequest, message_id: int) -> HttpResponse:
    return _page(request, _opened(request, message_id))


@csp(AS_IT_LEFT)  # its styles stand in its elements, as mail programs want them; nothing else may run
@needs(Right.SEE_MESSAGES)
def as_it_left(request: StaffRequest, message_id: int) -> HttpResponse:
    message = _opened(request, message_id)
    if not message.body_html:
        raise Http404
    return HttpResponse(message.body_html)


@needs(Right.SEE_MESSAGES, to_write=Right.MANAGE_MESSAGES)
@require_POST
def send(request: StaffRequest, message_id: int) -> HttpResponse:
    now = timezone.now()
    done = _("It leaves within seconds.")
    return _change(
        request, message_id, done, lambda pk: send_now(pk, by=request.actor, key=key_sent(request), now=now)
    )


@needs(Right.SEE_MESSAGES, to_write=Right.MANAGE_MESSAGES)
@require_POST
def take_back(request: StaffRequest, message_id: int) -> HttpResponse:
    form, now = WithdrawForm(request.POST), timezone.now()
    if not form.is_valid():
        return _page(request, _opened(request, message_id), form=form, status=422)
    why = form.cleaned_data["why"]
    done = _("Taken back; it does not leave.")
    return _change(
        request,
        message_id,
        done,
        lambda pk: withdraw(pk, by=request.actor, key=key_sent(request), now=now, why=why),
    )


def _change(
    request: StaffRequest, message_id: int, done: str, write: Callable[[int], Message]
) -> HttpResponse:
    message = _opened(request, message_id)
    try:
        write(message.pk)
    except Refusal as refusal:
        return _page(request, message, refusal=refusal, status=refusal.status)
    toasts.success(request, done)
    return redirect("message", message.pk)


def _opened(request: StaffRequest, message_id: int) -> Message:
    return open_message(request.actor, message_id, now=timezone.now())


def _page(
    request: StaffRequest,
    message: Message,
    *,
    refusal: Refusal | None = None,
    form: WithdrawForm | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    page = MessagePage(
        message,
        text=message.body_text or _as_it_would_leave(message, now),
        refusal=say(refusal, message.location.zone) if refusal else "",
        form=form or WithdrawForm(),
        key=uuid4().hex,
        can_send=message.state in (MessageState.WAITING, MessageState.FAILED) and now < message.expires_at,
        can_withdraw=message.state in CAN_CHANGE,
    )
    return show_page(request, "planner/message.html", page, status=status)


def _as_it_would_leave(message: Message, now: datetime) -> str:
    if message.state not in CAN_CHANGE:
        return ""
    try:
        return letter.render(message, now=now).text
    except letter.NothingToTell:
        return ""
