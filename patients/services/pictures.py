"""A file from outside becomes a plain picture: checked by its head, decoded within a bound of memory, one at a time.

A small file may hold a huge picture. What decoding will take is known from size, mode and format before anything is
decoded; a picture larger than is kept is made smaller before anything else copies it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Lock

import numpy as np
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageCms, ImageOps
from pillow_heif import register_heif_opener

from clinic.errors import Refusal

register_heif_opener()

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
MOST_PIXELS = 50_000_000
LONGEST_SIDE_PX = 4096
HUGE_PIXELS = 26_000_000
QUALITY = 90
MOST_DECODED_BYTES = 280 * 2**20
COPIES_OF_FORMAT = {"WEBP": 6, "HEIF": 2}
"""What these decoders hold beside the picture, measured."""
ONE_COPY = ("1", "L", "P", "RGB", "YCbCr")
"""Pictures of these modes are made smaller without a second copy; those with transparency or 16 bits are not."""
BYTES_A_PIXEL = 4
"""Pillow keeps three colours in four bytes."""
WAIT_SECONDS = 20.0
_decoding = Lock()


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


class PicturesQueue(Refusal):
    """Others are being decoded, and this one could not wait longer."""

    code = "pictures_queue"
    status = 503
    sentence = _("Several pictures came at once, and this one could not wait longer. Nothing was stored.")
    next_step = _("Send it again in a moment.")


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Whoever decodes in this process; refuses who waited 20 seconds in vain."""
    if not _decoding.acquire(timeout=WAIT_SECONDS):
        raise PicturesQueue()
    try:
        yield
    finally:
        _decoding.release()


def clean_picture(sent: bytes) -> Image.Image:
    """Only the picture itself, upright, in sRGB, at most 4096 px on its longer side.

    Refuses what is none, and what is too large to be opened within 280 MiB.
    """
    try:
        with Image.open(BytesIO(sent), formats=FORMATS) as opened:
            _refuse_too_large(opened)
            picture = _in_srgb(ImageOps.exif_transpose(_small_enough(opened)))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(most=MOST_PIXELS // 1_000_000) from error
    except Refusal:
        raise
    except Exception as error:  # decoders raise whatever a broken file makes them stumble over
        raise NotAPhoto() from error
    bare = Image.new("RGB", picture.size, "white")
    bare.paste(picture, mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
    return bare


def _refuse_too_large(opened: Image.Image) -> None:
    pixels = opened.width * opened.height
    is_plain = opened.mode in ONE_COPY and "transparency" not in opened.info
    copies = COPIES_OF_FORMAT.get(opened.format or "", 1 if is_plain else 2)
    most = min(MOST_PIXELS, MOST_DECODED_BYTES // (BYTES_A_PIXEL * copies))
    if pixels > most:
        raise TooManyPixels(most=most // 1_000_000)


def _small_enough(opened: Image.Image) -> Image.Image:
    """Decoded and no larger than is kept, so that what follows copies little: a JPEG shrinks while it is decoded."""
    factor, exif = _factor(opened), opened.getexif()
    if factor > 1 and opened.format == "JPEG":
        opened.draft(None, (opened.width // factor, opened.height // factor))
        factor = _factor(opened)
    opened.load()
    plain = _eight_bit(opened)
    if plain.mode in ("1", "P"):
        plain = plain.convert("RGBA" if "transparency" in plain.info else "RGB")
    small = plain.reduce(factor) if factor > 1 else plain.copy() if plain is opened else plain
    small.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    small.info = dict(opened.info)
    small.info["exif"] = exif.tobytes()
    return small


def _factor(opened: Image.Image) -> int:
    """Never under what is kept, but for pictures so large that one more copy would count."""
    longest = max(opened.size)
    is_huge = opened.width * opened.height > HUGE_PIXELS
    return max(1, -(-longest // LONGEST_SIDE_PX) if is_huge else longest // LONGEST_SIDE_PX)


def _eight_bit(opened: Image.Image) -> Image.Image:
    """Sixteen bits of grey scaled to eight: a plain conversion would turn all but black into white."""
    if not opened.mode.startswith("I"):
        return opened
    return Image.fromarray((np.asarray(opened) >> 8).clip(0, 255).astype(np.uint8))


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
