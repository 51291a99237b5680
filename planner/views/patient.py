"""The patient page: the series as lines in time, then everything that happened."""

from datetime import date, timedelta
from itertools import pairwise

from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from clinic.localtime import local_date
from clinic.permissions import Right
from clinic.services.audit import note_reading
from clinic.views.access import StaffRequest, needs
from patients.choices import ConsentKind
from patients.models import Patient
from patients.services.consents import consent_on
from patients.services.screening import standing
from planner.choices import SessionState
from planner.models import Series, Session
from planner.pages.patient_history import story_of
from planner.pages.series_line import Rail, Stop, draw
from planner.schedule.sessions import mails_to_come

GROUPS = ("sessions", "record", "mails")
PAGE = 40


@needs(Right.SEE_PATIENTS)
def show(request: StaffRequest, patient_id: int) -> HttpResponse:
    now, staff = timezone.now(), request.staff
    patient = get_object_or_404(Patient, pk=patient_id, clinic=staff.location.clinic)
    note_reading(staff, patient.pk, "patient", now=now)
    today = local_date(now, staff.location.zone)
    wanted = request.GET.get("show", "")
    entries = [each for each in story_of(patient, staff) if wanted not in GROUPS or each.group == wanted]
    all_series = [series_card(each, today) for each in series_of(patient)]
    return render(
        request,
        "planner/patient.html",
        {
            "patient": patient,
            "age": patient.age_on(today),
            "today": today,
            "all_series": all_series,
            "is_assessed": bool(all_series) or patient.assessments.exists(),
            "verdict": standing(patient, on=today),
            "consent": consent_on(patient, today, ConsentKind.TREATMENT),
            "entries": entries[:PAGE] if request.GET.get("all") is None else entries,
            "hidden": 0 if request.GET.get("all") is not None else max(len(entries) - PAGE, 0),
            "shown": wanted if wanted in GROUPS else "",
            "waiting": mails_to_come(patient.messages.all())[:5],
            "photos": patient.photos.select_related("area").order_by("-taken_at")[:4]
            if staff.may(Right.SEE_RECORD)
            else [],
        },
    )


def series_of(patient: Patient) -> list[Series]:
    """All series of a patient with what their cards show: three statements."""
    return list(
        Series.objects.filter(patient=patient)
        .select_related("protocol_version__protocol", "location")
        .prefetch_related("areas", Prefetch("sessions", queryset=Session.objects.order_by("number")))
    )


def series_card(series: Series, today: date) -> dict[str, object]:
    """A series as its card tells it: the line in time, what comes next, the gaps so far, when it is judged."""
    zone = series.location.zone
    sessions = list(series.sessions.all())
    held = [each for each in sessions if each.starts_at and each.state != SessionState.CANCELLED]
    days = {each.number: local_date(each.starts_at, zone) for each in held if each.starts_at}
    done = [days[each.number] for each in held if each.state == SessionState.DONE]
    coming = [each for each in held if each.state in (SessionState.BOOKED, SessionState.CONFIRMED)]
    judged = _judged(series, days, sessions)
    return {
        "series": series,
        "sessions": sessions,
        "rail": _rail(held, days, judged, today),
        "next": coming[0] if coming else None,
        "gaps": [(b - a).days for a, b in pairwise(done)],
        "open": sum(each.state in (SessionState.PLANNED, SessionState.NO_SHOW) for each in sessions),
        "judged": judged,
        "drifts_on": _drifts_on(series, done, coming),
    }


def _rail(held: list[Session], days: dict[int, date], judged: list[date], today: date) -> Rail | None:
    if not held:
        return None
    states = {SessionState.DONE: "done", SessionState.ARRIVED: "now", SessionState.IN_TREATMENT: "now"}
    stops = [
        Stop(each.number, days[each.number], states.get(SessionState(each.state), "open")) for each in held
    ]
    return draw(stops, today=today, judged=judged)


def _judged(series: Series, days: dict[int, date], sessions: list[Session]) -> list[date]:
    """When the outcome is judged: so many weeks after the last session, once that has a date."""
    going = [each for each in sessions if each.state != SessionState.CANCELLED]
    if not going or going[-1].number not in days:
        return []
    return [
        days[going[-1].number] + timedelta(weeks=weeks) for weeks in series.protocol_version.outcome_weeks
    ]


def _drifts_on(series: Series, done: list[date], coming: list[Session]) -> date | None:
    """The last day of the longest gap when nothing is booked after the last session done."""
    unfinished = any(
        each.state in (SessionState.PLANNED, SessionState.NO_SHOW) for each in series.sessions.all()
    )
    return done[-1] + timedelta(days=series.gap_max_days) if done and unfinished and not coming else None
