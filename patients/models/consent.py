from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clinic.models import Clinic
from patients.choices import ConsentKind
from patients.models.patient import Patient


class ConsentText(models.Model):
    """One version of what patients sign. A signed version is never changed; a new one replaces it."""

    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="consent_texts")
    kind = models.CharField(max_length=12, choices=ConsentKind)
    version = models.PositiveSmallIntegerField()
    is_current = models.BooleanField(default=True)
    title = models.CharField(_("title"), max_length=160)
    body = models.TextField(_("text"), max_length=20_000)
    valid_months = models.PositiveSmallIntegerField(_("valid for, months"), default=12)

    class Meta:
        ordering = ["kind", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["clinic", "kind", "version"], name="consent_version_unique"),
            models.UniqueConstraint(
                fields=["clinic", "kind"], condition=Q(is_current=True), name="consent_one_current"
            ),
        ]


class Consent(models.Model):
    """A patient's signature under one consent text, good from its day to `valid_to` (included) unless withdrawn."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="consents")
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="consents")
    kind = models.CharField(max_length=12, choices=ConsentKind)
    signed_name = models.CharField(_("name as signed"), max_length=250)
    signed_at = models.DateTimeField()
    valid_from = models.DateField()
    valid_to = models.DateField()
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-signed_at"]
        constraints = [
            models.CheckConstraint(condition=Q(valid_from__lte=F("valid_to")), name="consent_dates_in_order")
        ]
