"""POSAS 2.0, observer: six items from 1 (normal skin) to 10; the overall opinion stays out of the sum."""

from django.utils.translation import gettext_lazy as _

from patients.choices import Certainty
from patients.scales.base import Scale, ScaleItem

SCALE = Scale(
    code="posas_observer",
    version=1,
    name=_("POSAS, observer"),
    items=(
        ScaleItem("vascularity", _("Vascularity"), 1, 10),
        ScaleItem("pigmentation", _("Pigmentation"), 1, 10),
        ScaleItem("thickness", _("Thickness"), 1, 10),
        ScaleItem("relief", _("Relief"), 1, 10),
        ScaleItem("pliability", _("Pliability"), 1, 10),
        ScaleItem("surface_area", _("Surface area"), 1, 10),
        ScaleItem("overall", _("Overall opinion"), 1, 10, counts=False),
    ),
    lower_is_better=True,
    source="POSAS 2.0, posas.nl; van de Kar 2005",
    certainty=Certainty.FOUND,
    note=_("1 is normal skin. Needs touch: not from photos. Ask the owners before translating it."),
    valid_from_photos=False,
)
