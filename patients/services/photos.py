"""Pictures for the record: stripped of all but the picture, kept under a random name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from PIL import Image

from clinic.actor import Actor
from clinic.errors import Refusal
from clinic.localtime import local_date
from clinic.services.once import BESIDE, once
from patients.choices import ConsentKind, PhotoView
from patients.models import Area, Patient, Photo
from patients.models.photo import unguessable_path
from patients.services.consents import consent_on
from patients.services.pictures import as_jpeg, clean_picture, one_at_a_time

SMALL_SIDE_PX = 480


class PhotoTooLarge(Refusal):
    code = "photo_too_large"
    status = 413
    sentence = _("The file is larger than {most_mb} MB. Nothing was stored.")
    next_step = _("Send a smaller one: JPEG as the camera makes it is enough.")


class NoPhotoConsent(Refusal):
    code = "no_photo_consent"
    sentence = _("The patient has not agreed to photos, or no longer does. Nothing was stored.")
    next_step = _("Have the photo consent signed first.")


class NoRoomForPhoto(Refusal):
    code = "no_room_for_photo"
    status = 507
    sentence = _("The disk did not take the picture. Nothing was stored.")
    next_step = _("Keep the photo and tell whoever runs the app: the disk is full or cannot be written to.")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that lies in the storage as `name` and belongs to no row yet; asked for is what was sent."""

    sent_sha256: str
    name: str = field(metadata=BESIDE)
    sha256: str = field(metadata=BESIDE)
    width_px: int = field(metadata=BESIDE)
    height_px: int = field(metadata=BESIDE)


def store_photo(
    patient: Patient,
    upload: UploadedFile[bytes],
    *,
    view: PhotoView,
    area: Area | None,
    by: Actor,
    key: str,
    now: datetime,
) -> Photo:
    """Keep a picture as JPEG without metadata, upright, at most 4096 px on its longer side.

    It is decoded and written before the transaction begins; where no row comes of it, the file goes again. Refuses a
    patient without a photo consent good today, files over the limit, files that are no JPEG, PNG, WebP or HEIC by
    content, pictures of more than 50 million pixels, and a disk that is full.
    """
    if (upload.size or 0) > settings.MAX_PHOTO_BYTES:
        raise PhotoTooLarge(most_mb=settings.MAX_PHOTO_BYTES // 2**20)
    picture = _written(upload.read())
    try:
        photo = keep_photo(patient, picture, view=view, area=area, by=by, key=key, now=now)
    except BaseException:
        if not Photo.objects.filter(file=picture.name).exists():  # the answer of a commit may have been lost
            default_storage.delete(picture.name)
        raise
    if photo.file.name != picture.name:  # this key has stored its picture before
        default_storage.delete(picture.name)
    return photo


@once
def keep_photo(
    patient: Patient,
    picture: Picture,
    *,
    view: PhotoView,
    area: Area | None,
    by: Actor,
    key: str,
    now: datetime,
) -> Photo:
    if consent_on(patient, local_date(now, by.location.zone), ConsentKind.PHOTO) is None:
        raise NoPhotoConsent()
    return Photo.objects.create(
        patient=patient,
        area=area,
        view=view,
        taken_at=now,
        taken_by=by.user,
        file=picture.name,
        sha256=picture.sha256,
        width_px=picture.width_px,
        height_px=picture.height_px,
    )


def _written(sent: bytes) -> Picture:
    with one_at_a_time():
        clean = clean_picture(sent)
        size, encoded = clean.size, as_jpeg(clean)
    name = unguessable_path()
    try:
        name = default_storage.save(name, ContentFile(encoded))
    except OSError as error:
        default_storage.delete(name)  # of a disk that filled on the way, a part may lie there
        raise NoRoomForPhoto() from error
    return Picture(hashlib.sha256(sent).hexdigest(), name, hashlib.sha256(encoded).hexdigest(), *size)


def small_copy(photo: Photo) -> bytes:
    """The picture at most 480 px on its longer side, for lists."""
    with photo.file.open("rb") as file, Image.open(file) as opened:
        opened.draft("RGB", (SMALL_SIDE_PX, SMALL_SIDE_PX))
        opened.thumbnail((SMALL_SIDE_PX, SMALL_SIDE_PX))
        return as_jpeg(opened)
