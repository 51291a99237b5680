"""What all pages of a patient's record share."""

from datetime import datetime

from django.shortcuts import get_object_or_404

from clinic.services.audit import note_reading
from clinic.views.access import StaffRequest
from patients.models import Patient


def patient_of(request: StaffRequest, patient_id: int) -> Patient:
    """The patient, if it is one of this clinic's; otherwise 404."""
    return get_object_or_404(Patient, pk=patient_id, clinic=request.staff.location.clinic)


def open_record(request: StaffRequest, patient_id: int, what: str, *, now: datetime) -> Patient:
    """The patient, and a note of who looked at `what`."""
    patient = patient_of(request, patient_id)
    note_reading(request.staff, patient.pk, what, now=now)
    return patient
