"""The patient page: the series as lines in time, then everything that happened."""

from django.http import HttpResponse
from django.utils import timezone

from clinic.permissions import Right
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import show_page
from patients.readings import open_patient
from planner.pages.patient_page import GROUPS, patient_page


@needs(Right.SEE_PATIENTS)
def show(request: StaffRequest, patient_id: int) -> HttpResponse:
    now, staff = timezone.now(), request.staff
    patient = open_patient(request.actor, patient_id, "patient", now=now)
    wanted = request.GET.get("show", "")
    shown = wanted if wanted in GROUPS else ""
    page = patient_page(patient, staff, shown=shown, shows_all="all" in request.GET, now=now)
    return show_page(request, "planner/patient.html", page)
