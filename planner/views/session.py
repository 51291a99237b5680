"""One session: where it stands, what was done, what comes next."""

from copy import copy
from dataclasses import dataclass
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.errors import Refusal, say
from clinic.permissions import Right
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import FormPage, show_page, taken, whole_number
from planner.forms.moves import CancelForm
from planner.forms.record import AreaRow, RecordForm, TreatedAreaForm
from planner.models import AreaTreatment, Session, TreatmentRecord
from planner.pages.chairside import depth_advice
from planner.pages.session_page import session_page
from planner.protocols.recommendation import DepthAdvice
from planner.readings import open_whole_session
from planner.treatment import treat
from planner.treatment.records import own_and_last


@dataclass(frozen=True, slots=True)
class RecordForms:
    """A session's record, the one before it, and the forms in which it is written."""

    own: TreatmentRecord | None
    last: TreatmentRecord | None
    form: RecordForm
    rows: tuple[AreaRow, ...]


def _opened(request: StaffRequest, session_id: int) -> Session:
    return open_whole_session(request.actor, session_id, now=timezone.now())


@needs(Right.SEE_PATIENTS)
def show(request: StaffRequest, session_id: int) -> HttpResponse:
    return _page(request, _opened(request, session_id))


@needs(Right.TREAT)
@require_POST
def start(request: StaffRequest, session_id: int) -> HttpResponse:
    session = _opened(request, session_id)
    try:
        treat.start_treatment(
            session.pk,
            by=request.actor,
            key=request.POST.get("key", ""),
            version=_version(request),
            now=timezone.now(),
        )
    except Refusal as refusal:
        return _page(request, session, refusal=refusal)
    return redirect("session", session.pk)


@needs(Right.TREAT)
@require_POST
def record(request: StaffRequest, session_id: int) -> HttpResponse:
    """Save the record; with `finish`, end the treatment too."""
    session = _opened(request, session_id)
    shown = _record_shown(session, request)
    form, rows = shown.form, shown.rows
    if not all([form.is_valid(), *(row.form.is_valid() for row in rows)]):
        return _page(request, session, record=shown, status=422)
    entry = form.entry(row.form.entry(row.area.pk) for row in rows)
    writer, key, now = request.actor, request.POST.get("key", ""), timezone.now()
    seen = form.cleaned_data["record_version"]
    try:
        if "finish" in request.POST:
            treat.finish(
                session.pk, entry, by=writer, key=key, version=_version(request), record_version=seen, now=now
            )
        else:
            treat.save_record(session.pk, entry, by=writer, key=key, version=seen, now=now)
    except Refusal as refusal:
        return _page(request, session, refusal=refusal, record=shown)
    messages.success(request, _("Recorded."))
    return redirect("session", session.pk)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakOffPage(FormPage):
    session: Session


@needs(Right.TREAT)
def break_off(request: StaffRequest, session_id: int) -> HttpResponse:
    """End a treatment early, with the reason that stays in its history."""
    session = _opened(request, session_id)
    form = CancelForm(request.POST or None, initial={"key": uuid4().hex, "version": session.version})
    refusal = ""
    if request.method == "POST" and form.is_valid():
        try:
            treat.break_off(session.pk, by=request.actor, now=timezone.now(), **form.cleaned_data)
        except Refusal as no:
            refusal = say(no, session.location.zone)
        else:
            done = _("The session is broken off. Record what was done; the aftercare is on its way.")
            return taken(request, reverse("session", args=[session.pk]), done)
    page = BreakOffPage(form=form, refusal=refusal, session=session)
    status = 409 if refusal else 422 if form.is_bound else 200
    return show_page(request, "planner/break_off.html", page, status=status)


def _version(request: StaffRequest) -> int:
    return whole_number(request.POST.get("version"))


def _page(
    request: StaffRequest,
    session: Session,
    *,
    refusal: Refusal | None = None,
    record: RecordForms | None = None,
    status: int = 200,
) -> HttpResponse:
    if record is None and request.staff.may(Right.SEE_RECORD):
        record = _record_shown(session)
    said = say(refusal, session.location.zone) if refusal else ""
    page = session_page(session, request.staff, record, timezone.now(), said)
    return show_page(request, "planner/session.html", page, status=refusal.status if refusal else status)


def _record_shown(session: Session, request: StaffRequest | None = None) -> RecordForms:
    """With what was typed, where a `request` brings it."""
    data = request.POST if request else None
    own, last = own_and_last(session)
    initial: dict[str, object] = {"record_version": own.version if own else 0}
    if own is None and last is not None:
        initial |= {
            name: getattr(last, name) for name in ("anaesthetic", "anaesthetic_grams", "anaesthetic_minutes")
        }
    if own is not None:
        initial["cartridge_expires_on"] = own.cartridge_expires_on.strftime("%m/%Y")
    form = RecordForm(data, instance=copy(own), initial=initial)  # it writes what was typed into its instance
    return RecordForms(own, last, form, tuple(_rows(session, own, last, data)))


def _rows(
    session: Session, own: TreatmentRecord | None, last: TreatmentRecord | None, data: object
) -> list[AreaRow]:
    depths = {depth.site: depth for depth in session.series.protocol_version.depths.all()}
    done = {each.area_id: each for each in own.areas.all()} if own else {}
    before = {each.area_id: each for each in last.areas.all()} if last else {}
    rows = []
    for area in session.series.areas.all():
        advice = depth_advice(session, area, depths[area.site]) if area.site in depths else None
        seen = done.get(area.pk) or before.get(area.pk)
        form = TreatedAreaForm(data, prefix=f"area{area.pk}", initial=_initial(seen, advice))  # type: ignore[arg-type]
        rows.append(AreaRow(area=area, form=form, last=before.get(area.pk), advice=advice))
    return rows


def _initial(seen: AreaTreatment | None, advice: DepthAdvice | None) -> dict[str, object]:
    """Today's or last time's values; the first time, what the protocol says for the site and skin."""
    if seen is not None:
        return {name: getattr(seen, name) for name in ("depth_mm", "passes", "endpoint", "bleeding")}
    if advice is None:
        return {"bleeding": 1}
    return {
        "depth_mm": advice.target_mm,
        "passes": advice.passes_min,
        "endpoint": advice.endpoint,
        "bleeding": 1,
    }
