"""The patient page: the series as lines in time, then everything that happened."""

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
from planner.outbox.message_lists import mails_to_come
from planner.pages.patient_history import story_of
from planner.pages.series_card import series_card, series_of

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
