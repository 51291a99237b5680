from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.labels import label_of
from patients.choices import Side, Site, StriaType
from patients.models.patient import Patient


class Area(models.Model):
    """A body site with stretch marks on one patient. What was judged of it on a day stands in `AreaFinding`."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="areas")
    site = models.CharField(_("site"), max_length=20, choices=Site)
    side = models.CharField(_("side"), max_length=10, choices=Side)
    stria_type = models.CharField(_("type"), max_length=12, choices=StriaType)
    appeared_on = models.DateField(_("first seen about"), null=True, blank=True)
    length_cm = models.DecimalField(
        _("length of the area"), max_digits=4, decimal_places=1, null=True, blank=True
    )
    width_cm = models.DecimalField(
        _("width of the area"), max_digits=4, decimal_places=1, null=True, blank=True
    )
    is_active = models.BooleanField(_("in care"), default=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "site", "side"], name="area_once_per_site_and_side")
        ]

    def __str__(self) -> str:
        site = label_of(self, "site")
        if self.side in (Side.MIDDLE, Side.BOTH):
            return site
        return f"{site}, {label_of(self, 'side').lower()}"
