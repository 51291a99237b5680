from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from patients.models import Area
from planner.choices import Endpoint, Reaction
from planner.models.series import Session


class TreatmentRecord(models.Model):
    """What was done in one session. Times in UTC; pain 0 (none) to 10 (worst)."""

    session = models.OneToOneField(Session, on_delete=models.PROTECT, related_name="record")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    anaesthetic = models.CharField(_("cream"), max_length=80, blank=True)
    anaesthetic_lot = models.CharField(_("cream lot"), max_length=40, blank=True)
    anaesthetic_grams = models.DecimalField(_("grams"), max_digits=4, decimal_places=1, null=True, blank=True)
    anaesthetic_minutes = models.PositiveSmallIntegerField(_("minutes on the skin"), null=True, blank=True)
    cartridge = models.CharField(_("cartridge"), max_length=80, blank=True)
    cartridge_lot = models.CharField(_("cartridge lot"), max_length=40)
    cartridge_expires_on = models.DateField(_("expires"))
    pain = models.PositiveSmallIntegerField(
        _("pain"), null=True, blank=True, validators=[MaxValueValidator(10)]
    )
    reaction = models.CharField(_("reaction"), max_length=12, choices=Reaction, default=Reaction.NONE)
    note = models.TextField(_("note"), max_length=10_000, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pain__isnull=True) | Q(pain__lte=10), name="pain_0_to_10"),
        ]


class AreaTreatment(models.Model):
    """What was done to one area: depth in mm, passes, endpoint, bleeding 0 (none) to 3 (sheet: stop)."""

    record = models.ForeignKey(TreatmentRecord, on_delete=models.CASCADE, related_name="areas")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="treatments")
    depth_mm = models.DecimalField(
        _("depth"),
        max_digits=3,
        decimal_places=2,
        validators=[MinValueValidator(0.25), MaxValueValidator(3.5)],
    )
    passes = models.PositiveSmallIntegerField(
        _("passes"), validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    endpoint = models.CharField(_("endpoint"), max_length=16, choices=Endpoint)
    bleeding = models.PositiveSmallIntegerField(_("bleeding"), default=1, validators=[MaxValueValidator(3)])

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["record", "area"], name="treated_once_per_area"),
            models.CheckConstraint(
                condition=Q(depth_mm__gt=0)
                & Q(depth_mm__lte=3.5)
                & Q(passes__range=(1, 12))
                & Q(bleeding__lte=3),
                name="treatment_in_range",
            ),
        ]
