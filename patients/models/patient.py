from datetime import date

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.models import Clinic
from patients.choices import SkinType

FOLDED_LENGTH = 500


class Patient(models.Model):
    """The person treated. `skin_type` is Fitzpatrick I to VI (1 to 6); `folded_name` is kept by the services."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="patients")
    first_name = models.CharField(_("first name"), max_length=120)
    last_name = models.CharField(_("last name"), max_length=120)
    former_names = models.CharField(
        _("former names"), max_length=120, blank=True, help_text=_("Before a marriage, for example")
    )
    folded_name = models.CharField(max_length=FOLDED_LENGTH, editable=False, db_index=True)
    date_of_birth = models.DateField(_("date of birth"))
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    skin_type = models.PositiveSmallIntegerField(_("skin type"), choices=SkinType, null=True, blank=True)
    mail_allowed = models.BooleanField(_("may be sent mail"), default=True)
    notes = models.TextField(_("notes"), max_length=10_000, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["folded_name", "id"]
        indexes = [
            models.Index(fields=["clinic", "folded_name"], name="patient_by_name"),
            models.Index(fields=["clinic", "date_of_birth"], name="patient_by_birth"),
            GinIndex(
                models.Func("folded_name", "email", "phone", function="patient_search_keys"),
                name="patient_by_search_keys",
                fastupdate=False,
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(skin_type__isnull=True) | Q(skin_type__range=(1, 6)), name="skin_type_1_to_6"
            )
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def initials(self) -> str:
        return "".join(name[0] for name in (self.first_name, self.last_name) if name).upper()

    def age_on(self, day: date) -> int:
        """Whole years; someone born on 29 February is a year older on 1 March of other years."""
        born = self.date_of_birth
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
