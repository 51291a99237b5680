import hashlib
import os
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.test import Client
from PIL import Image
from pytest_django import Settings

from clinic.models import StaffMember, WriteKey
from patients.choices import ConsentKind, PhotoView
from patients.models import Patient, Photo
from patients.services import photos
from patients.services.consents import withdraw_consent
from patients.services.photos import small_copy, store_photo
from patients.services.pictures import NotAPhoto, PicturesQueue, TooManyPixels, clean_picture, one_at_a_time
from tests.makers import NOW, acting, make_area, make_consent, make_location, make_patient, make_staff
from tests.servers import ROOT

ORIENTATION, GPS = 0x0112, 0x8825


def picture(
    size: Any = (40, 30), form: str = "JPEG", mode: str = "RGB", colour: str = "red", **saved: Any
) -> Any:
    out = BytesIO()
    Image.new(mode, size, colour).save(out, form, **saved)
    return out.getvalue()


def tagged() -> Any:
    """A JPEG that lies on its side and says where it was taken, by whom, and with what comment."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[0x013B] = "Canary Artist"
    exif.get_ifd(GPS)[1] = "N"
    return picture(exif=exif, comment=b"Canary comment")


@pytest.fixture
def nurse(db: None) -> StaffMember:
    return make_staff(make_location())


@pytest.fixture
def patient(nurse: StaffMember) -> Patient:
    patient = make_patient(nurse.location.clinic)
    make_consent(patient, kind=ConsentKind.PHOTO)
    return patient


def store(patient: Patient, nurse: Any, sent: Any, *, key: str = "k", area: Any = None) -> Any:
    upload = SimpleUploadedFile("Jade Robinson.jpg", sent)
    return store_photo(patient, upload, view=PhotoView.REGION, area=area, by=acting(nurse), key=key, now=NOW)


def stored_files(settings: Settings) -> Any:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_a_photo_is_stored_under_a_name_that_says_nothing(
    patient: Patient, nurse: StaffMember, settings: Settings
) -> None:
    kept = store(patient, nurse, picture(), area=make_area(patient))
    assert (kept.width_px, kept.height_px, kept.taken_by) == (40, 30, nurse.user)
    assert kept.area.patient == patient
    [path] = stored_files(settings)
    assert path.read_bytes() == kept.file.read()
    assert kept.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(path.stem) == 32
    assert "jade" not in str(path.relative_to(settings.MEDIA_ROOT)).lower()


def test_metadata_is_gone_and_the_picture_stands_upright(patient: Patient, nurse: StaffMember) -> None:
    kept = store(patient, nurse, tagged())
    content = kept.file.read()
    assert b"Canary" not in content
    assert b"Exif" not in content
    with Image.open(BytesIO(content)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (30, 40), {})
    assert (kept.width_px, kept.height_px) == (30, 40)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_each_kind_of_picture_becomes_a_jpeg(patient: Patient, nurse: StaffMember, form: str) -> None:
    kept = store(patient, nurse, picture(form=form))
    with Image.open(kept.file) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (40, 30))


def test_what_was_transparent_becomes_white() -> None:
    clear = picture(form="PNG", mode="RGBA", colour=(255, 0, 0, 0))
    assert clean_picture(clear).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(("mode", "colour"), [("L", 128), ("P", 3), ("CMYK", (0, 255, 255, 0)), ("1", 1)])
def test_other_colour_modes_are_read(mode: str, colour: Any) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    assert clean_picture(picture(form=form, mode=mode, colour=colour)).mode == "RGB"


def test_a_large_picture_is_made_smaller() -> None:
    assert clean_picture(picture(size=(5000, 2500))).size == (4096, 2048)


def test_a_small_copy_is_small(patient: Patient, nurse: StaffMember) -> None:
    kept = store(patient, nurse, picture(size=(1200, 900)))
    with Image.open(BytesIO(small_copy(kept))) as image:
        assert (image.format, image.size) == ("JPEG", (480, 360))


def test_the_same_key_stores_one_photo(patient: Patient, nurse: StaffMember, settings: Settings) -> None:
    assert store(patient, nurse, picture()) == store(patient, nurse, picture())
    assert len(stored_files(settings)) == 1


def refused(refusal: Any, patient: Patient, nurse: Any, sent: Any, settings: Settings) -> None:
    with pytest.raises(refusal):
        store(patient, nurse, sent)
    assert Photo.objects.count() == 0
    assert WriteKey.objects.count() == 0
    assert stored_files(settings) == []


def test_no_photo_without_a_consent_to_photos(nurse: StaffMember, settings: Settings) -> None:
    patient = make_patient(nurse.location.clinic)
    make_consent(patient, kind=ConsentKind.TREATMENT)
    refused(photos.NoPhotoConsent, patient, nurse, picture(), settings)


def test_no_photo_after_the_consent_was_withdrawn(nurse: StaffMember, settings: Settings) -> None:
    patient = make_patient(nurse.location.clinic)
    consent = make_consent(patient, kind=ConsentKind.PHOTO)
    withdraw_consent(consent, by=acting(nurse), key="w", now=NOW)
    WriteKey.objects.all().delete()
    refused(photos.NoPhotoConsent, patient, nurse, picture(), settings)


@pytest.mark.parametrize(
    "sent",
    [
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?php system($_GET['c']); ?>",
        b"GIF89a" + bytes(50),
        b"\xff\xd8\xff\xe0" + bytes(100),
        picture()[: len(picture()) // 2],
        picture(form="PNG")[:40],
        picture(form="GIF"),
        picture(form="BMP"),
    ],
)
def test_what_is_no_photo_is_refused(
    patient: Patient, nurse: StaffMember, settings: Settings, sent: Any
) -> None:
    refused(NotAPhoto, patient, nurse, sent, settings)


def bomb(width: Any, height: Any) -> Any:
    """A PNG that announces more pixels than it has."""
    small = bytearray(picture(size=(1, 1), form="PNG"))
    small[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    small[29:33] = zlib.crc32(bytes(small[12:29])).to_bytes(4, "big")
    return bytes(small)


@pytest.mark.parametrize("size", [(10_000, 6_000), (12_000, 9_000), (60_000, 60_000)])
def test_a_pixel_bomb_is_refused_unopened(
    patient: Patient, nurse: StaffMember, settings: Settings, size: Any
) -> None:
    refused(TooManyPixels, patient, nurse, bomb(*size), settings)


def test_a_file_over_the_limit_is_refused_unread(
    patient: Patient, nurse: StaffMember, settings: Settings
) -> None:
    settings.MAX_PHOTO_BYTES = 2**20
    refused(photos.PhotoTooLarge, patient, nurse, picture() + bytes(2**20), settings)


def test_a_file_with_something_hidden_behind_the_picture_loses_it(
    patient: Patient, nurse: StaffMember
) -> None:
    kept = store(patient, nurse, picture() + b"<script>canary</script>")
    assert b"canary" not in kept.file.read()


def test_a_full_disk_is_a_sentence_and_leaves_nothing(
    patient: Patient, nurse: StaffMember, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: Any, **_more: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("django.core.files.storage.FileSystemStorage._save", full)
    refused(photos.NoRoomForPhoto, patient, nurse, picture(), settings)


def test_a_picture_of_which_no_row_comes_leaves_no_file(
    patient: Patient, nurse: StaffMember, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_more: Any) -> None:
        raise DatabaseError("gone in the middle")

    monkeypatch.setattr(Photo.objects, "create", broken)
    with pytest.raises(DatabaseError):
        store(patient, nurse, picture())
    assert stored_files(settings) == []


def test_a_file_that_is_gone_is_not_found(client: Client, patient: Patient, nurse: StaffMember) -> None:
    kept = store(patient, nurse, picture())
    Path(kept.file.path).unlink()
    client.force_login(nurse.user)
    assert client.get(f"/photos/{kept.pk}/").status_code == 404
    assert client.get(f"/photos/{kept.pk}/small/").status_code == 404


def test_sixteen_bits_of_grey_stay_grey() -> None:
    out = BytesIO()
    Image.new("I;16", (20, 20), 0x8000).save(out, "PNG")
    assert clean_picture(out.getvalue()).getpixel((5, 5)) == (128, 128, 128)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1"])
def test_every_mode_of_a_png_becomes_a_picture(mode: str) -> None:
    out = BytesIO()
    Image.new("RGB", (5_000, 40), "red").convert(mode).save(out, "PNG")
    clean = clean_picture(out.getvalue())
    assert (clean.mode, max(clean.size) <= 4096) == ("RGB", True)


def test_whoever_waits_in_vain_to_be_decoded_is_refused(
    patient: Patient, nurse: StaffMember, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patients.services.pictures.WAIT_SECONDS", 0.05)
    with one_at_a_time():
        refused(PicturesQueue, patient, nurse, picture(), settings)


MADE = """
import sys
from PIL import Image
form, mode, side, path = sys.argv[1:]
Image.new("RGB", (int(side),) * 2, "red").convert(mode).save(path, form)
"""
PEAK = """
import sys
from patients.services.pictures import clean_picture

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

