"""POSAS 2.0, patient: six items from 1 (as normal skin) to 10; the overall opinion stays out of the sum."""

from django.utils.translation import gettext_lazy as _

from patients.choices import Certainty
from patients.scales.base import Scale, ScaleItem

SCALE = Scale(
    code="posas_patient",
    version=1,
    name=_("POSAS, patient"),
    items=(
        ScaleItem("pain", _("Pain"), 1, 10),
        ScaleItem("itch", _("Itch"), 1, 10),
        ScaleItem("colour", _("Colour"), 1, 10),
        ScaleItem("stiffness", _("Stiffness"), 1, 10),
        ScaleItem("thickness", _("Thickness"), 1, 10),
        ScaleItem("irregularity", _("Irregularity"), 1, 10),
        ScaleItem("overall", _("Overall opinion"), 1, 10, counts=False),
    ),
    lower_is_better=True,
    source="POSAS 2.0, posas.nl; van de Kar 2005",
    certainty=Certainty.FOUND,
    note=_("1 is as normal skin. The patient answers. Ask the owners before translating it."),
    valid_from_photos=False,
)
