"""How a form is answered: shown, taken, or shown again with what was refused and everything that was typed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from clinic.errors import Refusal, say
from clinic.models import StaffMember
from clinic.services.audit import note_reading
from clinic.services.sessions_hit import ChangeScope, SessionHit, SessionsHit, hits_seen_first, sign_of
from clinic.templatetags.names import name_for
from clinic.views.access import StaffRequest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

INVALID = 422


NOT_SENT_ON = ("csrfmiddlewaretoken", "seen")
MOST_SHOWN = 20
"""Of the sessions that one cause hits: the board has them all."""


@dataclass(frozen=True, slots=True)
class HitLine:
    session_id: int
    who: str
    about: str


@dataclass(frozen=True, slots=True)
class HitCause:
    """Sessions that one thing would stand in the way of, or one alone; `more` are not shown."""

    sentence: str
    lines: tuple[HitLine, ...]
    more: int


@dataclass(frozen=True, slots=True)
class HitsShown:
    """What a change would hit; sent back as `seen`, the `sign` says that somebody looked at these."""

    sessions: int
    patients: int
    causes: tuple[HitCause, ...]
    sign: str

    @classmethod
    def of(cls, hits: tuple[SessionHit, ...], staff: StaffMember) -> "HitsShown":
        return cls(
            len({each.session_id for each in hits}),
            len({each.patient.pk for each in hits}),
            tuple(_by_cause(hits, staff)),
            sign_of(hits),
        )


def _by_cause(hits: Iterable[SessionHit], staff: StaffMember) -> Iterator[HitCause]:
    """In the order in which the first session of each comes; what has no cause stands alone, with its sentence."""
    together: dict[str, list[HitLine]] = {}
    for each in hits:
        line = HitLine(each.session_id, name_for(staff, each.patient), each.about)
        together.setdefault(each.cause or each.sentence, []).append(line)
    for sentence, lines in together.items():
        yield HitCause(sentence, tuple(lines[:MOST_SHOWN]), len(lines[MOST_SHOWN:]))


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPage:
    """What a page with one form is given; pages that show more beside it add their own."""

    form: BaseForm
    refusal: str = ""
    hits: HitsShown | None = None


@dataclass(frozen=True, slots=True)
class GoOnPage:
    """What a button without a form of its own would hit; `sent` is what it sent, `back` where it was."""

    hits: HitsShown
    action: str
    sent: tuple[tuple[str, str], ...]
    back: str


def show_page(
    request: HttpRequest, template: str, page: "DataclassInstance", *, status: int = 200
) -> HttpResponse:
    """The page drawn from its value, which the template knows as `page`: a dataclass, never a dict."""
    return render(request, template, {"page": page}, status=status)


def answer_form(
    request: StaffRequest,
    template: str,
    page: FormPage,
    *,
    write: Callable[[], str],
    to: str,
    hits_in: Callable[[], ChangeScope] | None = None,
) -> HttpResponse:
    """With a valid form, `write` (which returns what to say) and go on to `to`; otherwise the page once more.

    Of a change that hits sessions in the scope `hits_in`, the page says which, before anything is kept.
    """
    if request.method != "POST":
        return show_page(request, template, page)
    if not page.form.is_valid():
        return show_page(request, template, page, status=INVALID)
    try:
        return taken(request, to, _write(request, write, hits_in))
    except SessionsHit as hit:
        page = replace(page, hits=hits_shown(request, hit))
        return show_page(request, template, page, status=hit.status)
    except Refusal as no:
        page = replace(page, refusal=say(no, request.staff.location.zone))
        return show_page(request, template, page, status=no.status)


def answer_button(
    request: StaffRequest, *, write: Callable[[], str], to: str, hits_in: Callable[[], ChangeScope]
) -> HttpResponse:
    """As `answer_form`, of a button: what it hits is shown on a page of its own. Refusals are the caller's."""
    try:
        return taken(request, to, _write(request, write, hits_in))
    except SessionsHit as hit:
        sent = tuple((name, str(value)) for name, value in request.POST.items() if name not in NOT_SENT_ON)
        page = GoOnPage(hits_shown(request, hit), request.get_full_path(), sent, resolve_url(to))
        return show_page(request, "clinic/go_on.html", page, status=hit.status)


def answer_button_or_say(
    request: StaffRequest, *, write: Callable[[], str], to: str, hits_in: Callable[[], ChangeScope]
) -> HttpResponse:
    """As `answer_button`; a refusal is said on the page `to`."""
    try:
        return answer_button(request, write=write, to=to, hits_in=hits_in)
    except Refusal as no:
        messages.error(request, say(no, request.staff.location.zone))
    return redirect(to)


def _write(request: StaffRequest, write: Callable[[], str], hits_in: Callable[[], ChangeScope] | None) -> str:
    if hits_in is None:
        return write()
    with hits_seen_first(hits_in(), seen=request.POST.get("seen", ""), now=timezone.now()):
        return write()


def hits_shown(request: StaffRequest, hit: SessionsHit) -> HitsShown:
    """For the page; that it shows these patients is noted."""
    patients = (each.patient.pk for each in hit.hits)
    note_reading(request.actor, "sessions_hit", patients, now=timezone.now())
    return HitsShown.of(hit.hits, request.staff)


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