small, large = (open(path, "rb").read() for path in sys.argv[1:])
clean_picture(small)
before = peak()
clean_picture(large)
print((peak() - before) // 1024)
"""


@pytest.mark.parametrize(
    ("form", "mode", "side"),
    [("PNG", "RGB", 7_070), ("PNG", "P", 7_070), ("PNG", "RGBA", 6_000), ("JPEG", "RGB", 7_070)],
)
def test_the_largest_picture_costs_a_bounded_amount_of_memory(
    tmp_path: Path, form: str, mode: str, side: int
) -> None:
    """A small file of up to fifty million pixels: 735 MB before, and as much again for each beside it.

    The picture is made by another process: a process begins with the peak of the one that started it.
    """
    small, large = str(tmp_path / "small"), str(tmp_path / "large")
    for size, path in ((50, small), (side, large)):
        subprocess.run([sys.executable, "-c", MADE, form, mode, str(size), path], check=True)
    run = subprocess.run(
        [sys.executable, "-c", PEAK, small, large],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "clinic.settings"},
    )
    assert int(run.stdout) < 350, f"{run.stdout!r} MB"


def test_with_transparency_fewer_pixels_fit(patient: Patient, nurse: StaffMember, settings: Settings) -> None:
    out = BytesIO()
    Image.new("LA", (7_000, 7_000)).save(out, "PNG")
    refused(TooManyPixels, patient, nurse, out.getvalue(), settings)


def test_a_picture_as_phones_take_it_keeps_its_size() -> None:
    assert clean_picture(picture(size=(5_712, 4_284))).size == (4096, 3072)
