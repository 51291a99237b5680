from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from patients.choices import AdattoStage, Severity
from patients.models.area import Area
from patients.models.patient import Patient


class Assessment(models.Model):
    """A dated judgement of one or more areas on named scales."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="assessments")
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.TextField(_("note"), max_length=10_000, blank=True)

    class Meta:
        ordering = ["-taken_at", "-id"]
        indexes = [models.Index(fields=["patient", "-taken_at"], name="assessment_latest")]


class AreaFinding(models.Model):
    """One area as seen in one assessment; `severity_rule` names the rule that decided, or the override's reason."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="findings")
    area = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="findings")
    stage = models.CharField(_("stage"), max_length=6, choices=AdattoStage, blank=True)
    widest_mm = models.DecimalField(_("widest mark"), max_digits=4, decimal_places=1, null=True, blank=True)
    severity = models.CharField(_("severity"), max_length=10, choices=Severity)
    severity_rule = models.CharField(max_length=60)
    severity_reason = models.CharField(_("why otherwise"), max_length=500, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["assessment", "area"], name="finding_once_per_area"),
            models.CheckConstraint(
                condition=Q(widest_mm__isnull=True) | Q(widest_mm__gt=0), name="width_positive"
            ),
        ]


class Score(models.Model):
    """One scale filled in: the raw points in the order of the scale's items, their total and the band set used."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="scores")
    area = models.ForeignKey(Area, on_delete=models.CASCADE, null=True, blank=True, related_name="scores")
    scale = models.CharField(max_length=30)
    scale_version = models.PositiveSmallIntegerField()
    points = ArrayField(models.DecimalField(max_digits=6, decimal_places=2))
    total = models.DecimalField(max_digits=7, decimal_places=2)
    band_set = models.CharField(max_length=40, blank=True)
    band = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "area", "scale"], name="score_once_per_scale", nulls_distinct=False
            )
        ]
