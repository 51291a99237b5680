from django.conf import settings
from django.db import models

from clinic.models.location import Clinic


class ReadAudit(models.Model):
    """Who looked at whose record, and when. Rows are only ever added."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    patient_id = models.BigIntegerField(db_index=True)
    what = models.CharField(max_length=40)
    object_id = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["-at", "-id"]


class WriteKey(models.Model):
    """One write that a person or a client may repeat: the same key gives the same answer, once done.

    `fingerprint` is a SHA-256 of what was asked; `result_id` the primary key of what came of it.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    name = models.CharField(max_length=40)
    fingerprint = models.CharField(max_length=64)
    result_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="write_key_once")]
