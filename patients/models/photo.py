import secrets

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from patients.choices import PhotoView
from patients.models.area import Area
from patients.models.assessment import Assessment
from patients.models.patient import Patient


def unguessable_path(photo: "Photo | None" = None, filename: str = "") -> str:
    """Random, so that neither the patient nor the upload's own name shows in the file system."""
    return f"photos/{secrets.token_hex(16)}.jpg"


class Photo(models.Model):
    """A picture for the record, re-encoded as JPEG without metadata, seen only through a permission check."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="photos")
    area = models.ForeignKey(Area, on_delete=models.CASCADE, null=True, blank=True, related_name="photos")
    assessment = models.ForeignKey(
        Assessment, on_delete=models.SET_NULL, null=True, blank=True, related_name="photos"
    )
    view = models.CharField(_("view"), max_length=10, choices=PhotoView)
    file = models.FileField(upload_to=unguessable_path)
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["taken_at", "id"]
