"""Pictures for the record: checked, upright, stripped of all but the picture, kept under a random name."""

from __future__ import annotations

import hashlib
from datetime import datetime
from io import BytesIO

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageCms, ImageOps
from pillow_heif import register_heif_opener

from clinic.actor import Actor
from clinic.errors import Refusal
from clinic.localtime import local_date
from clinic.services.once import once
from patients.choices import ConsentKind, PhotoView
from patients.models import Area, Patient, Photo
from patients.services.consents import consent_on

register_heif_opener()

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
MOST_PIXELS = 50_000_000
LONGEST_SIDE_PX = 4096
SMALL_SIDE_PX = 480
QUALITY = 90


class PhotoTooLarge(Refusal):
    code = "photo_too_large"
    status = 413
    sentence = _("The file is larger than {most_mb} MB. Nothing was stored.")
    next_step = _("Send a smaller one: JPEG as the camera makes it is enough.")


class NotAPhoto(Refusal):
    code = "not_a_photo"
    status = 422
    sentence = _("The file cannot be read as a picture. Nothing was stored.")
    next_step = _("Send JPEG, PNG, WebP or HEIC.")


class TooManyPixels(Refusal):
    code = "too_many_pixels"
    status = 422
    sentence = _("The picture has more than {most} million pixels. Nothing was stored.")
    next_step = _("Send it in a smaller resolution.")


class NoPhotoConsent(Refusal):
    code = "no_photo_consent"
    sentence = _("The patient has not agreed to photos, or no longer does. Nothing was stored.")
    next_step = _("Have the photo consent signed first.")


@once
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

    Refuses a patient without a photo consent good today, files over the limit, files that are no JPEG, PNG, WebP or
    HEIC by content, and pictures of more than 50 million pixels.
    """
    if (upload.size or 0) > settings.MAX_PHOTO_BYTES:
        raise PhotoTooLarge(most_mb=settings.MAX_PHOTO_BYTES // 2**20)
    sent = upload.read()
    if consent_on(patient, local_date(now, by.location.zone), ConsentKind.PHOTO) is None:
        raise NoPhotoConsent()
    picture = clean_picture(sent)
    encoded = as_jpeg(picture)
    photo = Photo(patient=patient, area=area, view=view, taken_at=now, taken_by=by.user)
    photo.width_px, photo.height_px = picture.size
    photo.sha256 = hashlib.sha256(encoded).hexdigest()
    photo.file.save("photo.jpg", ContentFile(encoded), save=False)
    photo.save()
    return photo


def clean_picture(sent: bytes) -> Image.Image:
    """Only the picture itself, upright, in sRGB; refuses what is none or is too large to open safely."""
    try:
        with Image.open(BytesIO(sent), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise TooManyPixels(most=MOST_PIXELS // 1_000_000)
            picture = _in_srgb(ImageOps.exif_transpose(opened))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(most=MOST_PIXELS // 1_000_000) from error
    except Refusal:
        raise
    except Exception as error:  # decoders raise whatever a broken file makes them stumble over
        raise NotAPhoto() from error
    bare = Image.new("RGB", picture.size, "white")
    bare.paste(picture, mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
    bare.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    return bare


def _in_srgb(picture: Image.Image) -> Image.Image:
    """Phones store wide colours with a profile; redness must not change when the profile is dropped."""
    profile = picture.info.get("icc_profile")
    has_alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    plain = picture.convert("RGBA" if has_alpha else "RGB")
    if not profile or picture.mode not in ("RGB", "RGBA"):
        return plain
    try:
        source, target = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(plain, source, target) or plain
    except (ImageCms.PyCMSError, OSError):
        return plain


def as_jpeg(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def small_copy(photo: Photo) -> bytes:
    """The picture at most 480 px on its longer side, for lists."""
    with photo.file.open("rb") as file, Image.open(file) as opened:
        opened.draft("RGB", (SMALL_SIDE_PX, SMALL_SIDE_PX))
        opened.thumbnail((SMALL_SIDE_PX, SMALL_SIDE_PX))
        return as_jpeg(opened)
