"""Finding patients, taking in a new one, changing who they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.errors import Refusal, say
from clinic.localtime import local_date
from clinic.permissions import Right
from clinic.services.audit import SEARCH, note_reading
from clinic.services.sessions_hit import ChangeScope, SessionsHit, hits_seen_first
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import HitsShown, hits_shown, show_page
from patients.forms import PatientForm
from patients.models import Patient
from patients.readings import noting_whom_it_may_be, open_patient
from patients.search import find_patients
from patients.services.intake import LikelyDuplicate, PatientChanged, create_patient, edit_patient

PAGE_SIZE = 30
FIELD_OF = {
    "name_missing": "first_name",
    "born_in_future": "date_of_birth",
    "born_too_long_ago": "date_of_birth",
    "phone_unreadable": "phone",
}


@dataclass(frozen=True, slots=True)
class PatientRow:
    patient: Patient
    age: int


@dataclass(frozen=True, slots=True)
class PatientsPage:
    """`nearly`: nobody is written as `text` says, and these are one letter away."""

    found: Page[Patient]
    rows: Sequence[PatientRow]
    text: str
    nearly: bool


@dataclass(frozen=True, slots=True)
class DetailsPage:
    """The details of a patient, or of one to be taken in.

    `known_id` is who it may be already; `now_there` is what somebody else wrote meanwhile, label and value.
    """

    form: PatientForm
    patient: Patient | None
    version: int | str | None
    refusal: str = ""
    known_id: int | None = None
    now_there: Sequence[tuple[str, object]] = ()
    hits: HitsShown | None = None


@needs(Right.SEE_PATIENTS)
def index(request: StaffRequest) -> HttpResponse:
    text = request.GET.get("q", "")[:200].replace("\x00", "")
    found = find_patients(request.staff.location.clinic_id, text)
    shown = Paginator(found.patients, PAGE_SIZE).get_page(request.GET.get("page"))
    now = timezone.now()
    today = local_date(now, request.staff.location.zone)
    rows = [PatientRow(patient, patient.age_on(today)) for patient in shown]
    what = SEARCH if text.strip() else "patients"
    note_reading(request.actor, what, (row.patient.pk for row in rows), now=now)
    return show_page(request, "patients/index.html", PatientsPage(shown, rows, text, found.nearly))


@needs(Right.EDIT_PATIENTS)
def new(request: StaffRequest) -> HttpResponse:
    form, now = _form(request), timezone.now()
    if not (request.method == "POST" and form.is_valid()):
        return _edit_page(request, form)
    try:
        with noting_whom_it_may_be(request.actor, now=now):
            patient = create_patient(
                form.details(None),
                although_similar="although_similar" in request.POST,
                by=request.actor,
                key=form.cleaned_data["key"],
                now=now,
            )
    except Refusal as refusal:
        return _edit_page(request, form, refusal=refusal)
    messages.success(request, _("The record is open. Next: the medical questions."))
    return redirect("patient", patient.pk)


@needs(Right.EDIT_PATIENTS)
def edit(request: StaffRequest, patient_id: int) -> HttpResponse:
    now = timezone.now()
    patient = open_patient(request.actor, patient_id, "details", now=now)
    form = _form(request, patient)
    if not (request.method == "POST" and form.is_valid()):
        return _edit_page(request, form, patient)
    scope = ChangeScope(request.staff.location, patient_id=patient.pk)
    seen_first = hits_seen_first(scope, seen=request.POST.get("seen", ""), now=now)
    try:
        with noting_whom_it_may_be(request.actor, now=now), seen_first:
            edit_patient(
                patient,
                form.details(patient.skin_type),
                although_similar="although_similar" in request.POST,
                version=form.cleaned_data["version"] or 0,
                by=request.actor,
                key=form.cleaned_data["key"],
                now=now,
            )
    except SessionsHit as hit:
        page = DetailsPage(form, patient, form["version"].value(), hits=hits_shown(request, hit))
        return show_page(request, "patients/edit.html", page, status=hit.status)
    except Refusal as refusal:
        return _edit_page(request, form, patient, refusal)
    messages.success(request, _("The details are saved."))
    return redirect("patient", patient.pk)


def _form(request: StaffRequest, patient: Patient | None = None) -> PatientForm:
    form = PatientForm(request.POST if request.method == "POST" else None)
    if patient:
        form.for_patient(patient)
    if not request.staff.may(Right.WRITE_RECORD):
        del form.fields["skin_type"]
    return form


def _edit_page(
    request: StaffRequest, form: PatientForm, patient: Patient | None = None, refusal: Refusal | None = None
) -> HttpResponse:
    page = DetailsPage(form, patient, form["version"].value())
    if refusal:
        page = _told(page, refusal, say(refusal, request.staff.location.zone))
    status = refusal.status if refusal else 422 if form.errors else 200
    return show_page(request, "patients/edit.html", page, status=status)


def _told(page: DetailsPage, refusal: Refusal, text: str) -> DetailsPage:
    """The page with the refusal at its field, or above the form."""
    field = FIELD_OF.get(refusal.code)
    if field:
        page.form.add_error(field, text)
        return page
    if isinstance(refusal, PatientChanged) and page.patient:
        there = _differences(page.form, page.patient)
        return replace(page, refusal=text, now_there=there, version=refusal.facts["version"])
    known = refusal.facts["patient_id"] if isinstance(refusal, LikelyDuplicate) else None
    return replace(page, refusal=text, known_id=known)


def _differences(form: PatientForm, patient: Patient) -> list[tuple[str, object]]:
    """Label and value of what stands in the record and differs from what was written."""
    written = form.details(patient.skin_type)
    return [
        (str(form.fields[name].label), getattr(patient, name))
        for name in form.fields
        if name not in ("key", "version") and getattr(patient, name) != getattr(written, name)
    ]
