from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from clinic.models.location import Clinic


class ReadAudit(models.Model):
    """Who looked at whose record, and when: one row a page, whomever it showed. Rows are only ever added.

    `what` is a code, and nothing of what was read or typed is kept. Who has seen a patient: `patient_ids__contains`.
    """

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    patient_ids = ArrayField(models.BigIntegerField())
    what = models.CharField(max_length=40)
    object_id = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [GinIndex(fields=["patient_ids"], name="readaudit_patients")]


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
