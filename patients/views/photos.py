"""Photos of a patient: adding one, looking at them, comparing two."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.errors import Refusal, say
from clinic.localtime import local_date
from clinic.permissions import Right
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import show_page
from patients.choices import ConsentKind, PhotoView
from patients.forms import PhotoForm
from patients.models import Consent, Patient, Photo
from patients.readings import open_patient, open_photo
from patients.services.consents import consent_on
from patients.services.photos import small_copy, store_photo

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PhotosPage:
    """The photos, newest first, two of them to compare, and the form for another where there is consent."""

    patient: Patient
    form: PhotoForm
    photos: Sequence[Photo]
    before: Photo | None
    after: Photo | None
    consent: Consent | None
    refusal: str


@needs(Right.SEE_RECORD, to_write=Right.WRITE_RECORD)
def show(request: StaffRequest, patient_id: int) -> HttpResponse:
    now = timezone.now()
    patient = open_patient(request.actor, patient_id, "photos", now=now)
    if request.method != "POST":
        return _page(request, patient, PhotoForm(None, patient=patient), now)
    form = PhotoForm(request.POST, request.FILES, patient=patient)
    if not form.is_valid():
        return _page(request, patient, form, now)
    try:
        store_photo(
            patient,
            form.cleaned_data["picture"],
            view=PhotoView(form.cleaned_data["view"]),
            area=form.cleaned_data["area"],
            by=request.actor,
            key=form.cleaned_data["key"],
            now=now,
        )
    except Refusal as refusal:
        return _page(request, patient, form, now, refusal)
    messages.success(request, _("The photo is stored."))
    return redirect("photos", patient.pk)


@needs(Right.SEE_RECORD)
def photo(request: StaffRequest, photo_id: int) -> HttpResponse:
    """The picture itself, to those who may see the record."""
    found = open_photo(request.actor, photo_id, now=timezone.now())
    with _there(found), found.file.open("rb") as file:
        return _picture(found, file.read())


@needs(Right.SEE_RECORD)
def small(request: StaffRequest, photo_id: int) -> HttpResponse:
    found = open_photo(request.actor, photo_id, now=timezone.now())
    with _there(found):
        return _picture(found, small_copy(found))


@contextmanager
def _there(found: Photo) -> Iterator[None]:
    """A file that is gone is 404 and a line in the log, not a broken page: the row stays, for whoever restores it."""
    try:
        yield
    except FileNotFoundError:
        log.error("the file of photo %s is missing", found.pk)
        raise Http404 from None


def _picture(found: Photo, content: bytes) -> HttpResponse:
    return HttpResponse(
        content,
        content_type="image/jpeg",
        headers={
            "Content-Disposition": f'inline; filename="photo-{found.pk}.jpg"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store, private",
        },
    )


def _page(
    request: StaffRequest,
    patient: Patient,
    form: PhotoForm,
    now: datetime,
    refusal: Refusal | None = None,
) -> HttpResponse:
    photos = list(patient.photos.select_related("area", "taken_by__staff"))
    today = local_date(now, request.staff.location.zone)
    before, after = _pair(photos, request.GET.get("before", ""), request.GET.get("after", ""))
    page = PhotosPage(
        patient,
        form,
        photos=photos[::-1],
        before=before,
        after=after,
        consent=consent_on(patient, today, ConsentKind.PHOTO),
        refusal=say(refusal, request.staff.location.zone) if refusal else "",
    )
    status = refusal.status if refusal else 422 if form.errors else 200
    return show_page(request, "patients/photos.html", page, status=status)


def _pair(photos: list[Photo], before: str, after: str) -> tuple[Photo | None, Photo | None]:
    """The two photos asked for; else the newest and the oldest of the same area and view."""
    by_id = {str(photo.pk): photo for photo in photos}
    if before in by_id and after in by_id:
        return by_id[before], by_id[after]
    for newest in reversed(photos):
        same = [each for each in photos if (each.area_id, each.view) == (newest.area_id, newest.view)]
        if len(same) > 1:
            return same[0], newest
    return None, None
