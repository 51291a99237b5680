"""One session: where it stands, what was done, what comes next."""

from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.errors import Refusal, say
from clinic.localtime import local_date
from clinic.permissions import Right
from clinic.services.audit import note_reading
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import whole_number
from planner.choices import SessionState
from planner.forms.record import AreaRow, RecordForm, TreatedAreaForm
from planner.models import AreaTreatment, ProtocolPhase, Session, TreatmentRecord
from planner.pages.chairside import checks_on_the_day, depth_advice
from planner.protocols.recommendation import DepthAdvice
from planner.schedule.sessions import held
from planner.treatment import treat
from planner.treatment.records import last_record

WITH = ("patient", "location", "series__protocol_version__protocol", "record__recorded_by__staff")
STILL_TO_TREAT = (
    SessionState.BOOKED,
    SessionState.CONFIRMED,
    SessionState.ARRIVED,
    SessionState.IN_TREATMENT,
)


def _session_of(request: StaffRequest, session_id: int) -> Session:
    sessions = Session.objects.select_related(*WITH).prefetch_related(held(), "series__areas")
    return get_object_or_404(sessions, pk=session_id, patient__clinic=request.staff.location.clinic)


@needs(Right.SEE_PATIENTS)
def show(request: StaffRequest, session_id: int) -> HttpResponse:
    session = _session_of(request, session_id)
    note_reading(request.staff, session.patient_id, "session", now=timezone.now(), object_id=session.pk)
    return _page(request, session)


@needs(Right.TREAT)
@require_POST
def start(request: StaffRequest, session_id: int) -> HttpResponse:
    session = _session_of(request, session_id)
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
    session = _session_of(request, session_id)
    form, rows = _forms(session, last_record(session), request)
    if not all([form.is_valid(), *(row.form.is_valid() for row in rows)]):
        return _page(request, session, form=form, rows=rows, status=422)
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
        return _page(request, session, refusal=refusal, form=form, rows=rows)
    messages.success(request, _("Recorded."))
    return redirect("session", session.pk)


def _version(request: StaffRequest) -> int:
    return whole_number(request.POST.get("version"))


def _page(
    request: StaffRequest,
    session: Session,
    *,
    refusal: Refusal | None = None,
    form: RecordForm | None = None,
    rows: list[AreaRow] | None = None,
    status: int = 200,
) -> HttpResponse:
    now, staff, zone = timezone.now(), request.staff, session.location.zone
    is_today = session.starts_at is not None and local_date(session.starts_at, zone) == local_date(now, zone)
    context = {
        "is_today": is_today,
        "has_begun": session.starts_at is not None and session.starts_at <= now,
        "session": session,
        "series": session.series,
        "patient": session.patient,
        "key": uuid4().hex,
        "phases": _phases(session, now),
        "used": {r.resource.kind: r.resource for r in session.reservations.all() if r.is_active},
        "refusal": say(refusal, zone) if refusal else "",
        "events": session.events.select_related("by__staff"),
        "sessions": session.series.sessions.all(),
    }
    if staff.may(Right.SEE_RECORD):
        last = last_record(session)
        if form is None or rows is None:
            form, rows = _forms(session, last)
        context |= {
            "form": form,
            "rows": rows,
            "last": last,
            "checks": checks_on_the_day(session, now) if session.state in STILL_TO_TREAT else None,
        }
    return render(request, "planner/session.html", context, status=refusal.status if refusal else status)


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """One phase of the visit by the clock; `is_now` while the patient is in it."""

    phase: ProtocolPhase
    starts: datetime
    ends: datetime
    is_now: bool


def _phases(session: Session, now: datetime) -> list[PhaseLine]:
    if session.starts_at is None:
        return []
    lines, starts = [], session.starts_at
    here = session.state in (SessionState.ARRIVED, SessionState.IN_TREATMENT)
    for phase in session.series.protocol_version.phases.all():
        ends = starts + timedelta(minutes=phase.minutes)
        lines.append(PhaseLine(phase, starts, ends, here and starts <= now < ends))
        starts = ends
    return lines


def _forms(
    session: Session, last: TreatmentRecord | None, request: StaffRequest | None = None
) -> tuple[RecordForm, list[AreaRow]]:
    data = request.POST if request else None
    own: TreatmentRecord | None = getattr(session, "record", None)
    initial: dict[str, object] = {"record_version": own.version if own else 0}
    if own is None and last is not None:
        initial |= {
            name: getattr(last, name) for name in ("anaesthetic", "anaesthetic_grams", "anaesthetic_minutes")
        }
    if own is not None:
        initial["cartridge_expires_on"] = own.cartridge_expires_on.strftime("%m/%Y")
    form = RecordForm(data, instance=copy(own), initial=initial)  # it writes what was typed into its instance
    return form, _rows(session, own, last, data)


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
